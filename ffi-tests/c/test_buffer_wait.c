/* Waiting for a free buffer: until the deadline, or until a release, a reset, an abort or a close.
 * And many threads that go round at once, each byte of each batch checked. */

#include "check.h"

#include <stdatomic.h>

enum { THREADS = 4, ROUNDS = 5000, BYTES = 200 };

static jobexec_executor *exec;

struct waiter {
    jobexec_status answer;
    atomic_int thread;
};

static void release(void *input)
{
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, input));
}

static void *wait_for_a_buffer(void *argument)
{
    struct waiter *waiter = argument;
    waiter->thread = gettid();
    void *input;
    /* Longer than its join waits, so that a deadline is not taken for news. */
    waiter->answer = jobexec_buffer_acquire_wait(exec, 2 * PATIENCE, &input);
    if (waiter->answer == JOBEXEC_OK)
        release(input);
    return NULL;
}

static int32_t mirror(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    void *input;
    CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_buffer_acquire_wait(exec, 0, &input));
    const unsigned char *from = payload;
    unsigned char *to = jobexec_job_output(job);
    uint64_t bytes = jobexec_job_input_bytes(job);
    for (uint64_t i = 0; i < bytes; i++)
        to[bytes - 1 - i] = from[i];
    memcpy(jobexec_job_header(job), &bytes, sizeof bytes);
    return jobexec_job_set_output(job, bytes);
}

static jobexec_config config(uint32_t workers, uint32_t results)
{
    jobexec_config config = check_config(workers, mirror);
    config.results = results;
    config.queue_per_worker = results;
    config.input_bytes = config.output_bytes = BYTES;
    return config;
}

enum event { RELEASE, RESET, ABORT, CLOSE };

/* Two sleepers, and what comes to them. A buffer goes from one to the other. */
static void wake(enum event event)
{
    struct gate gate;
    gate_init(&gate);
    jobexec_config one = config(1, 1);
    one.user = &gate;
    one.transform = gate_transform;
    exec = check_start(&one);
    void *input, *none;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire_wait(exec, PATIENCE, &input));
    uint64_t before = now_ns();
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_buffer_acquire_wait(exec, 20 * MILLISECOND, &none));
    uint64_t after = now_ns();
    CHECK(after - before >= 20 * MILLISECOND && after - before < PATIENCE);
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_buffer_acquire_wait(exec, 0, &none));

    struct waiter waiters[2] = {{.answer = JOBEXEC_EMPTY}, {.answer = JOBEXEC_EMPTY}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        threads[i] = check_thread(wait_for_a_buffer, &waiters[i]);
        CHECK_SOON(waiters[i].thread != 0 && check_is_asleep(waiters[i].thread));
    }
    if (event == RESET)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, input, NULL));
    jobexec_status answer = JOBEXEC_OK;
    switch (event) {
    case RELEASE:
        release(input);
        break;
    case RESET: /* Gives back a job that the worker has at hand as soon as that is done. */
        check_wait(&gate.at_work);
        CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
        sem_post(&gate.let_go);
        break;
    case ABORT:
        CHECK_IS(JOBEXEC_OK, jobexec_abort(exec));
        answer = JOBEXEC_ABORTED;
        break;
    case CLOSE:
        CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
        answer = JOBEXEC_CLOSED;
    }
    for (int i = 0; i < 2; i++)
        check_join(threads[i]);
    if (answer != JOBEXEC_OK)
        release(input);
    CHECK(waiters[0].answer == answer && waiters[1].answer == answer);
    CHECK_SOON(check_accounts(exec).outstanding == 0); /* A buffer is free before its job is. */
    check_quiet_accounts(exec);
    check_close(exec);
}

/* ---- All at once ---- */

static atomic_int rounds;

static unsigned char pattern(uint64_t first, uint64_t i)
{
    return (unsigned char)(first * 7 + i * (first | 1));
}

static void check_mirrored(const jobexec_result *result)
{
    uint64_t bytes, first = 0;
    const unsigned char *input = result->payload, *output = result->output;
    memcpy(&bytes, result->header, sizeof bytes);
    memcpy(&first, input, sizeof first);
    CHECK(result->outcome == JOBEXEC_OUTCOME_DONE && result->output_bytes == bytes);
    for (uint64_t i = 0; i < bytes; i++) {
        CHECK(i < sizeof first || input[i] == pattern(first, i));
        CHECK(output[bytes - 1 - i] == input[i]);
    }
}

/* Fills one, and takes whichever is ready: the ring turns as long as everybody does both. */
static void *go_round(void *argument)
{
    jobexec_result result = check_result();
    for (uint64_t round; (round = (uint64_t)rounds++) < ROUNDS;) {
        unsigned char *input;
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire_wait(exec, PATIENCE, (void **)&input));
        uint64_t bytes = sizeof round + round % (BYTES - sizeof round + 1);
        memcpy(input, &round, sizeof round);
        for (uint64_t i = sizeof round; i < bytes; i++)
            input[i] = pattern(round, i);
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_set_input(exec, input, bytes));
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, input, PATIENCE, NULL));
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        check_mirrored(&result);
        release(result.payload);
        if (round % 512 == 0)
            check_accounts(exec);
    }
    return argument;
}

static void all_at_once(uint32_t workers, uint32_t results)
{
    jobexec_config all = config(workers, results);
    exec = check_start(&all);
    rounds = 0;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        threads[i] = check_thread(go_round, NULL);
    for (int i = 0; i < THREADS; i++)
        check_join(threads[i]);
    CHECK(check_quiet_accounts(exec).done == ROUNDS);
    void *inputs[8];
    for (uint32_t i = 0; i < results; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &inputs[i]));
    CHECK_IS(JOBEXEC_FULL, jobexec_buffer_acquire(exec, &inputs[0]));
    check_close(exec);
}

int main(void)
{
    for (enum event event = RELEASE; event <= CLOSE; event++)
        wake(event);
    for (uint32_t workers = 0; workers < 3; workers++) {
        all_at_once(workers, 1);
        all_at_once(workers, 3);
        all_at_once(workers, 8);
    }
    return 0;
}
