/* Worker processes leave nothing behind in the process that started them: no descriptor, thread,
 * child or map. */

#include "check_process.h"

#include <sys/prctl.h>

enum what { GO_ON, CRASH, HANG, WAIT };

static const char *const workers_argv[] = {"/proc/self/exe", "worker", NULL};
static const char *const mute_argv[] = {"/proc/self/exe", "mute", NULL};
static const char *const dying_argv[] = {"/proc/self/exe", "die", NULL};

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    switch (*(unsigned char *)payload) {
    case CRASH:
        raise(SIGKILL);
        break;
    case HANG:
        *(atomic_int *)jobexec_job_header(job) = 1;
        alarm(60);
        for (;;)
            pause();
    case WAIT:
        *(atomic_int *)jobexec_job_header(job) = 1;
        alarm(60);
        while (*(atomic_int *)jobexec_job_header(job) == 1)
            sched_yield();
        alarm(0);
    }
    return 0;
}

/* ---- What there is ---- */

struct footprint {
    int files, threads, children, maps;
};

static struct footprint footprint(void)
{
    return (struct footprint){check_entries("/proc/self/fd"), check_entries("/proc/self/task"),
                              check_children(NULL, 0), check_maps("memfd:jobexec")};
}

static int is_same(struct footprint a, struct footprint b)
{
    return a.files == b.files && a.threads == b.threads && a.children == b.children &&
           a.maps == b.maps;
}

/* At once after a close; soon, where the last threads were left to themselves. */
static void check_same(struct footprint before, int at_once)
{
    uint64_t limit = now_ns() + (at_once ? 0 : PATIENCE);
    struct footprint after = footprint();
    while (!is_same(before, after) && now_ns() < limit)
        after = footprint();
    if (!is_same(before, after)) {
        fprintf(stderr, "descriptors %d, now %d; threads %d, %d; children %d, %d; maps %d, %d\n",
                before.files, after.files, before.threads, after.threads, before.children,
                after.children, before.maps, after.maps);
        check_failed(__FILE__, __LINE__, "nothing is left");
    }
}

/* Puts a job that HANGs or WAITs, and answers its header when a worker has begun with it. */
static atomic_int *begin(jobexec_executor *exec, enum what what)
{
    void *input, *header;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_header(exec, input, &header));
    *(unsigned char *)input = (unsigned char)what;
    *(atomic_int *)header = 0;
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, input, NULL));
    CHECK_SOON(*(atomic_int *)header == 1);
    return header;
}

static jobexec_config usual(uint32_t workers)
{
    jobexec_config config = check_processes(workers, workers_argv);
    config.max_restarts = 1000;
    config.results = config.queue_per_worker = 16;
    return config;
}

static void do_one(jobexec_executor *exec, enum what what, jobexec_outcome outcome)
{
    check_put(exec, &(char){(char)what}, 1);
    jobexec_result result = check_poll(exec);
    CHECK(result.outcome == outcome);
    check_release(exec, &result);
    check_accounts(exec);
}

/* ---- What they do ---- */

static void live_normally(uint32_t output)
{
    jobexec_config config = usual(2);
    config.worker_output = output;
    jobexec_executor *exec = check_start(&config);
    for (int i = 0; i < 100; i++)
        do_one(exec, GO_ON, JOBEXEC_OUTCOME_DONE);
    check_close(exec);
}

static void crash(void)
{
    jobexec_config config = usual(2);
    config.worker_output = JOBEXEC_OUTPUT_LOG;
    jobexec_executor *exec = check_start(&config);
    do_one(exec, GO_ON, JOBEXEC_OUTCOME_DONE);
    struct footprint before = footprint();
    for (uint64_t i = 1; i <= 50; i++) {
        do_one(exec, CRASH, JOBEXEC_OUTCOME_CRASHED);
        CHECK_SOON(check_accounts(exec).restarts == i);
        do_one(exec, GO_ON, JOBEXEC_OUTCOME_DONE);
        do_one(exec, GO_ON, JOBEXEC_OUTCOME_DONE);
    }
    check_same(before, 0);
    check_close(exec);
}

static jobexec_executor *hang(void)
{
    jobexec_config config = usual(2);
    config.worker_output = JOBEXEC_OUTPUT_LOG;
    jobexec_executor *exec = check_start(&config);
    begin(exec, HANG);
    begin(exec, HANG);
    check_accounts(exec);
    return exec;
}

static void close_those_that_hang(void)
{
    jobexec_executor *exec = hang();
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, 20 * MILLISECOND));
    CHECK(check_quiet_accounts(exec).discarded == 2);
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
}

static void fail_to_start(void)
{
    static const char *const missing[] = {"/no/such/program", NULL};
    for (int i = 0; i < 20; i++) {
        jobexec_config config = usual(2);
        config.worker_output = JOBEXEC_OUTPUT_LOG;
        config.argv = missing;
        check_no_start(&config, JOBEXEC_ERROR_WORKER, "program");
        config.argv = dying_argv;
        check_no_start(&config, JOBEXEC_ERROR_WORKER, "code 3");
        config.argv = mute_argv;
        config.worker_start_timeout_ns = MILLISECOND;
        check_no_start(&config, JOBEXEC_ERROR_WORKER, "in time");
    }
}

static void start_too_late(void)
{
    jobexec_executor *exec = NULL;
    jobexec_config config = usual(2);
    config.argv = mute_argv;
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_start(&config, MILLISECOND, &exec));
}

static void come_and_go(void)
{
    jobexec_config config = usual(1);
    for (int i = 0; i < 200; i++) {
        jobexec_executor *exec = check_start(&config);
        do_one(exec, GO_ON, JOBEXEC_OUTCOME_DONE);
        check_close(exec);
    }
}

/* Bytes that a process has in memory. Not from statm: before Linux 6.2 that may be behind by 64 pages
 * for each thread. */
static long resident(int pid)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    CHECK(file != NULL);
    while (kib < 0 && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "Rss: %ld kB", &kib);
    fclose(file);
    CHECK(kib > 0);
    return kib << 10;
}

/* A job on each of two workers. */
static void both(jobexec_executor *exec)
{
    atomic_int *headers[2] = {begin(exec, WAIT), begin(exec, WAIT)};
    for (int i = 0; i < 2; i++)
        *headers[i] = 2;
    for (int i = 0; i < 2; i++) {
        jobexec_result result = check_poll(exec);
        CHECK(result.outcome == JOBEXEC_OUTCOME_DONE);
        check_release(exec, &result);
    }
}

/* Many jobs take no more than few, on workers that have done one: one at a time, the same may do
 * them all. Nor does the kernel meanwhile make a huge page of small ones. */
static void flat(void)
{
    CHECK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
    jobexec_config config = usual(2);
    jobexec_executor *exec = check_start(&config);
    both(exec);
    int pids[2];
    long before[3] = {0};
    struct footprint at_first = {0};
    CHECK(check_children(pids, 2) == 2);
    for (int i = 0; i < 20000; i++) {
        if (i == 2000) {
            at_first = footprint();
            for (int j = 0; j < 3; j++)
                before[j] = resident(j < 2 ? pids[j] : getpid());
        }
        do_one(exec, GO_ON, JOBEXEC_OUTCOME_DONE);
        if (i % 500 == 0)
            CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    }
    check_same(at_first, 1);
    for (int j = 0; j < 3; j++)
        CHECK(resident(j < 2 ? pids[j] : getpid()) <= before[j] + (256 << 10));
    CHECK(check_quiet_accounts(exec).done == 20002);
    check_close(exec);
}

int main(int argc, char **argv)
{
    check_no_cores();
    if (jobexec_is_worker()) {
        if (argc > 1 && strcmp(argv[1], "die") == 0)
            return 3;
        if (argc > 1 && strcmp(argv[1], "mute") == 0)
            for (;;)
                pause();
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
    }
    static void (*const all[])(void) = {crash, close_those_that_hang, fail_to_start, come_and_go,
                                        flat};
    const struct footprint before = footprint();
    CHECK(before.children == 0 && before.maps == 0);
    live_normally(JOBEXEC_OUTPUT_INHERIT);
    check_same(before, 1);
    live_normally(JOBEXEC_OUTPUT_LOG);
    check_same(before, 1);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        all[i]();
        check_same(before, 1);
    }
    start_too_late();
    check_same(before, 0);
    CHECK_IS(JOBEXEC_OK, jobexec_free(hang()));
    check_same(before, 0);
    return 0;
}
