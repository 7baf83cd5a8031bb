/* A job that waits is cancelled and never runs; one that runs is told; one that is done, is done. */

#include "check.h"

#include <stdatomic.h>

static atomic_int ran, discards;

/* A gate is told of its cancel where it stands; NULL does nothing. */
struct place {
    struct gate gate;
    atomic_int was_cancelled;
};

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    ran++;
    struct place *place = payload;
    if (place == NULL)
        return 0;
    gate_pass(&place->gate);
    place->was_cancelled = jobexec_job_is_cancelled(job);
    return place->was_cancelled ? 5 : 0;
}

static void discard(void *user, void *payload)
{
    (void)user, (void)payload;
    discards++;
}

static jobexec_result poll(jobexec_executor *exec, int32_t outcome)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK(result.outcome == outcome);
    return result;
}

/* One at its worker, ten behind it. */
static void queued_and_running(int ordered)
{
    enum { JOBS = 11 };
    jobexec_config config = check_config(1, transform);
    config.results = config.queue_per_worker = JOBS;
    config.ordered = (uint32_t)ordered;
    config.discard = discard;
    jobexec_executor *exec = check_start(&config);
    for (int round = 0; round < 3; round++) {
        struct place place = {.was_cancelled = -1};
        uint64_t ids[JOBS];
        gate_init(&place.gate);
        ran = 0;
        for (int i = 0; i < JOBS; i++)
            CHECK_IS(JOBEXEC_OK, jobexec_put(exec, i == 0 ? &place : NULL, &ids[i]));
        check_wait(&place.gate.at_work);
        for (int i = JOBS - 1; i >= 0; i -= 2) {
            CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, ids[i]));
            CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, ids[i])); /* Again. */
        }
        CHECK(check_quiet_accounts(exec).outstanding == JOBS);
        sem_post(&place.gate.let_go);
        for (int i = 0; i < JOBS; i++) {
            int32_t is_cancelled = i % 2 == 0;
            jobexec_result result = poll(
                exec, is_cancelled ? JOBEXEC_OUTCOME_CANCELLED : JOBEXEC_OUTCOME_DONE);
            CHECK(result.job_id == ids[i] && result.payload == (i == 0 ? &place : NULL));
            if (is_cancelled)
                CHECK(strstr(result.message, i == 0 ? "while it ran" : "before it ran") != NULL);
            CHECK(result.created_ns <= result.started_ns &&
                  result.started_ns <= result.finished_ns);
        }
        CHECK(place.was_cancelled == 1 && ran == 1 + JOBS / 2 && discards == 0);
        /* All are done: that says nothing new. */
        for (int i = 0; i < JOBS; i++)
            CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, ids[i]));
        jobexec_counters n = check_quiet_accounts(exec);
        CHECK(n.outstanding == 0 && n.cancelled == (uint64_t)(round + 1) * (1 + JOBS / 2));
        CHECK(n.failed == 0);
        if (round == 1) {
            CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
            CHECK_IS(JOBEXEC_EMPTY, jobexec_cancel(exec, ids[0]));
        }
    }
    check_close(exec);
}

/* What is not there. */
static void nothing_to_cancel(void)
{
    jobexec_config config = check_config(1, transform);
    config.first_number = 100;
    jobexec_executor *exec = check_start(&config);
    uint64_t id;
    CHECK_IS(JOBEXEC_EMPTY, jobexec_cancel(exec, 100));
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, &id));
    CHECK(id == 100);
    poll(exec, JOBEXEC_OUTCOME_DONE);
    CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, 100));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_cancel(exec, 99));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_cancel(exec, 101));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_cancel(exec, UINT64_C(1) << 36 | 100));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_cancel(exec, UINT64_MAX));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_cancel(NULL, 100));
    jobexec_abort(exec);
    CHECK_IS(JOBEXEC_ABORTED, jobexec_cancel(exec, 100));
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK_IS(JOBEXEC_CLOSED, jobexec_cancel(exec, 100));
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));

    config.workers = 0;
    exec = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, &id));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_cancel(exec, id));
    poll(exec, JOBEXEC_OUTCOME_DONE);
    check_close(exec);
}

/* What is cancelled and then reset is discarded, as all else is. */
static void reset_meanwhile(void)
{
    jobexec_config config = check_config(1, transform);
    config.results = config.queue_per_worker = 4;
    config.discard = discard;
    jobexec_executor *exec = check_start(&config);
    struct place place = {.was_cancelled = -1};
    uint64_t id;
    gate_init(&place.gate);
    discards = 0;
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &place, NULL));
    check_wait(&place.gate.at_work);
    for (int i = 0; i < 3; i++) {
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, &id));
        CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, id));
    }
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK(discards == 3);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, &id));
    sem_post(&place.gate.let_go);
    CHECK(poll(exec, JOBEXEC_OUTCOME_DONE).job_id == id);
    CHECK_SOON(check_accounts(exec).outstanding == 0);
    CHECK(place.was_cancelled == 1 && discards == 4 && check_quiet_accounts(exec).cancelled == 0);
    check_close(exec);
}

/* Two cancel what workers do, all the time. */
enum { MANY = 20000 };
static _Atomic uint64_t latest;
static atomic_int over;

static void *cancel_often(void *exec)
{
    while (!over) {
        CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, latest));
        sched_yield();
    }
    return NULL;
}

static void race(uint32_t workers)
{
    jobexec_config config = check_config(workers, transform);
    config.results = config.queue_per_worker = 8;
    jobexec_executor *exec = check_start(&config);
    uint64_t cancelled = 0, done = 0, id;
    over = 0;
    ran = 0;
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, &id));
    latest = id;
    pthread_t threads[2] = {check_thread(cancel_often, exec), check_thread(cancel_often, exec)};
    for (uint64_t n = 1; done + cancelled < MANY;) {
        jobexec_result result = check_result();
        if (n < MANY && jobexec_put(exec, NULL, &id) == JOBEXEC_OK) {
            latest = id;
            n++;
            continue;
        }
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        CHECK(result.outcome == JOBEXEC_OUTCOME_DONE ||
              result.outcome == JOBEXEC_OUTCOME_CANCELLED);
        *(result.outcome == JOBEXEC_OUTCOME_DONE ? &done : &cancelled) += 1;
    }
    over = 1;
    check_join(threads[0]);
    check_join(threads[1]);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.done == done && n.cancelled == cancelled && n.outstanding == 0);
    CHECK((uint64_t)ran >= done);
    check_close(exec);
}

int main(void)
{
    queued_and_running(0);
    queued_and_running(1);
    nothing_to_cancel();
    reset_meanwhile();
    race(1);
    race(3);
    return 0;
}
