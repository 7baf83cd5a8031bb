/* The memory of buffers: where it lies, of which size, whose it is, and what is said where there
 * is too little of it. */

#include "check.h"

#include <stdatomic.h>

enum { PAGE = 4096, HUGE = 2 << 20 };

/* Adds one to each byte; where there is only one of the two, it counts or fills. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    const unsigned char *input = payload;
    unsigned char *output = jobexec_job_output(job);
    uint64_t in = jobexec_job_input_bytes(job), out = jobexec_job_output_bytes(job);
    for (uint64_t i = 0; i < in; i++)
        CHECK(input[i] == 1);
    for (uint64_t i = 0; i < out; i++)
        output[i] = i < in ? (unsigned char)(input[i] + 1) : 3;
    return jobexec_job_set_output(job, out);
}

static jobexec_config sizes(uint64_t input, uint64_t output)
{
    jobexec_config config = check_config(1, transform);
    config.input_bytes = input;
    config.output_bytes = output;
    return config;
}

/* Uses every byte of every buffer: they lie in the arena, apart from each other. */
static void use_all(jobexec_executor *exec, const jobexec_config *config)
{
    uint64_t count, bytes;
    void *arena, *input;
    CHECK_IS(JOBEXEC_OK, jobexec_capacity(exec, &count, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_arena(exec, &arena, &bytes));
    CHECK_IS(JOBEXEC_OK, jobexec_arena(exec, NULL, NULL));
    CHECK((uintptr_t)arena % PAGE == 0);
    CHECK(bytes >= count * (config->input_bytes + config->output_bytes));
    unsigned char *begin = arena, *end = begin + bytes;
    jobexec_result results[8];
    CHECK(count <= 8);
    for (uint64_t i = 0; i < count; i++) {
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
        CHECK(begin <= (unsigned char *)input);
        CHECK((unsigned char *)input + config->input_bytes <= end);
        memset(input, 1, config->input_bytes);
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, input, PATIENCE, NULL));
    }
    for (uint64_t i = 0; i < count; i++) {
        results[i] = check_result();
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &results[i]));
        CHECK(results[i].output_bytes == config->output_bytes);
    }
    for (uint64_t i = 0; i < count; i++) {
        const unsigned char *output = results[i].output;
        CHECK(begin <= output && output + config->output_bytes <= end);
        for (uint64_t j = 0; j < config->output_bytes; j++)
            CHECK(output[j] == (j < config->input_bytes ? 2 : 3));
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, results[i].payload));
    }
    CHECK(check_quiet_accounts(exec).done == count);
}

static void use_and_close(const jobexec_config *config)
{
    jobexec_executor *exec = check_start(config);
    use_all(exec, config);
    check_close(exec);
}

static void all_sizes_and_pages(void)
{
    static const uint64_t both[][2] = {{1, 1},       {64, 0},   {0, 64},  {65, 4095},
                                       {4096, 4097}, {5000, 0}, {0, 5000}, {100000, 3000000}};
    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        for (uint32_t workers = 0; workers < 3; workers++) {
            jobexec_config config = sizes(both[i][0], both[i][1]);
            config.workers = workers;
            config.pages = workers % 2 ? JOBEXEC_PAGES_NORMAL : JOBEXEC_PAGES_TRANSPARENT;
            config.prefault = workers == 2;
            use_and_close(&config);
        }
}

static void refuse(const jobexec_config *config, jobexec_status answer, const char *text)
{
    jobexec_executor *exec = NULL;
    CHECK_IS(answer, jobexec_start(config, PATIENCE, &exec));
    CHECK(exec == NULL);
    if (strstr(jobexec_last_error(), text) == NULL) {
        fprintf(stderr, "'%s' says nothing of '%s'\n", jobexec_last_error(), text);
        check_failed(__FILE__, __LINE__, text);
    }
}

static void refusals(void)
{
    jobexec_config config = sizes(UINT64_C(1) << 40, UINT64_C(1) << 40);
    refuse(&config, JOBEXEC_ERROR_MEMORY, " are available");
    refuse(&config, JOBEXEC_ERROR_MEMORY, "6597"); /* Three of each are 6.597 TB. */
    config.results = 1 << 20;
    refuse(&config, JOBEXEC_ERROR_MEMORY, "23058"); /* 2^61 and a few. */
    config = sizes((UINT64_C(1) << 40) + 1, 0);
    refuse(&config, JOBEXEC_ERROR_ARGUMENT, "input_bytes");
    config = sizes(0, UINT64_MAX);
    refuse(&config, JOBEXEC_ERROR_ARGUMENT, "output_bytes");
    config = sizes(1, 1);
    config.pages = JOBEXEC_PAGES_HUGE + 1;
    refuse(&config, JOBEXEC_ERROR_ARGUMENT, "pages is 3");
    config.pages = 0, config.prefault = 2;
    refuse(&config, JOBEXEC_ERROR_ARGUMENT, "prefault is 2");
}

/* Works where the administrator has set huge pages aside; else the error says how many are to be. */
static void huge_pages(void)
{
    jobexec_config config = sizes(3 * HUGE, 0);
    config.pages = JOBEXEC_PAGES_HUGE;
    jobexec_executor *exec = NULL;
    if (jobexec_start(&config, PATIENCE, &exec) == JOBEXEC_OK) {
        use_all(exec, &config);
        check_close(exec);
        return;
    }
    refuse(&config, JOBEXEC_ERROR_MEMORY, "10 huge pages of 2 MiB, and ");
    refuse(&config, JOBEXEC_ERROR_MEMORY, "vm.nr_hugepages");
}

/* ---- Memory from hooks ---- */

static struct lender {
    atomic_int allocated, deallocated;
    int refuses;
    size_t shift;
    void *base;
    uint64_t bytes;
} lender;

static void *allocate(void *user, uint64_t bytes, uint64_t alignment)
{
    struct lender *lender = user;
    CHECK(alignment >= 64 && (alignment & (alignment - 1)) == 0 && bytes > 0);
    CHECK(lender->allocated++ == 0);
    if (lender->refuses)
        return NULL;
    lender->bytes = bytes;
    CHECK(posix_memalign(&lender->base, alignment, bytes + alignment) == 0);
    memset(lender->base, 0xee, bytes + alignment); /* It need not be zeros. */
    return (char *)lender->base + lender->shift;
}

static void deallocate(void *user, void *base, uint64_t bytes)
{
    struct lender *lender = user;
    CHECK(base == (char *)lender->base + lender->shift && bytes == lender->bytes);
    free(lender->base);
    CHECK(lender->deallocated++ == 0);
}

static jobexec_config lend(int refuses, size_t shift)
{
    memset(&lender, 0, sizeof lender);
    lender.refuses = refuses;
    lender.shift = shift;
    jobexec_config config = sizes(1000, 5000);
    config.allocate = allocate;
    config.deallocate = deallocate;
    config.memory_user = &lender;
    return config;
}

static int32_t refuse_worker(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    return 1;
}

static void hooks(void)
{
    jobexec_config config = lend(0, 0);
    config.prefault = 1;
    jobexec_executor *exec = check_start(&config);
    void *base;
    uint64_t bytes;
    CHECK_IS(JOBEXEC_OK, jobexec_arena(exec, &base, &bytes));
    CHECK(base == lender.base && bytes == lender.bytes);
    use_all(exec, &config);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK(lender.deallocated == 0); /* Buffers that are held are valid until the free. */
    check_close(exec);
    CHECK(lender.allocated == 1 && lender.deallocated == 1);

    config = lend(1, 0);
    refuse(&config, JOBEXEC_ERROR_MEMORY, "NULL");
    CHECK(lender.allocated == 1 && lender.deallocated == 0);
    config = lend(0, 64);
    refuse(&config, JOBEXEC_ERROR_MEMORY, "aligned");
    CHECK(lender.allocated == 1 && lender.deallocated == 1);
    config = lend(0, 0);
    config.worker_init = refuse_worker;
    refuse(&config, JOBEXEC_ERROR_WORKER, "worker");
    CHECK_SOON(lender.deallocated == 1);

    config = lend(0, 0);
    config.deallocate = NULL;
    refuse(&config, JOBEXEC_ERROR_NULL, "deallocate");
    config = lend(0, 0);
    config.allocate = NULL;
    refuse(&config, JOBEXEC_ERROR_NULL, "allocate");
    CHECK(lender.allocated == 0 && lender.deallocated == 0);

    config = lend(0, 0); /* Without buffers there is nothing to allocate. */
    config.input_bytes = config.output_bytes = 0;
    check_close(check_start(&config));
    CHECK(lender.allocated == 0 && lender.deallocated == 0);
}

/* The hooks' memory lives as long as a worker that was left behind uses it. */
static void hooks_of_a_stuck_worker(void)
{
    static struct gate gate;
    gate_init(&gate);
    jobexec_config config = lend(0, 0);
    config.transform = gate_transform;
    config.user = &gate;
    jobexec_executor *exec = check_start(&config);
    void *input;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, input, NULL));
    check_wait(&gate.at_work);
    check_accounts(exec);
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
    CHECK(lender.deallocated == 0);
    sem_post(&gate.let_go);
    CHECK_SOON(lender.deallocated == 1);
}

int main(void)
{
    all_sizes_and_pages();
    refusals();
    huge_pages();
    hooks();
    hooks_of_a_stuck_worker();
    return 0;
}
