/* Jobs at worker processes are cancelled, or run too long: told, taken back, and where the process
 * does not listen it is killed, and nothing else is lost. */

#include "check_process.h"

enum what { ADD, LISTEN, HANG };

struct order {
    int32_t what;
    uint64_t value;
};

static const char *const workers_argv[] = {"/proc/self/exe", NULL};

/* ---- The worker ---- */

static int serve(void)
{
    jobexec_job *job;
    void *input;
    while (jobexec_worker_next(PATIENCE, &job, &input) == JOBEXEC_OK) {
        const struct order *order = input;
        int32_t *begun = jobexec_job_header(job);
        uint64_t *output = jobexec_job_output(job);
        __atomic_add_fetch(begun, 1, __ATOMIC_SEQ_CST);
        while (order->what == HANG)
            pause();
        while (order->what == LISTEN && !jobexec_job_is_cancelled(job))
            sched_yield();
        output[0] = order->value * 3;
        CHECK_IS(JOBEXEC_OK, jobexec_job_set_output(job, sizeof *output));
        CHECK_IS(JOBEXEC_OK, jobexec_worker_done(job, order->what == LISTEN ? 9 : 0));
    }
    return 0;
}

/* ---- The host ---- */

struct put {
    uint64_t id;
    int32_t *begun;
};

static struct put put_with(jobexec_executor *exec, enum what what, uint64_t value,
                           uint64_t job_timeout_ns)
{
    struct order order = {.what = (int32_t)what, .value = value};
    struct put put;
    void *input, *header;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire_wait(exec, PATIENCE, &input));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_header(exec, input, &header));
    memset(header, 0, JOBEXEC_HEADER_BYTES);
    memcpy(input, &order, sizeof order);
    jobexec_put_options options = {.size = sizeof options, .wait_ns = PATIENCE};
    options.job_timeout_ns = job_timeout_ns;
    CHECK_IS(JOBEXEC_OK, jobexec_put_with(exec, input, &options, &put.id));
    put.begun = header;
    return put;
}

static struct put put(jobexec_executor *exec, enum what what, uint64_t value)
{
    return put_with(exec, what, value, 0);
}

static int has_begun(struct put put)
{
    return __atomic_load_n(put.begun, __ATOMIC_SEQ_CST);
}

/* The next result must be of such an outcome; and of that job, where results come in order. */
static uint64_t take(jobexec_executor *exec, int32_t outcome)
{
    jobexec_result result = check_poll(exec);
    const struct order *order = result.payload;
    CHECK(result.outcome == outcome);
    if (outcome == JOBEXEC_OUTCOME_DONE)
        CHECK(*(uint64_t *)result.output == 3 * order->value);
    CHECK(result.created_ns <= result.started_ns && result.started_ns <= result.finished_ns);
    uint64_t id = result.job_id;
    check_release(exec, &result);
    return id;
}

/* One runs and listens; one lies behind it in the process's hands, one more in the queue. */
static void told_and_taken_back(uint32_t workers, int ordered)
{
    jobexec_config config = check_processes(workers, workers_argv);
    config.results = config.queue_per_worker = 64;
    config.ordered = (uint32_t)ordered;
    jobexec_executor *exec = check_start(&config);
    for (int round = 0; round < 20; round++) {
        struct put running[4], waiting[40];
        for (uint32_t i = 0; i < workers; i++)
            running[i] = put(exec, LISTEN, i);
        for (uint32_t i = 0; i < workers; i++)
            CHECK_SOON(has_begun(running[i]));
        for (uint64_t i = 0; i < 40; i++)
            waiting[i] = put(exec, ADD, i);
        for (int i = 0; i < 40; i += 2)
            CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, waiting[i].id));
        for (uint32_t i = 0; i < workers; i++)
            CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, running[i].id));
        uint64_t cancelled = 0, done = 0;
        for (uint32_t i = 0; i < workers + 40; i++) {
            jobexec_result result = check_poll(exec);
            int was_begun = *(int32_t *)result.header;
            if (result.outcome == JOBEXEC_OUTCOME_CANCELLED) {
                CHECK(was_begun == (((struct order *)result.payload)->what == LISTEN));
                cancelled++;
            } else {
                CHECK(result.outcome == JOBEXEC_OUTCOME_DONE && was_begun == 1);
                done++;
            }
            check_release(exec, &result);
        }
        CHECK(cancelled == workers + 20 && done == 20);
        jobexec_counters n = check_accounts(exec);
        CHECK(n.outstanding == 0 && n.restarts == 0 && n.crashed == 0);
    }
    check_close(exec);
}

/* A process that goes on with what was cancelled is killed after the grace time. */
static void killed_for_it(int ordered)
{
    jobexec_config config = check_processes(1, workers_argv);
    config.results = config.queue_per_worker = 64;
    config.cancel_kill_ns = 20 * MILLISECOND;
    config.ordered = (uint32_t)ordered;
    config.max_restarts = 1000;
    jobexec_executor *exec = check_start(&config);
    for (uint64_t round = 1; round <= 5; round++) {
        struct put hangs = put(exec, HANG, 0);
        for (uint64_t i = 0; i < 20; i++)
            put(exec, ADD, i);
        CHECK_SOON(has_begun(hangs));
        uint64_t begin = now_ns();
        CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, hangs.id));
        CHECK(take(exec, JOBEXEC_OUTCOME_CANCELLED) == hangs.id);
        CHECK(now_ns() - begin >= 20 * MILLISECOND);
        for (int i = 0; i < 20; i++)
            take(exec, JOBEXEC_OUTCOME_DONE);
        jobexec_counters n = check_accounts(exec);
        CHECK(n.cancelled == round && n.done == 20 * round && n.outstanding == 0);
        CHECK_SOON(check_accounts(exec).restarts == round);
    }
    check_close(exec);
}

/* What runs too long is ended; what lies behind it runs once, and is not counted for it. */
static void out_of_time(uint32_t workers, int ordered)
{
    enum { AROUND = 10 };
    jobexec_config config = check_processes(workers, workers_argv);
    config.results = config.queue_per_worker = 64;
    config.job_timeout_ns = 100 * MILLISECOND;
    config.retries = 3; /* Not for these. */
    config.ordered = (uint32_t)ordered;
    config.max_restarts = 1000;
    jobexec_executor *exec = check_start(&config);
    for (uint64_t round = 1; round <= 5; round++) {
        struct put hangs[2];
        for (uint64_t i = 0; i < AROUND; i++)
            put(exec, ADD, i);
        for (int i = 0; i < 2; i++)
            hangs[i] = put(exec, i == 0 ? HANG : LISTEN, 0);
        for (uint64_t i = 0; i < AROUND; i++)
            put(exec, ADD, i);
        uint64_t late = 0;
        for (int i = 0; i < 2 * AROUND + 2; i++) {
            jobexec_result result = check_poll(exec);
            if (result.job_id == hangs[0].id || result.job_id == hangs[1].id) {
                CHECK(result.outcome == JOBEXEC_OUTCOME_TIMED_OUT);
                CHECK(strstr(result.message, "deadline") != NULL);
                CHECK(result.finished_ns - result.started_ns >= 99 * MILLISECOND);
                late++;
            } else {
                CHECK(result.outcome == JOBEXEC_OUTCOME_DONE);
            }
            check_release(exec, &result);
        }
        jobexec_counters n = check_accounts(exec);
        CHECK(late == 2 && n.timed_out == 2 * round && n.done == 2 * AROUND * round);
        CHECK(n.crashed == 0 && n.outstanding == 0 && n.stalled == 0);
        CHECK(n.busy_ns <= n.age_ns * n.workers && n.run_max_ns <= n.age_ns);
        /* One that hangs is killed; one that listens may have ended its job just before. */
        CHECK_SOON(check_accounts(exec).restarts >= round);
        CHECK(check_accounts(exec).restarts <= 2 * round);
    }
    check_close(exec);
}

/* A put says how long its job may run. */
static void by_put(void)
{
    jobexec_config config = check_processes(2, workers_argv);
    config.job_timeout_ns = UINT64_MAX;
    jobexec_executor *exec = check_start(&config);
    struct put listens = put(exec, LISTEN, 0);
    struct put hangs = put_with(exec, HANG, 0, 20 * MILLISECOND);
    CHECK(take(exec, JOBEXEC_OUTCOME_TIMED_OUT) == hangs.id);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_OK, jobexec_cancel(exec, listens.id));
    CHECK(take(exec, JOBEXEC_OUTCOME_CANCELLED) == listens.id);
    check_accounts(exec);
    check_close(exec);
}

int main(void)
{
    check_no_cores();
    if (jobexec_is_worker())
        return serve();
    for (int ordered = 0; ordered < 2; ordered++) {
        told_and_taken_back(1, ordered);
        told_and_taken_back(2, ordered);
        killed_for_it(ordered);
        out_of_time(1, ordered);
        out_of_time(2, ordered);
    }
    by_put();
    return 0;
}
