/* Without workers, a job runs inside its put, on the caller's thread; all else is the same. */

#include "check.h"

static struct gate gate;
static pthread_t ran_on;
static int discarded;

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    if (payload == &gate)
        gate_pass(&gate);
    CHECK(jobexec_job_worker(job) == 0);
    ran_on = pthread_self();
    return payload == &discarded ? 5 : 0;
}

static void discard(void *user, void *payload)
{
    (void)user, (void)payload;
    discarded++;
}

static void *put_gate(void *exec)
{
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &gate, NULL));
    return NULL;
}

int main(void)
{
    gate_init(&gate);
    jobexec_config config = check_config(0, transform);
    config.discard = discard;
    jobexec_executor *exec = check_start(&config);
    uint64_t in_flight, queued;
    CHECK_IS(JOBEXEC_OK, jobexec_capacity(exec, &in_flight, &queued));
    CHECK(in_flight == 3 && queued == 2);

    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    int payloads[3];
    for (int i = 0; i < 3; i++) {
        memset(&ran_on, 0, sizeof ran_on);
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &payloads[i], NULL));
        CHECK(pthread_equal(ran_on, pthread_self()));
    }
    CHECK(jobexec_is_full(exec) == 1);
    CHECK_IS(JOBEXEC_FULL, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_put_wait(exec, NULL, MILLISECOND, NULL));
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.ready == 3 && n.workers == 0);
    for (int i = 0; i < 3; i++) {
        CHECK_IS(JOBEXEC_OK, jobexec_poll(exec, &result));
        CHECK(result.payload == &payloads[i] && result.worker == 0);
        CHECK(result.created_ns <= result.started_ns);
        CHECK(result.started_ns <= result.finished_ns);
    }

    /* Failure, reset, end. */
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &discarded, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll(exec, &result));
    CHECK(result.outcome == JOBEXEC_OUTCOME_FAILED && result.code == 5);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK(discarded == 1);
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_END, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));

    /* A close finds a job that another thread is at, and waits for it. */
    pthread_t thread = check_thread(put_gate, exec);
    check_wait(&gate.at_work);
    CHECK(check_quiet_accounts(exec).running == 1);
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_close(exec, 10 * MILLISECOND));
    CHECK(jobexec_last_error()[0] != 0);
    sem_post(&gate.let_go);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK(discarded == 2);
    check_join(thread);
    check_close(exec);
    return 0;
}
