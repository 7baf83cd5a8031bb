/* In the steady state a round takes no page fault, in the whole process: after each buffer was
 * used once, or from the first on where the memory was touched by the start. */

#include "check.h"

#include <limits.h>
#include <sys/resource.h>

enum { BUFFERS = 6, BYTES = 1 << 20, ROUNDS = 1000, PAGE = 4096 };

/* Touches each page of both. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    const unsigned char *input = payload;
    unsigned char *output = jobexec_job_output(job);
    for (uint64_t i = 0; i < BYTES; i += PAGE)
        output[i] = (unsigned char)(input[i] + 1);
    return jobexec_job_set_output(job, BYTES);
}

static void fill_and_put(jobexec_executor *exec, void *buffer, int n)
{
    unsigned char *input = buffer;
    for (uint64_t i = 0; i < BYTES; i += PAGE)
        input[i] = (unsigned char)n;
    CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, input, PATIENCE, NULL));
}

static void poll_and_release(jobexec_executor *exec)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    const unsigned char *input = result.payload, *output = result.output;
    for (uint64_t i = 0; i < BYTES; i += PAGE)
        CHECK(output[i] == (unsigned char)(input[i] + 1));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, result.payload));
}

/* All buffers at once. */
static void use_all(jobexec_executor *exec)
{
    void *inputs[BUFFERS];
    for (int i = 0; i < BUFFERS; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &inputs[i]));
    for (int i = 0; i < BUFFERS; i++)
        fill_and_put(exec, inputs[i], i);
    for (int i = 0; i < BUFFERS; i++)
        poll_and_release(exec);
}

/* Plain payloads, so that all but the buffers is warm: stacks, queues, code. */
static int32_t pass(void *user, void *payload, jobexec_job *job)
{
    return payload == user ? 0 : transform(user, payload, job);
}

static void warm(jobexec_executor *exec)
{
    jobexec_result result = check_result();
    void *input;
    for (int i = 0; i < 20; i++) {
        for (int j = 0; j < BUFFERS; j++)
            CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
        for (int j = 0; j < BUFFERS; j++)
            CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    }
    /* The page that their heads are on. */
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, input));
}

static long faults(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_minflt + usage.ru_majflt;
}

static long steady_faults(uint32_t workers, uint32_t prefault, uint32_t pages)
{
    jobexec_config config = check_config(workers, pass);
    config.results = config.queue_per_worker = BUFFERS;
    config.input_bytes = config.output_bytes = BYTES;
    config.prefault = prefault;
    config.pages = pages;
    jobexec_executor *exec = check_start(&config);
    warm(exec);
    if (!prefault) {
        long before = faults();
        use_all(exec);
        CHECK(faults() > before); /* Else there was nothing to be seen. */
    }
    long before = faults();
    for (int i = 0; i < ROUNDS / BUFFERS; i++)
        use_all(exec);
    long taken = faults() - before;
    check_accounts(exec);
    check_close(exec);
    return taken;
}

int main(void)
{
    /* Where the kernel is free to merge, move or swap pages behind our back, a fault now and then
     * is its own doing: one undisturbed run shows that the library causes none. */
    for (uint32_t workers = 0; workers < 3; workers++)
        for (uint32_t prefault = 0; prefault < 2; prefault++)
            for (uint32_t pages = JOBEXEC_PAGES_NORMAL; pages < JOBEXEC_PAGES_HUGE; pages++) {
                long least = LONG_MAX;
                for (int attempt = 0; attempt < 5 && least > 0; attempt++) {
                    long taken = steady_faults(workers, prefault, pages);
                    least = taken < least ? taken : least;
                }
                printf("%u workers, prefault %u, pages %u: %ld faults\n", workers, prefault, pages,
                       least);
                CHECK(least == 0);
            }
    return 0;
}
