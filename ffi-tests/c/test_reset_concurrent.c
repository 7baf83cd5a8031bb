/* Several resets and finishes at once, among puts and polls: nothing is lost, nothing hangs. */

#include "check.h"

#include <stdatomic.h>

enum { THREADS = 8 };

static jobexec_executor *exec;
static uint64_t deadline;
static atomic_long accepted, delivered, discarded;

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

static void discard(void *user, void *payload)
{
    (void)user, (void)payload;
    discarded++;
}

static int is_going_on(void)
{
    return now_ns() < deadline;
}

static void *put(void *argument)
{
    while (is_going_on()) {
        jobexec_status status = jobexec_put_wait(exec, NULL, PATIENCE, NULL);
        CHECK(status == JOBEXEC_OK || status == JOBEXEC_ERROR_FINISHED);
        if (status == JOBEXEC_OK)
            accepted++;
        else
            sched_yield();
    }
    return argument;
}

static void *poll_or_end(void *argument)
{
    jobexec_result result = check_result();
    while (is_going_on()) {
        jobexec_status status = jobexec_poll_wait(exec, MILLISECOND, &result);
        CHECK(status == JOBEXEC_OK || status == JOBEXEC_END || status == JOBEXEC_TIMEOUT);
        delivered += status == JOBEXEC_OK;
    }
    return argument;
}

static void *reset(void *argument)
{
    for (uint32_t last = 0, session = 0; is_going_on(); last = session) {
        CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, &session));
        CHECK(session > last);
        sched_yield();
    }
    return argument;
}

static void *finish_and_look(void *argument)
{
    while (is_going_on()) {
        CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
        check_accounts(exec);
        sched_yield();
    }
    return argument;
}

int main(void)
{
    jobexec_config config = check_config(2, transform);
    config.discard = discard;
    exec = check_start(&config);
    deadline = now_ns() + SECOND;
    void *(*const roles[THREADS])(void *) = {put,   put,   poll_or_end, poll_or_end,
                                             reset, reset, reset,       finish_and_look};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        threads[i] = check_thread(roles[i], NULL);
    for (int i = 0; i < THREADS; i++)
        check_join(threads[i]);
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK_SOON(jobexec_is_idle(exec));
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.accepted == (uint64_t)accepted && n.done == (uint64_t)delivered);
    CHECK(n.discarded == (uint64_t)discarded && n.outstanding == 0);
    printf("%ld jobs, %ld discarded, %llu sessions\n", accepted, discarded,
           (unsigned long long)n.session + 1);
    check_close(exec);
    return 0;
}
