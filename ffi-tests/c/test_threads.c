/*
 * Many putters, pollers and resets at once, as many jobs as fit into the time: each payload that
 * was accepted is delivered once, having run once, or discarded once, having run at most once.
 */

#include "check.h"

#include <stdatomic.h>

enum { JOBS = 1000000, PUTTERS = 4, POLLERS = 4, JOBS_A_SESSION = 5000 };
#define MOST_TIME (8 * SECOND)

struct slot {
    atomic_uchar ran, delivered, discarded;
};

static struct slot slots[JOBS];
static atomic_int next, putting = PUTTERS;
static atomic_uint session;
static jobexec_executor *exec;
static uint64_t deadline;

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    ((struct slot *)payload)->ran++;
    return 0;
}

static void discard(void *user, void *payload)
{
    (void)user;
    ((struct slot *)payload)->discarded++;
}

static void *put_all(void *argument)
{
    int job;
    while (now_ns() < deadline && (job = next++) < JOBS)
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, &slots[job], PATIENCE, NULL));
    putting--;
    return argument;
}

static void *poll_all(void *argument)
{
    jobexec_result result = check_result();
    for (;;) {
        uint32_t least = session;
        jobexec_status status = jobexec_poll_wait(exec, PATIENCE, &result);
        if (status == JOBEXEC_END)
            return argument;
        CHECK_IS(JOBEXEC_OK, status);
        CHECK(result.outcome == JOBEXEC_OUTCOME_DONE);
        CHECK(result.session >= least); /* Nothing stale. */
        ((struct slot *)result.payload)->delivered++;
    }
}

static void *reset_often(void *argument)
{
    uint64_t accepted = 0;
    while (putting > 0) {
        jobexec_counters n = check_accounts(exec);
        if (n.accepted - accepted >= JOBS_A_SESSION) {
            uint32_t begun;
            CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, &begun));
            session = begun;
            accepted = n.accepted;
        }
        sched_yield();
    }
    return argument;
}

int main(void)
{
    deadline = now_ns() + MOST_TIME;
    jobexec_config config = check_config(2, transform);
    config.results = 64;
    config.queue_per_worker = 16;
    config.discard = discard;
    exec = check_start(&config);
    pthread_t putters[PUTTERS], pollers[POLLERS], resetter = check_thread(reset_often, NULL);
    for (int i = 0; i < PUTTERS; i++)
        putters[i] = check_thread(put_all, NULL);
    for (int i = 0; i < POLLERS; i++)
        pollers[i] = check_thread(poll_all, NULL);
    for (int i = 0; i < PUTTERS; i++)
        check_join(putters[i]);
    check_join(resetter);
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    for (int i = 0; i < POLLERS; i++)
        check_join(pollers[i]);
    CHECK_SOON(jobexec_is_idle(exec));

    uint64_t delivered = 0, discarded = 0;
    int put = next < JOBS ? next : JOBS;
    for (int i = 0; i < JOBS; i++) {
        struct slot *slot = &slots[i];
        CHECK(slot->delivered + slot->discarded == (i < put));
        CHECK(slot->ran == slot->delivered || (slot->discarded == 1 && slot->ran <= 1));
        delivered += slot->delivered;
        discarded += slot->discarded;
    }
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.accepted == (uint64_t)put && n.done == delivered && n.discarded == discarded);
    CHECK(n.most_outstanding <= 64 && n.outstanding == 0);
    printf("%d jobs, %u sessions, %d discarded\n", put, session + 1, (int)discarded);
    check_close(exec);
    return 0;
}
