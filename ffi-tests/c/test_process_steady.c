/* With worker processes the steady state allocates nothing and takes no page fault, on neither
 * side: after each buffer was used once, or from the first on where the start touched them all. */

#include "check_process.h"

#include <limits.h>

#if defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
#define COUNTS_ALLOCATIONS 0
#else
#define COUNTS_ALLOCATIONS 1
#endif

enum { BUFFERS = 6, BYTES = 1 << 20, ROUNDS = 1000, PAGE = 4096 };

/* How often memory was allocated in this process. */
static atomic_long allocations;

#if COUNTS_ALLOCATIONS
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

void *malloc(size_t bytes)
{
    allocations++;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    allocations++;
    return __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
    allocations++;
    return __libc_realloc(old, bytes);
}
#endif

struct costs {
    long faults, allocations;
};

static struct costs costs(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (struct costs){usage.ru_minflt + usage.ru_majflt, allocations};
}

/* Touches each page of both; says what this process has cost so far. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    const unsigned char *input = payload;
    unsigned char *output = jobexec_job_output(job);
    for (uint64_t i = 0; i < BYTES; i += PAGE)
        output[i] = (unsigned char)(input[i] + 1);
    *(struct costs *)jobexec_job_header(job) = costs();
    return jobexec_job_set_output(job, BYTES);
}

/* All buffers at once. Answers what the worker says with the last. */
static struct costs use_all(jobexec_executor *exec)
{
    void *inputs[BUFFERS];
    for (int i = 0; i < BUFFERS; i++) {
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &inputs[i]));
        for (uint64_t j = 0; j < BYTES; j += PAGE)
            ((unsigned char *)inputs[i])[j] = (unsigned char)i;
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, inputs[i], PATIENCE, NULL));
    }
    struct costs worker = {0, 0};
    for (int i = 0; i < BUFFERS; i++) {
        jobexec_result result = check_result();
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        const unsigned char *input = result.payload, *output = result.output;
        for (uint64_t j = 0; j < BYTES; j += PAGE)
            CHECK(output[j] == (unsigned char)(input[j] + 1));
        worker = *(const struct costs *)result.header;
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, result.payload));
    }
    return worker;
}

/* What both sides take for the rounds, beyond what they took before. */
static struct costs steady(uint32_t prefault)
{
    static const char *const argv[] = {"/proc/self/exe", NULL};
    jobexec_config config = check_processes(1, argv);
    config.results = config.queue_per_worker = BUFFERS;
    config.input_bytes = config.output_bytes = BYTES;
    config.prefault = prefault;
    jobexec_executor *exec = check_start(&config);
    /* Both sides know the way, each page of each buffer, and each slot of the link. */
    for (int i = 0; i < 12; i++)
        use_all(exec);
    struct costs worker = use_all(exec), host = costs();
    for (int i = 0; i < ROUNDS / BUFFERS; i++) {
        struct costs now = use_all(exec);
        if (i == ROUNDS / BUFFERS - 1)
            worker = (struct costs){now.faults - worker.faults,
                                    now.allocations - worker.allocations};
    }
    struct costs after = costs();
    check_accounts(exec);
    check_close(exec);
    return (struct costs){after.faults - host.faults + worker.faults,
                          after.allocations - host.allocations + worker.allocations};
}

int main(void)
{
    if (jobexec_is_worker())
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
#if COUNTS_ALLOCATIONS
    void *volatile some = malloc(1);
    free(some);
    CHECK(allocations > 0); /* Else there is nothing to be seen. */
#endif
    for (uint32_t prefault = 0; prefault < 2; prefault++) {
        /* As in test_buffer_steady.c: a fault now and then is the kernel's own doing. */
        struct costs least = {LONG_MAX, LONG_MAX};
        for (int attempt = 0; attempt < 5 && (least.faults || least.allocations); attempt++) {
            struct costs taken = steady(prefault);
            least.faults = taken.faults < least.faults ? taken.faults : least.faults;
            least.allocations =
                taken.allocations < least.allocations ? taken.allocations : least.allocations;
        }
        printf("prefault %u: %ld faults, %ld allocations\n", prefault, least.faults,
               least.allocations);
        CHECK(least.faults == 0 && least.allocations == 0);
    }
    return 0;
}
