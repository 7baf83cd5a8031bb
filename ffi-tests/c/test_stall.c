/* Pollers that wait in vain: the report goes to the log, once a stall. */

#include "check.h"

#include <stdatomic.h>

static struct gate gate;
static atomic_int stalls;

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    if (payload != NULL)
        gate_pass(&gate);
    return 0;
}

static void count_stalls(void *user, int32_t level, const char *text)
{
    jobexec_executor *exec = *(jobexec_executor **)user;
    if (strstr(text, "nobody got a result") == NULL)
        return;
    CHECK(level == JOBEXEC_LOG_WARNING);
    CHECK(strstr(text, "1 running") != NULL && strstr(text, "worker 0") != NULL);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_poll_wait(exec, PATIENCE, &result));
    stalls++;
}

int main(void)
{
    const uint64_t ms = 1000000;
    jobexec_executor *exec;
    gate_init(&gate);
    jobexec_config config = check_config(1, transform);
    CHECK(config.stall_report_ns == 30000 * ms);
    config.stall_report_ns = 40 * ms;
    config.log = count_stalls;
    config.user = &exec;
    CHECK_IS(JOBEXEC_OK, jobexec_start(&config, PATIENCE, &exec));
    jobexec_result result = check_result();
    for (int stall = 1; stall <= 3; stall++) {
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &gate, NULL));
        check_wait(&gate.at_work);
        if (stall == 1) {
            /* One long wait. */
            CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, 100 * ms, &result));
            CHECK(stalls == 1);
        } else {
            /* Many short ones. */
            CHECK(stalls == stall - 1);
            CHECK_SOON(jobexec_poll_wait(exec, ms, &result) == JOBEXEC_TIMEOUT && stalls == stall);
        }
        /* No second time. */
        CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, 100 * ms, &result));
        CHECK(stalls == stall);
        sem_post(&gate.let_go);
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    }
    CHECK(check_quiet_accounts(exec).done == 3);
    check_close(exec);

    /* Nobody waits so long here, and nobody is told where that is off. */
    stalls = 0;
    config.stall_report_ns = 0;
    CHECK_IS(JOBEXEC_OK, jobexec_start(&config, PATIENCE, &exec));
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, 100 * ms, &result));
    CHECK(stalls == 0);
    check_close(exec);
    return 0;
}
