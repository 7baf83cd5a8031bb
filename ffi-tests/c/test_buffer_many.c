/* Buffers put and polled in rows, by threads and by processes: one that is not held ends what is
 * put, those refused are still held, and each comes back in its place. */

#include "check_process.h"

enum { BUFFERS = 6 };

static const char *const self[] = {"/proc/self/exe", NULL};
static struct gate gate;

/* Writes the input's first byte, plus 1. With 255 it is held, which only a thread can be. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    unsigned char *output = jobexec_job_output(job);
    if (output == NULL)
        return 0; /* A plain payload. */
    const unsigned char *input = payload;
    if (input[0] == 255)
        gate_pass(&gate);
    output[0] = (unsigned char)(input[0] + 1);
    return jobexec_job_set_output(job, 1);
}

/* Worker threads, in the caller's thread where there are none of them; or processes. */
static jobexec_executor *start(uint32_t workers, int are_processes, uint32_t queue_per_worker)
{
    jobexec_config config = check_config(workers, transform);
    if (are_processes)
        config = check_processes(workers, self);
    config.input_bytes = config.output_bytes = CHECK_BYTES;
    config.results = BUFFERS;
    config.queue_per_worker = queue_per_worker;
    return check_start(&config);
}

/* All there are, filled with their index. */
static void acquire_all(jobexec_executor *exec, void *inputs[BUFFERS])
{
    for (int i = 0; i < BUFFERS; i++) {
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire_wait(exec, PATIENCE, &inputs[i]));
        *(unsigned char *)inputs[i] = (unsigned char)i;
    }
    void *none;
    CHECK_IS(JOBEXEC_FULL, jobexec_buffer_acquire(exec, &none));
}

static void check_held(jobexec_executor *exec, void *const *inputs, int count, jobexec_status held)
{
    for (int i = 0; i < count; i++)
        CHECK_IS(held, jobexec_buffer_set_input(exec, inputs[i], CHECK_BYTES));
}

/* Puts from the front; so many must be accepted, and these are no longer held. */
static void put(jobexec_executor *exec, void *const *inputs, uint64_t count, uint64_t expected)
{
    uint64_t accepted = 0, before = check_accounts(exec).accepted;
    CHECK_IS(JOBEXEC_OK, jobexec_put_many_wait(exec, inputs, count, PATIENCE, &accepted, NULL));
    CHECK(accepted == expected && check_accounts(exec).accepted == before + expected);
}

/* Polls so many, and releases them. Answers a bit for each place that an input says it has. */
static int take(jobexec_executor *exec, int count)
{
    jobexec_result results[BUFFERS];
    results[0].size = sizeof results[0];
    int places = 0;
    for (uint64_t polled; count > 0; count -= (int)polled) {
        CHECK_IS(JOBEXEC_OK,
                 jobexec_poll_many_wait(exec, PATIENCE, results, (uint64_t)count, &polled));
        CHECK(polled >= 1 && polled <= (uint64_t)count);
        for (uint64_t i = 0; i < polled; i++) {
            unsigned char *input = results[i].payload, *output = results[i].output;
            CHECK(results[i].outcome == JOBEXEC_OUTCOME_DONE && results[i].output_bytes == 1);
            CHECK(output[0] == (unsigned char)(input[0] + 1) && results[i].header != NULL);
            places |= 1 << input[0] % 8;
            CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, input));
        }
    }
    return places;
}

static void rows(uint32_t workers, int are_processes)
{
    jobexec_executor *exec = start(workers, are_processes, BUFFERS);
    void *inputs[BUFFERS];
    uint64_t n = 7;
    for (int round = 0; round < 50; round++) {
        acquire_all(exec, inputs);
        put(exec, inputs, BUFFERS, BUFFERS);
        check_held(exec, inputs, BUFFERS, JOBEXEC_ERROR_NOT_HELD);
        CHECK(take(exec, BUFFERS) == 63);
    }

    /* One in the middle is not held. */
    acquire_all(exec, inputs);
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, inputs[2]));
    put(exec, inputs, BUFFERS, 2);
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put_many(exec, inputs + 2, 4, &n, NULL));
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put_many_wait(exec, inputs + 2, 4, 0, &n, NULL));
    check_held(exec, inputs + 3, 3, JOBEXEC_OK);
    put(exec, inputs + 3, 3, 3);
    CHECK(n == 7 && take(exec, 5) == (63 & ~4));

    /* One is in the list twice. */
    acquire_all(exec, inputs);
    void *const twice[] = {inputs[0], inputs[1], inputs[0], inputs[2]};
    put(exec, twice, 4, 2);
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put_many(exec, twice + 2, 2, &n, NULL));
    check_held(exec, inputs + 2, 4, JOBEXEC_OK);
    put(exec, inputs + 2, 4, 4);
    CHECK(take(exec, BUFFERS) == 63);

    /* One is no buffer: that is for threads. */
    acquire_all(exec, inputs);
    void *const mixed[] = {inputs[0], &n, inputs[1]};
    put(exec, mixed, 3, are_processes ? 1 : 3);
    check_held(exec, inputs + 1, 1, are_processes ? JOBEXEC_OK : JOBEXEC_ERROR_NOT_HELD);
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    check_held(exec, inputs + 2, 4, JOBEXEC_OK);

    /* What is refused is still held. */
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_ERROR_FINISHED, jobexec_put_many(exec, inputs + 2, 4, &n, NULL));
    check_held(exec, inputs + 2, 4, JOBEXEC_OK);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK_IS(JOBEXEC_CLOSED, jobexec_put_many(exec, inputs + 2, 4, &n, NULL));
    check_held(exec, inputs + 2, 4, JOBEXEC_OK);
    check_close(exec);
}

/* Of a row that the queue has no room for, the rest is still held. */
static void a_short_queue(void)
{
    gate_init(&gate);
    jobexec_executor *exec = start(1, 0, 2);
    void *inputs[BUFFERS];
    uint64_t n = 7;
    acquire_all(exec, inputs);
    *(unsigned char *)inputs[0] = 255;
    put(exec, inputs, 1, 1);
    check_wait(&gate.at_work);
    put(exec, inputs + 1, 5, 2);
    CHECK_IS(JOBEXEC_FULL, jobexec_put_many(exec, inputs + 3, 3, &n, NULL));
    CHECK_IS(JOBEXEC_TIMEOUT,
             jobexec_put_many_wait(exec, inputs + 3, 3, MILLISECOND, &n, NULL));
    CHECK(n == 7);
    check_held(exec, inputs, 3, JOBEXEC_ERROR_NOT_HELD);
    check_held(exec, inputs + 3, 3, JOBEXEC_OK);
    sem_post(&gate.let_go);
    CHECK_SOON(check_accounts(exec).ready == 3);
    put(exec, inputs + 3, 2, 2);
    CHECK(take(exec, 5) == (1 << 255 % 8 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4));
    check_held(exec, inputs + 5, 1, JOBEXEC_OK);
    check_close(exec);
}

int main(void)
{
    if (jobexec_is_worker())
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
    for (uint32_t workers = 0; workers < 3; workers++)
        rows(workers, 0);
    rows(1, 1);
    rows(2, 1);
    a_short_queue();
    return 0;
}
