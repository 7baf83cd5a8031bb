/* A worker process is killed, or ends, at each point where that makes a difference: its job has
 * crashed and says how, every other job is done, and the worker is there again. */

#include "check_process.h"

enum how { NOT, BY_KILL, BY_SEGV, BY_EXIT_3, BY_EXIT_0, HOWS };
enum where { AT_CLAIM, IN_THE_MIDDLE, BEFORE_DONE, WHERES };

struct order {
    int32_t how, where;
    uint64_t value;
};

static const char *const workers_argv[] = {"/proc/self/exe", NULL};
static const int codes[HOWS] = {0, -SIGKILL, -SIGSEGV, 3, 0};
static const char *const texts[HOWS] = {"", "signal 9", "signal 11", "code 3", "code 0"};

/* ---- The worker ---- */

static void come_to(const struct order *order, enum where where)
{
    if (order->where != (int32_t)where)
        return;
    switch (order->how) {
    case BY_KILL:
        raise(SIGKILL);
        break;
    case BY_SEGV:
        raise(SIGSEGV);
        break;
    case BY_EXIT_3:
        exit(3);
    case BY_EXIT_0:
        _exit(0);
    }
}

static int serve(void)
{
    jobexec_job *job;
    void *input;
    while (jobexec_worker_next(PATIENCE, &job, &input) == JOBEXEC_OK) {
        const struct order *order = input;
        come_to(order, AT_CLAIM);
        ++*(uint64_t *)jobexec_job_header(job);
        uint64_t *output = jobexec_job_output(job);
        output[0] = order->value * 3;
        come_to(order, IN_THE_MIDDLE);
        output[1] = order->value + 1;
        CHECK_IS(JOBEXEC_OK, jobexec_job_set_output(job, 2 * sizeof *output));
        come_to(order, BEFORE_DONE);
        CHECK_IS(JOBEXEC_OK, jobexec_worker_done(job, 0));
    }
    return 0;
}

/* ---- The host ---- */

static void put(jobexec_executor *exec, enum how how, enum where where, uint64_t value)
{
    struct order order = {.how = (int32_t)how, .where = (int32_t)where, .value = value};
    void *input, *header;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire_wait(exec, PATIENCE, &input));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_header(exec, input, &header));
    memset(header, 0, JOBEXEC_HEADER_BYTES);
    memcpy(input, &order, sizeof order);
    CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, input, PATIENCE, NULL));
}

/* Takes one result, which must be right for its order; answers whether it crashed. */
static int take(jobexec_executor *exec, uint64_t tries)
{
    jobexec_result result = check_poll(exec);
    const struct order *order = result.payload;
    const uint64_t *output = result.output, *begun = result.header;
    if (order->how == NOT) {
        CHECK(result.outcome == JOBEXEC_OUTCOME_DONE && result.output_bytes == 16);
        CHECK(output[0] == order->value * 3 && output[1] == order->value + 1 && *begun == 1);
    } else {
        CHECK(result.outcome == JOBEXEC_OUTCOME_CRASHED && result.code == codes[order->how]);
        CHECK(strstr(result.message, texts[order->how]) != NULL);
        CHECK(*begun == (order->where == AT_CLAIM ? 0 : tries));
        CHECK(result.created_ns <= result.started_ns && result.started_ns <= result.finished_ns);
    }
    int crashed = order->how != NOT;
    check_release(exec, &result);
    return crashed;
}

/* Each way and each place, with other jobs in front, behind, and at another worker. */
static void everywhere(uint32_t workers)
{
    enum { AROUND = 5 };
    jobexec_config config = check_processes(workers, workers_argv);
    config.results = config.queue_per_worker = 2 * AROUND + 1;
    config.max_restarts = 1000;
    jobexec_executor *exec = check_start(&config);
    uint64_t crashes = 0, done = 0;
    for (int round = 0; round < 4; round++)
        for (int how = BY_KILL; how < HOWS; how++)
            for (int where = 0; where < WHERES; where++) {
                for (uint64_t i = 0; i < 2 * AROUND + 1; i++)
                    put(exec, i == AROUND ? (enum how)how : NOT, (enum where)where, i);
                uint64_t crashed = 0;
                for (int i = 0; i < 2 * AROUND + 1; i++)
                    crashed += (uint64_t)take(exec, 1);
                CHECK(crashed == 1);
                crashes++, done += 2 * AROUND;
                jobexec_counters n = check_accounts(exec);
                CHECK(n.crashed == crashes && n.done == done && n.outstanding == 0);
            }
    CHECK_SOON(check_quiet_accounts(exec).restarts == crashes);
    check_close(exec);
}

/* From the result that says so until the replacement has done a job. */
static void restart_latency(void)
{
    enum { CRASHES = 100 };
    uint64_t times[CRASHES];
    jobexec_config config = check_processes(1, workers_argv);
    config.max_restarts = CRASHES;
    jobexec_executor *exec = check_start(&config);
    for (int i = 0; i < CRASHES; i++) {
        put(exec, BY_KILL, IN_THE_MIDDLE, 0);
        CHECK(take(exec, 1));
        uint64_t begin = now_ns();
        put(exec, NOT, 0, 1);
        CHECK(!take(exec, 1));
        times[i] = now_ns() - begin;
        CHECK(times[i] < SECOND);
        check_accounts(exec);
    }
    check_print_times("from a crash to the next job done", times, CRASHES);
    CHECK(check_quiet_accounts(exec).restarts == CRASHES);
    check_close(exec);
}

/* Tried again as often as is said, and then no more; the same buffer again is another job. */
static void retried(void)
{
    jobexec_config config = check_processes(1, workers_argv);
    config.retries = 2;
    config.restart_backoff_ns = MILLISECOND;
    jobexec_executor *exec = check_start(&config);
    for (uint64_t round = 1; round <= 3; round++) {
        put(exec, BY_SEGV, IN_THE_MIDDLE, 0);
        put(exec, NOT, 0, 5);
        CHECK(take(exec, 3) + take(exec, 3) == 1);
        jobexec_counters n = check_accounts(exec);
        CHECK(n.crashed == round && n.done == round && n.outstanding == 0);
        CHECK_SOON(check_accounts(exec).restarts == 3 * round);
    }
    struct order order = {BY_SEGV, IN_THE_MIDDLE, 0};
    void *input;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
    memcpy(input, &order, sizeof order);
    for (int round = 0; round < 2; round++) {
        void *header;
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_header(exec, input, &header));
        memset(header, 0, JOBEXEC_HEADER_BYTES);
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, input, NULL));
        jobexec_result result = check_poll(exec);
        CHECK(result.outcome == JOBEXEC_OUTCOME_CRASHED && result.payload == input);
        CHECK(*(uint64_t *)result.header == 3 && result.attempts == 3);
    }
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, input));
    check_quiet_accounts(exec);
    check_close(exec);
}

/* Nobody is left, and everybody is told. */
static void nobody_left(uint32_t workers)
{
    enum { RESTARTS = 2, GOOD = 6 };
    jobexec_config config = check_processes(workers, workers_argv);
    config.max_restarts = RESTARTS;
    config.results = config.queue_per_worker = 20;
    jobexec_executor *exec = check_start(&config);
    uint64_t crashed = 0, done = 0, deaths = workers + RESTARTS;
    void *held, *input;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &held));
    for (uint64_t i = 0; i < deaths; i++)
        put(exec, BY_KILL, AT_CLAIM, i);
    for (uint64_t i = 0; i < GOOD; i++) { /* Unless it is over already. */
        jobexec_status status = jobexec_buffer_acquire(exec, &input);
        if (status != JOBEXEC_OK) {
            CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, status);
            break;
        }
        memset(input, 0, CHECK_BYTES);
        if (jobexec_put(exec, input, NULL) != JOBEXEC_OK)
            CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, input));
    }
    jobexec_result result = check_result();
    jobexec_status status;
    while ((status = jobexec_poll_wait(exec, PATIENCE, &result)) == JOBEXEC_OK) {
        *(result.outcome == JOBEXEC_OUTCOME_CRASHED ? &crashed : &done) += 1;
        check_release(exec, &result);
    }
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, status);
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_buffer_acquire(exec, &input));
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_put(exec, held, NULL));
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_put_wait(exec, held, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, held));
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_reset(exec, NULL));
    CHECK_SOON(jobexec_is_idle(exec));
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(crashed == deaths && n.crashed == crashed && n.done == done && n.outstanding == 0);
    CHECK(n.restarts == RESTARTS && check_children(NULL, 0) == 0);
    check_close(exec);
}

int main(void)
{
    check_no_cores();
    if (jobexec_is_worker())
        return serve();
    everywhere(1);
    everywhere(2);
    restart_latency();
    retried();
    nobody_left(1);
    nobody_left(2);
    return 0;
}
