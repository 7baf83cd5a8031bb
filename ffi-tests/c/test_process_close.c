/* Reset, close and free while worker processes run, hang, are stopped or crash: by the deadline,
 * and nobody is left behind. */

#include "check_process.h"

enum what { GO_ON, UNTIL_CANCELLED, HANG, CRASH_WHEN_CANCELLED, EXIT_WHEN_CANCELLED };

static const char *const workers_argv[] = {"/proc/self/exe", NULL};

/* A close may take so much longer than its deadline. It is 100 ms where nothing else runs. */
static const uint64_t slack = SECOND;

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    *(atomic_int *)jobexec_job_header(job) = getpid();
    switch (*(unsigned char *)payload) {
    case GO_ON:
        return 0;
    case HANG:
        alarm(60); /* In case the test fails to have it killed. */
        for (;;)
            pause();
    }
    CHECK_SOON(jobexec_job_is_cancelled(job));
    if (*(unsigned char *)payload == CRASH_WHEN_CANCELLED)
        raise(SIGKILL);
    if (*(unsigned char *)payload == EXIT_WHEN_CANCELLED)
        exit(3);
    return 0;
}

static jobexec_executor *start(uint32_t workers)
{
    jobexec_config config = check_processes(workers, workers_argv);
    config.results = config.queue_per_worker = 32;
    config.max_restarts = 1000;
    config.restart_backoff_ns = 10000;
    return check_start(&config);
}

/* Puts a job; answers the place where its worker shows its number once it runs. */
static atomic_int *put(jobexec_executor *exec, enum what what)
{
    void *input, *header;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire_wait(exec, PATIENCE, &input));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_header(exec, input, &header));
    *(atomic_int *)header = 0;
    *(unsigned char *)input = (unsigned char)what;
    CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, input, PATIENCE, NULL));
    return header;
}

/* Puts as many such jobs as there are workers, and waits until they run. */
static void occupy(jobexec_executor *exec, uint32_t workers, enum what what)
{
    for (uint32_t i = 0; i < workers; i++) {
        atomic_int *runs = put(exec, what);
        CHECK_SOON(*runs != 0);
    }
}

/* Closes by that deadline, or at once if it is PATIENCE; answers how long it took. */
static uint64_t close_by(jobexec_executor *exec, uint64_t timeout)
{
    uint64_t begin = now_ns();
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, timeout));
    uint64_t took = now_ns() - begin;
    CHECK(took < (timeout == PATIENCE ? 0 : timeout) + slack);
    CHECK(check_children(NULL, 0) == 0);
    CHECK(check_quiet_accounts(exec).outstanding == 0);
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
    return took;
}

static void repeat(const char *name, uint64_t timeout, enum what what, int signal_)
{
    enum { ROUNDS = 12, WORKERS = 2 };
    uint64_t times[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        jobexec_executor *exec = start(WORKERS);
        occupy(exec, WORKERS, what);
        /* They never run, unless a replacement comes to it. */
        for (int i = 0; i < 7 && what != GO_ON; i++)
            put(exec, i % 3 == 0 && signal_ != SIGKILL ? what : GO_ON);
        CHECK_SOON(what != GO_ON || check_accounts(exec).ready == WORKERS);
        int pids[WORKERS];
        CHECK(check_children(pids, WORKERS) == WORKERS);
        for (int i = 0; i < WORKERS && signal_ != 0; i++)
            CHECK(kill(pids[i], signal_) == 0);
        check_accounts(exec);
        times[round] = close_by(exec, timeout);
    }
    char what_[100];
    snprintf(what_, sizeof what_, "close by %.0f ms, %s", (double)timeout * 1e-6, name);
    check_print_times(what_, times, ROUNDS);
}

/* The workers' place in the old session is lost; the new one has the rest. */
static void reset_past_those_that_hang(void)
{
    jobexec_executor *exec = start(3);
    atomic_int *hung = put(exec, HANG), *stopped;
    CHECK_SOON(*hung != 0);
    stopped = put(exec, UNTIL_CANCELLED);
    CHECK_SOON(*stopped != 0);
    int stopped_one = *stopped;
    CHECK(kill(stopped_one, SIGSTOP) == 0);
    for (uint32_t session = 1; session <= 20; session++) {
        for (int i = 0; i < 10; i++)
            put(exec, GO_ON);
        uint64_t begin = now_ns();
        CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
        CHECK(now_ns() - begin < SECOND);
        unsigned seen = 0;
        for (int i = 0; i < 10; i++)
            put(exec, GO_ON);
        CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
        jobexec_result result = check_result();
        jobexec_status status;
        while ((status = jobexec_poll_wait(exec, PATIENCE, &result)) == JOBEXEC_OK) {
            CHECK(result.session == session && result.outcome == JOBEXEC_OUTCOME_DONE);
            CHECK((seen >> result.number & 1) == 0);
            seen |= 1u << result.number;
            check_release(exec, &result);
        }
        CHECK_IS(JOBEXEC_END, status);
        CHECK(seen == 0x3ff);
        CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
        session++;
        check_accounts(exec);
    }
    /* What hung is killed, and is nobody's any more: no result comes of it. */
    CHECK(kill(*hung, SIGKILL) == 0);
    CHECK(kill(stopped_one, SIGCONT) == 0);
    CHECK_SOON(check_accounts(exec).outstanding == 0);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.crashed == 0 && n.done == 100 && n.discarded == 102);
    CHECK_SOON(check_accounts(exec).restarts == 1);
    close_by(exec, PATIENCE);
}

/* They crash as they learn of the reset, and of the close. */
static void crash_at_a_reset(enum what what)
{
    jobexec_executor *exec = start(2);
    enum { ROUNDS = 30 };
    for (int round = 0; round < ROUNDS; round++) {
        occupy(exec, 2, what);
        for (int i = 0; i < 5; i++)
            put(exec, GO_ON);
        CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
        put(exec, GO_ON);
        jobexec_result result = check_poll(exec);
        CHECK(result.session == (uint32_t)round + 1 && result.number == 0);
        CHECK(result.outcome == JOBEXEC_OUTCOME_DONE);
        check_release(exec, &result);
        CHECK_SOON(check_accounts(exec).outstanding == 0);
    }
    CHECK_SOON(check_accounts(exec).restarts == 2 * ROUNDS);
    jobexec_counters n = check_accounts(exec);
    CHECK(n.discarded == 7 * ROUNDS && n.done == ROUNDS && n.crashed == 0);
    occupy(exec, 2, what);
    close_by(exec, PATIENCE);
}

/* A free does not wait, and still leaves nobody. */
static void free_without_close(enum what what, int signal_)
{
    enum { WORKERS = 3 };
    jobexec_executor *exec = start(WORKERS);
    occupy(exec, WORKERS, what);
    int pids[WORKERS], ends[WORKERS];
    CHECK(check_children(pids, WORKERS) == WORKERS);
    for (int i = 0; i < WORKERS; i++) {
        ends[i] = check_pidfd(pids[i]);
        if (signal_ != 0)
            CHECK(kill(pids[i], signal_) == 0);
    }
    check_accounts(exec);
    uint64_t begin = now_ns();
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
    uint64_t took = now_ns() - begin;
    CHECK(took < SECOND);
    for (int i = 0; i < WORKERS; i++)
        CHECK(check_ends(ends[i], SECOND));
    CHECK_SOON(check_children(NULL, 0) == 0);
    printf("free: %.2f ms, all gone after %.2f ms\n", (double)took * 1e-6,
           (double)(now_ns() - begin) * 1e-6);
}

int main(void)
{
    check_no_cores();
    if (jobexec_is_worker())
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
    repeat("idle", PATIENCE, GO_ON, 0);
    repeat("busy", PATIENCE, UNTIL_CANCELLED, 0);
    repeat("crashing", PATIENCE, CRASH_WHEN_CANCELLED, 0);
    repeat("exiting", PATIENCE, EXIT_WHEN_CANCELLED, 0);
    repeat("being killed", PATIENCE, HANG, SIGKILL);
    repeat("hanging", 0, HANG, 0);
    repeat("hanging", 100 * MILLISECOND, HANG, 0);
    repeat("stopped at work", 100 * MILLISECOND, UNTIL_CANCELLED, SIGSTOP);
    repeat("stopped and idle", 100 * MILLISECOND, GO_ON, SIGSTOP);
    reset_past_those_that_hang();
    crash_at_a_reset(CRASH_WHEN_CANCELLED);
    crash_at_a_reset(EXIT_WHEN_CANCELLED);
    free_without_close(GO_ON, 0);
    free_without_close(UNTIL_CANCELLED, 0);
    free_without_close(HANG, 0);
    free_without_close(HANG, SIGSTOP);
    return 0;
}
