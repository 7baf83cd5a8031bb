/* A buffer is filled, transformed and read in place: the same bytes, lengths and header at each
 * step. Whoever does not hold it can do nothing with it. */

#include "check.h"

enum { INPUT = 100, OUTPUT = 5000, BUFFERS = 6 };

static int plain;

/* What stands in a header. */
struct shape {
    uint64_t bytes;
    unsigned char first;
};

static unsigned char pattern(unsigned char first, uint64_t i)
{
    return (unsigned char)(first + 31 * i);
}

/* Checks the input, writes each byte of it inverted, and the whole output where it is full. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    unsigned char *output = jobexec_job_output(job);
    struct shape *shape = jobexec_job_header(job);
    if (payload == &plain) {
        CHECK(output == NULL && shape == NULL && jobexec_job_input_bytes(job) == 0);
        CHECK(jobexec_job_output_bytes(job) == 0);
        CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_job_set_output(job, 0));
        return 0;
    }
    const unsigned char *input = payload;
    uint64_t bytes = jobexec_job_input_bytes(job);
    CHECK(bytes == shape->bytes && jobexec_job_output_bytes(job) == OUTPUT);
    for (uint64_t i = 0; i < bytes; i++) {
        CHECK(input[i] == pattern(shape->first, i));
        output[i] = 255 - input[i];
    }
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_job_set_output(job, OUTPUT + 1));
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_job_set_output(job, UINT64_MAX));
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_job_set_payload(job, &plain));
    if (bytes > 0) /* Else nobody says: the result shows none of what an earlier job wrote. */
        CHECK_IS(JOBEXEC_OK, jobexec_job_set_output(job, bytes == INPUT ? OUTPUT : bytes));
    shape->first++;
    return shape->first % 2;
}

static void put(jobexec_executor *exec, void *input, unsigned char first, uint64_t bytes)
{
    struct shape *shape;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_header(exec, input, (void **)&shape));
    *shape = (struct shape){.bytes = bytes, .first = first};
    for (uint64_t i = 0; i < INPUT; i++)
        ((unsigned char *)input)[i] = pattern(first, i);
    if (bytes < INPUT)
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_set_input(exec, input, bytes));
    CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, input, PATIENCE, NULL));
}

static void check_output(const jobexec_result *result)
{
    const struct shape *shape = result->header;
    unsigned char first = (unsigned char)(shape->first - 1);
    const unsigned char *input = result->payload, *output = result->output;
    CHECK(result->output_bytes == (shape->bytes == INPUT ? OUTPUT : shape->bytes));
    CHECK(result->outcome == (shape->first % 2 ? JOBEXEC_OUTCOME_FAILED : JOBEXEC_OUTCOME_DONE));
    CHECK(result->code == shape->first % 2);
    for (uint64_t i = 0; i < INPUT; i++)
        CHECK(input[i] == pattern(first, i));
    for (uint64_t i = 0; i < shape->bytes; i++)
        CHECK(output[i] == 255 - input[i]);
}

/* Acquires all there are, each apart from the others and aligned. */
static void acquire_all(jobexec_executor *exec, void *inputs[BUFFERS])
{
    for (int i = 0; i < BUFFERS; i++) {
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &inputs[i]));
        CHECK((uintptr_t)inputs[i] % 64 == 0);
        for (int j = 0; j < i; j++) {
            uintptr_t a = (uintptr_t)inputs[i], b = (uintptr_t)inputs[j];
            CHECK((a > b ? a - b : b - a) >= INPUT);
        }
    }
    void *none = &plain;
    CHECK_IS(JOBEXEC_FULL, jobexec_buffer_acquire(exec, &none));
    CHECK(none == &plain);
}

/* Everything that a caller who holds nothing there may try. */
static void check_not_held(jobexec_executor *exec, void *input)
{
    void *header = &plain;
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_buffer_release(exec, input));
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_buffer_set_input(exec, input, 1));
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_buffer_header(exec, input, &header));
    CHECK(header == &plain && jobexec_last_error()[0] != 0);
}

static void go_round(uint32_t workers)
{
    jobexec_config config = check_config(workers, transform);
    config.results = BUFFERS;
    config.queue_per_worker = BUFFERS;
    config.input_bytes = INPUT;
    config.output_bytes = OUTPUT;
    jobexec_executor *exec = check_start(&config);
    void *inputs[BUFFERS];
    jobexec_result held[BUFFERS];
    for (unsigned char round = 0; round < 50; round++) {
        acquire_all(exec, inputs);
        for (int i = 0; i < BUFFERS; i++)
            put(exec, inputs[i], (unsigned char)(round + i), (uint64_t)(round * i) % (INPUT + 1));
        for (int i = 0; i < BUFFERS; i++)
            check_not_held(exec, inputs[i]);
        /* All are held while others are polled, and checked when all are there. */
        for (int i = 0; i < BUFFERS; i++) {
            held[i] = check_result();
            CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &held[i]));
        }
        void *none;
        CHECK_IS(JOBEXEC_FULL, jobexec_buffer_acquire(exec, &none));
        for (int i = 0; i < BUFFERS; i++) {
            check_output(&held[i]);
            CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, held[i].payload));
            check_not_held(exec, held[i].payload);
        }
        check_quiet_accounts(exec);
    }
    CHECK(check_quiet_accounts(exec).accepted == 50 * BUFFERS);
    check_close(exec);
}

/* What is put twice, given back twice, or none of ours. The worker is held. */
static void misuse(void)
{
    struct gate gate;
    gate_init(&gate);
    jobexec_config config = check_config(1, gate_transform);
    config.user = &gate;
    config.input_bytes = INPUT;
    jobexec_executor *exec = check_start(&config);
    void *input, *other;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &other));
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, input, NULL));
    check_wait(&gate.at_work);
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put(exec, input, NULL));
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put_wait(exec, input, PATIENCE, NULL));
    check_not_held(exec, input);
    CHECK(check_quiet_accounts(exec).accepted == 1);

    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_buffer_set_input(exec, other, INPUT + 1));
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_buffer_set_input(exec, other, UINT64_MAX));
    CHECK(strstr(jobexec_last_error(), "100") != NULL);
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_set_input(exec, other, 0));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, other));
    check_not_held(exec, other);
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put(exec, other, NULL));
    check_not_held(exec, (char *)other + 1);
    check_not_held(exec, &plain);
    check_not_held(exec, NULL);
    check_not_held(exec, (void *)UINTPTR_MAX);
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_buffer_acquire(exec, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_buffer_acquire_wait(exec, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_buffer_header(exec, other, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_buffer_acquire(NULL, &input));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_buffer_release(NULL, other));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_buffer_set_input(NULL, other, 1));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_arena(NULL, NULL, NULL));

    sem_post(&gate.let_go);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK(result.payload == input && result.output_bytes == 0);
    /* A result's buffer may be put again as it is. */
    sem_post(&gate.let_go);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, result.payload, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, result.payload));
    CHECK(check_quiet_accounts(exec).done == 2);
    check_close(exec);
}

/* Payloads that are no buffers go beside them as ever; where there are no buffers, nothing of
 * them works, and nothing else is different. */
static void beside_plain_payloads(void)
{
    jobexec_config config = check_config(1, transform);
    jobexec_result result = check_result();
    void *input = &plain, *base = &plain;
    uint64_t bytes = 1;
    for (int buffers = 0; buffers < 2; buffers++) {
        config.input_bytes = buffers ? INPUT : 0;
        jobexec_executor *exec = check_start(&config);
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &plain, NULL));
        result.output = result.header = &plain;
        result.output_bytes = 7;
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        CHECK(result.payload == &plain && result.outcome == JOBEXEC_OUTCOME_DONE);
        CHECK(result.output == NULL && result.output_bytes == 0 && result.header == NULL);
        if (!buffers) {
            CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_buffer_acquire(exec, &input));
            CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_buffer_acquire_wait(exec, PATIENCE, &input));
            check_not_held(exec, &plain);
            CHECK_IS(JOBEXEC_OK, jobexec_arena(exec, &base, &bytes));
            CHECK(input == &plain && base == NULL && bytes == 0);
        }
        check_quiet_accounts(exec);
        check_close(exec);
    }
}

int main(void)
{
    for (uint32_t workers = 0; workers < 3; workers++)
        go_round(workers);
    misuse();
    beside_plain_payloads();
    return 0;
}
