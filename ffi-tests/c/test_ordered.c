/* With config.ordered, results come in the order of their puts: of jobs that take longer, fail or kill
   their worker, too. And config.first_session and first_number go on where another left off. */

#include "check.h"

enum { JOBS = 400 };

static struct gate gate;

/* Every 50th job waits until those that can be are done behind it. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload;
    uint64_t number = jobexec_job_number(job);
    if (number % 50 == 0)
        gate_pass(&gate);
    if (number % 50 == 20)
        pthread_exit(NULL);
    return number % 7 == 3 ? 9 : 0;
}

static int32_t expected(uint64_t number)
{
    return number % 50 == 20  ? JOBEXEC_OUTCOME_CRASHED
           : number % 7 == 3 ? JOBEXEC_OUTCOME_FAILED
                              : JOBEXEC_OUTCOME_DONE;
}

static void in_order(void)
{
    enum { WINDOW = 10 };
    gate_init(&gate);
    jobexec_config config = check_config(2, transform);
    config.ordered = 1;
    config.results = WINDOW;
    config.queue_per_worker = WINDOW;
    jobexec_executor *exec = check_start(&config);
    jobexec_result result = check_result();
    uint64_t put = 0;
    for (uint64_t number = 0; number < JOBS; number++) {
        while (put < JOBS && jobexec_put(exec, &put, NULL) == JOBEXEC_OK)
            put++;
        if (number % 50 == 0) {
            check_wait(&gate.at_work);
            CHECK_SOON(check_accounts(exec).ready == WINDOW - 1);
            CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
            sem_post(&gate.let_go);
        }
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        CHECK(result.number == number && result.outcome == expected(number));
    }
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.accepted == JOBS && n.crashed == JOBS / 50 && n.outstanding == 0);
    check_close(exec);
}

static int32_t succeed(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    *(uint64_t *)payload = jobexec_job_seed(job);
    return 0;
}

static void seeds(uint32_t session, uint64_t number, int jobs, uint64_t *seed)
{
    jobexec_config config = check_config(2, succeed);
    config.ordered = 1;
    config.first_session = session;
    config.first_number = number;
    jobexec_executor *exec = check_start(&config);
    jobexec_result result = check_result();
    for (int i = 0; i < jobs; i++) {
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &seed[i], NULL));
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        CHECK(result.session == session && result.number == number + (uint64_t)i);
    }
    check_close(exec);
}

static void gone_on_with(void)
{
    uint64_t whole[20], rest[8];
    seeds(3, 0, 20, whole);
    seeds(3, 12, 8, rest);
    CHECK(memcmp(whole + 12, rest, sizeof rest) == 0);
}

static void refused(void)
{
    jobexec_executor *exec = NULL;
    jobexec_config config = check_config(1, succeed);
    config.ordered = 2;
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_start(&config, PATIENCE, &exec));
    config.ordered = 1;
    config.first_session = UINT32_C(1) << 27;
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_start(&config, PATIENCE, &exec));
    CHECK(strstr(jobexec_last_error(), "first_session") != NULL);
    config.first_session = 0;
    config.first_number = UINT64_C(1) << 36;
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_start(&config, PATIENCE, &exec));
    CHECK(strstr(jobexec_last_error(), "first_number") != NULL);
    CHECK(exec == NULL);
}

int main(void)
{
    in_order();
    gone_on_with();
    refused();
    return 0;
}
