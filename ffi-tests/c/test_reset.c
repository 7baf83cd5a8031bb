/* A reset discards what waits, tells what runs, and delivers nothing of before, each job once. */

#include "check.h"

#include <stdatomic.h>

enum { PLACES = 8 };

struct job {
    int is_long;
    atomic_int ran, discarded;
};

static struct gate gate;
static atomic_int cancelled_seen;

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    struct job *mine = payload;
    mine->ran++;
    if (mine->is_long) {
        sem_post(&gate.at_work);
        CHECK_SOON(jobexec_job_is_cancelled(job));
        cancelled_seen++;
        gate_pass(&gate);
    } else {
        CHECK(!jobexec_job_is_cancelled(job));
    }
    return 0;
}

static void discard(void *user, void *payload)
{
    (void)user;
    ((struct job *)payload)->discarded++;
}

int main(void)
{
    gate_init(&gate);
    jobexec_config config = check_config(1, transform);
    config.queue_per_worker = PLACES;
    config.results = PLACES;
    config.discard = discard;
    jobexec_executor *exec = check_start(&config);

    static struct job ready[2], running = {.is_long = 1}, waiting[4], fresh[PLACES - 1];
    for (int i = 0; i < 2; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &ready[i], NULL));
    CHECK_SOON(check_accounts(exec).ready == 2);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &running, NULL));
    check_wait(&gate.at_work);
    for (int i = 0; i < 4; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &waiting[i], NULL));
    CHECK(cancelled_seen == 0);

    uint32_t session = 99;
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, &session));
    CHECK(session == 1);
    check_wait(&gate.at_work);
    CHECK(cancelled_seen == 1);
    for (int i = 0; i < 2; i++)
        CHECK(ready[i].ran == 1 && ready[i].discarded == 1);
    for (int i = 0; i < 4; i++)
        CHECK(waiting[i].ran == 0 && waiting[i].discarded == 1);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.discarded == 6 && n.outstanding == 1 && n.running == 1);

    /* All places but that of the running job are free. */
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    for (int i = 0; i < PLACES - 1; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &fresh[i], NULL));
    CHECK_IS(JOBEXEC_FULL, jobexec_put(exec, &fresh[0], NULL));

    sem_post(&gate.let_go);
    for (uint64_t i = 0; i < PLACES - 1; i++) {
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        CHECK(result.session == 1 && result.number == i && result.payload == &fresh[i]);
    }
    CHECK(running.ran == 1 && running.discarded == 1);
    CHECK(jobexec_is_idle(exec) == 1);
    CHECK(check_quiet_accounts(exec).discarded == 7);
    check_close(exec);
    for (int i = 0; i < PLACES - 1; i++)
        CHECK(fresh[i].ran == 1 && fresh[i].discarded == 0);
    return 0;
}
