/* Many jobs in one call: as many as there is room for, in order, and each has its result. */

#include "check.h"

enum { ITEMS = 8 };

struct item {
    int value, fails;
};

/* What a worker is held by, if anything. */
static struct gate *gate;

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    struct item *item = payload;
    if (gate != NULL)
        gate_pass(gate);
    item->value *= 2;
    if (item->fails)
        jobexec_job_set_message(job, "no");
    return item->fails;
}

static struct item items[ITEMS];
static void *payloads[ITEMS];

/* One worker, and room for so many jobs. */
static jobexec_executor *start(uint32_t workers, uint32_t results)
{
    for (int i = 0; i < ITEMS; i++) {
        items[i] = (struct item){.value = i};
        payloads[i] = &items[i];
    }
    jobexec_config config = check_config(workers, transform);
    config.results = results;
    config.queue_per_worker = results;
    return check_start(&config);
}

/* Results of the items first, first + 1 and so on, in this order. */
static void check_results(const jobexec_result *results, uint64_t count, int first)
{
    for (int i = 0; i < (int)count; i++) {
        CHECK(results[i].payload == &items[first + i]);
        CHECK(results[i].number == (uint64_t)(first + i) && results[i].job_id == results[i].number);
        CHECK(results[i].outcome == JOBEXEC_OUTCOME_DONE && results[i].message[0] == 0);
        CHECK(items[first + i].value == 2 * (first + i));
    }
}

/* What there is no room for stays the caller's, and is put by the next call. */
static void what_there_is_room_for(void)
{
    struct gate held;
    gate_init(&held);
    gate = &held;
    jobexec_executor *exec = start(1, 5);
    uint64_t accepted = 0, id = 1, polled = 99;
    CHECK_IS(JOBEXEC_OK, jobexec_put_many(exec, payloads, ITEMS, &accepted, &id));
    CHECK(accepted == 5 && id == 0);
    CHECK(jobexec_is_full(exec) == 1);
    CHECK_IS(JOBEXEC_FULL, jobexec_put_many(exec, payloads + 5, 3, &accepted, &id));
    uint64_t before = now_ns();
    CHECK_IS(JOBEXEC_TIMEOUT,
             jobexec_put_many_wait(exec, payloads + 5, 3, 20 * MILLISECOND, &accepted, &id));
    CHECK(now_ns() - before >= 20 * MILLISECOND);
    CHECK(accepted == 5 && id == 0);
    CHECK(check_accounts(exec).accepted == 5);

    jobexec_result results[ITEMS];
    results[0].size = sizeof results[0]; /* The others need none. */
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll_many(exec, results, ITEMS, &polled));
    before = now_ns();
    CHECK_IS(JOBEXEC_TIMEOUT,
             jobexec_poll_many_wait(exec, 20 * MILLISECOND, results, ITEMS, &polled));
    CHECK(now_ns() - before >= 20 * MILLISECOND && polled == 99);

    for (int i = 0; i < ITEMS; i++)
        sem_post(&held.let_go);
    CHECK_SOON(check_accounts(exec).ready == 5);
    CHECK_IS(JOBEXEC_OK, jobexec_poll_many(exec, results, 2, &polled));
    CHECK(polled == 2);
    check_results(results, 2, 0);
    CHECK_IS(JOBEXEC_OK, jobexec_put_many(exec, payloads + 5, 3, &accepted, &id));
    CHECK(accepted == 2 && id == 5);
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    for (int next = 2; next < 7; next += (int)polled) {
        CHECK_IS(JOBEXEC_OK, jobexec_poll_many_wait(exec, PATIENCE, results, ITEMS, &polled));
        CHECK(polled >= 1 && polled <= 5);
        check_results(results, polled, next);
    }
    CHECK_IS(JOBEXEC_END, jobexec_poll_many_wait(exec, PATIENCE, results, ITEMS, &polled));
    CHECK(check_quiet_accounts(exec).done == 7);
    check_close(exec);
    gate = NULL;
}

/* A program compiled with a later header has larger results; what is not known is left alone. */
static void larger_results(void)
{
    struct {
        jobexec_result known;
        uint64_t unknown[3];
    } results[ITEMS];
    jobexec_executor *exec = start(0, ITEMS);
    uint64_t accepted, polled;
    CHECK_IS(JOBEXEC_OK, jobexec_put_many(exec, payloads, ITEMS, &accepted, NULL));
    CHECK(accepted == ITEMS);
    memset(results, 0x5a, sizeof results);
    results[0].known.size = sizeof results[0];
    CHECK_IS(JOBEXEC_OK, jobexec_poll_many(exec, &results[0].known, ITEMS - 1, &polled));
    CHECK(polled == ITEMS - 1);
    for (int i = 0; i < ITEMS; i++) {
        for (int k = 0; k < 3; k++)
            CHECK(results[i].unknown[k] == UINT64_C(0x5a5a5a5a5a5a5a5a));
        CHECK(i == 0 || results[i].known.size == UINT64_C(0x5a5a5a5a5a5a5a5a));
        if (i < ITEMS - 1)
            check_results(&results[i].known, 1, i);
    }
    CHECK(results[ITEMS - 1].known.job_id == UINT64_C(0x5a5a5a5a5a5a5a5a));
    check_close(exec);
}

/* Results of all kinds in one call, each counted as what it is. Without workers, jobs have run
   before the put returns. */
static void mixed_outcomes(uint32_t workers)
{
    jobexec_executor *exec = start(workers, ITEMS);
    for (int i = 0; i < ITEMS; i++)
        items[i].fails = i % 3;
    uint64_t accepted, id, polled;
    CHECK_IS(JOBEXEC_OK, jobexec_put_many_wait(exec, payloads, ITEMS, PATIENCE, &accepted, &id));
    CHECK(accepted == ITEMS && id == 0);
    for (int i = 0; workers == 0 && i < ITEMS; i++)
        CHECK(items[i].value == 2 * i);
    CHECK_SOON(check_accounts(exec).ready == ITEMS);
    jobexec_result results[ITEMS];
    results[0].size = sizeof results[0];
    CHECK_IS(JOBEXEC_OK, jobexec_poll_many(exec, results, ITEMS, &polled));
    CHECK(polled == ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        CHECK(results[i].payload == &items[i] && results[i].code == i % 3);
        CHECK(strcmp(results[i].message, i % 3 ? "no" : "") == 0);
        CHECK(results[i].outcome == (i % 3 ? JOBEXEC_OUTCOME_FAILED : JOBEXEC_OUTCOME_DONE));
        CHECK(results[i].created_ns <= results[i].started_ns);
        CHECK(results[i].finished_ns <= results[i].polled_ns);
        CHECK(results[i].polled_ns == results[0].polled_ns);
    }
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.done == 3 && n.failed == 5 && n.outstanding == 0);
    check_close(exec);
}

struct putter {
    jobexec_executor *exec;
    sem_t ready;
    int thread;
};

static void *put_three(void *argument)
{
    struct putter *putter = argument;
    uint64_t accepted = 0, id = 0;
    putter->thread = gettid();
    sem_post(&putter->ready);
    CHECK_IS(JOBEXEC_OK,
             jobexec_put_many_wait(putter->exec, payloads + 2, 3, PATIENCE, &accepted, &id));
    CHECK(accepted == 1 && id == 2);
    return NULL;
}

/* A put of several that waits is woken by room for one; a poll of several, by one result. */
static void waits_are_for_one(void)
{
    jobexec_executor *exec = start(1, 2);
    uint64_t accepted, polled;
    CHECK_IS(JOBEXEC_OK, jobexec_put_many(exec, payloads, 2, &accepted, NULL));
    CHECK_SOON(check_accounts(exec).ready == 2);
    struct putter putter = {.exec = exec};
    sem_init(&putter.ready, 0, 0);
    pthread_t thread = check_thread(put_three, &putter);
    check_wait(&putter.ready);
    CHECK_SOON(check_is_asleep(putter.thread));
    jobexec_result results[ITEMS];
    results[0].size = sizeof results[0];
    CHECK_IS(JOBEXEC_OK, jobexec_poll_many(exec, results, 1, &polled));
    CHECK(polled == 1);
    check_join(thread);
    for (int next = 1; next < 3; next += (int)polled) {
        CHECK_IS(JOBEXEC_OK, jobexec_poll_many_wait(exec, PATIENCE, results, ITEMS, &polled));
        check_results(results, polled, next);
    }
    check_close(exec);
}

int main(void)
{
    what_there_is_room_for();
    larger_results();
    mixed_outcomes(0);
    mixed_outcomes(1);
    waits_are_for_one();
    return 0;
}
