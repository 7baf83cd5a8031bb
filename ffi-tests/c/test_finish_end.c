/* After finish every poller is told END, once the last job of the session was delivered. */

#include "check.h"

#include <stdatomic.h>

enum { POLLERS = 3, JOBS = 3 };

static atomic_int delivered, threads[POLLERS];

/* A payload is a gate to pass; NULL is none. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    if (payload != NULL)
        gate_pass(payload);
    return 0;
}

static void *poll_until_end(void *argument)
{
    static atomic_int count;
    threads[count++] = gettid();
    jobexec_result result = check_result();
    jobexec_status status;
    while ((status = jobexec_poll_wait(argument, PATIENCE, &result)) == JOBEXEC_OK) {
        CHECK(result.session == 1);
        delivered++;
    }
    CHECK_IS(JOBEXEC_END, status);
    return NULL;
}

/* The end of a session, while a job of the one before it is still at work. */
static void end_of_session(jobexec_executor *exec)
{
    struct gate before, within;
    gate_init(&before);
    gate_init(&within);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &before, NULL));
    check_wait(&before.at_work);
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));

    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &within, NULL));
    check_wait(&within.at_work);
    for (int i = 1; i < JOBS; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    pthread_t pollers[POLLERS];
    for (int i = 0; i < POLLERS; i++)
        pollers[i] = check_thread(poll_until_end, exec);
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_ERROR_FINISHED, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_ERROR_FINISHED, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    for (int i = 0; i < POLLERS; i++)
        CHECK_SOON(threads[i] != 0 && check_is_asleep(threads[i]));
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK(check_quiet_accounts(exec).running == 2);

    sem_post(&within.let_go);
    for (int i = 0; i < POLLERS; i++)
        check_join(pollers[i]);
    CHECK(delivered == JOBS);
    CHECK_IS(JOBEXEC_END, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_END, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK(check_quiet_accounts(exec).running == 1);

    sem_post(&before.let_go);
    CHECK_SOON(jobexec_is_idle(exec));
    CHECK_IS(JOBEXEC_END, jobexec_poll(exec, &result));
}

int main(void)
{
    jobexec_config config = check_config(2, transform);
    jobexec_executor *exec = check_start(&config);
    end_of_session(exec);

    /* A reset opens the executor again. */
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK(result.session == 2);
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_END, jobexec_poll(exec, &result));

    /* A session without jobs ends at once. */
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_END, jobexec_poll_wait(exec, PATIENCE, &result));
    check_close(exec);
    return 0;
}
