/* Whatever ends a job, its buffer is free again, and the discard callback is for other payloads.
 * What the host holds stays with it. */

#include "check.h"

#include <stdatomic.h>

enum { BUFFERS = 4, BYTES = 64 };

static int plain;
static atomic_int discarded;

static void discard(void *user, void *payload)
{
    (void)user;
    CHECK(payload == &plain);
    discarded++;
}

static jobexec_executor *start(struct gate *gate)
{
    gate_init(gate);
    jobexec_config config = check_config(1, gate_transform);
    config.queue_per_worker = BUFFERS + 1;
    config.results = BUFFERS + 1; /* One buffer more, which the host holds. */
    config.input_bytes = BYTES;
    config.output_bytes = BYTES;
    config.discard = discard;
    config.user = gate;
    return check_start(&config);
}

static void *acquire(jobexec_executor *exec)
{
    void *input;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
    return input;
}

static void put(jobexec_executor *exec, void *payload)
{
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, payload, NULL));
}

/* One ready, one running, two waiting, and one that the host holds. Returns the latter. */
static unsigned char *spread(jobexec_executor *exec, struct gate *gate)
{
    unsigned char *held = acquire(exec);
    memset(held, 0xab, BYTES);
    for (int i = 0; i < BUFFERS; i++)
        put(exec, acquire(exec));
    void *none;
    CHECK_IS(JOBEXEC_FULL, jobexec_buffer_acquire(exec, &none));
    check_wait(&gate->at_work);
    sem_post(&gate->let_go);
    check_wait(&gate->at_work);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.ready == 1 && n.running == 1 && n.queued == BUFFERS - 2);
    return held;
}

static void check_held(const unsigned char *held)
{
    for (int i = 0; i < BYTES; i++)
        CHECK(held[i] == 0xab);
}

/* Just so many are free. */
static void check_free(jobexec_executor *exec, int count)
{
    void *inputs[BUFFERS + 1], *none;
    for (int i = 0; i < count; i++)
        inputs[i] = acquire(exec);
    CHECK_IS(JOBEXEC_FULL, jobexec_buffer_acquire(exec, &none));
    for (int i = 0; i < count; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, inputs[i]));
}

static void reset(void)
{
    struct gate gate;
    jobexec_executor *exec = start(&gate);
    void *held = spread(exec, &gate);
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    check_free(exec, BUFFERS - 1); /* But for the one that a worker is at. */
    check_held(held);
    sem_post(&gate.let_go);
    CHECK_SOON(jobexec_is_idle(exec));
    check_free(exec, BUFFERS);
    CHECK(check_quiet_accounts(exec).discarded == BUFFERS);

    /* The new session takes what was held, and finds its end. */
    put(exec, held);
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    sem_post(&gate.let_go);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK(result.payload == held && result.session == 1);
    CHECK_IS(JOBEXEC_END, jobexec_poll_wait(exec, PATIENCE, &result));
    void *next = acquire(exec); /* Of the next session; nothing forbids to fill it now. */
    CHECK_IS(JOBEXEC_ERROR_FINISHED, jobexec_put(exec, next, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_set_input(exec, next, 1)); /* Still ours. */
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    put(exec, next);
    check_wait(&gate.at_work);
    sem_post(&gate.let_go);
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, next));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, held));
    check_free(exec, BUFFERS + 1);
    CHECK(discarded == 0);
    check_close(exec);
}

/* A plain payload among them is discarded as ever. */
static void discard_others(void)
{
    struct gate gate;
    jobexec_executor *exec = start(&gate);
    put(exec, acquire(exec));
    put(exec, &plain);
    put(exec, acquire(exec));
    check_wait(&gate.at_work);
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    sem_post(&gate.let_go);
    CHECK_SOON(jobexec_is_idle(exec));
    check_free(exec, BUFFERS + 1);
    CHECK(discarded == 1 && check_quiet_accounts(exec).discarded == 3);
    check_close(exec);
    discarded = 0;
}

/* Ends by a close, perhaps after an abort, with jobs everywhere. */
static void end(int abort)
{
    struct gate gate;
    jobexec_executor *exec = start(&gate);
    unsigned char *held = spread(exec, &gate);
    jobexec_status answer = abort ? JOBEXEC_ABORTED : JOBEXEC_CLOSED;
    jobexec_result result = check_result();
    void *none;
    if (abort)
        CHECK_IS(JOBEXEC_OK, jobexec_abort(exec));
    else
        CHECK_IS(JOBEXEC_TIMEOUT, jobexec_close(exec, 0));
    CHECK_IS(answer, jobexec_buffer_acquire(exec, &none));
    CHECK_IS(answer, jobexec_buffer_acquire_wait(exec, PATIENCE, &none));
    CHECK_IS(answer, jobexec_put(exec, held, NULL));
    CHECK_IS(answer, jobexec_put_wait(exec, held, PATIENCE, NULL));
    CHECK_IS(answer, jobexec_poll(exec, &result));
    check_accounts(exec);
    sem_post(&gate.let_go);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.discarded == BUFFERS && n.outstanding == 0 && discarded == 0);

    /* What is held is held until it is given back, or the executor is freed. */
    check_held(held);
    void *header;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_header(exec, held, &header));
    memset(header, 1, JOBEXEC_HEADER_BYTES);
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_set_input(exec, held, 1));
    memset(held, 0, BYTES);
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, held));
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_buffer_release(exec, held));
    CHECK_IS(JOBEXEC_CLOSED, jobexec_buffer_acquire(exec, &none));
    check_close(exec);
}

/* Freed with buffers everywhere, and a worker in one of them, which goes on using it. */
static void free_at_work(void)
{
    static struct gate gate; /* The worker may leave it after this function. */
    jobexec_executor *exec = start(&gate);
    spread(exec, &gate);
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
    sem_post(&gate.let_go);
}

/* A buffer whose worker dies comes back with its result. */
static int32_t die(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    CHECK_IS(JOBEXEC_OK, jobexec_job_set_output(job, 1));
    *(char *)jobexec_job_output(job) = *(char *)payload;
    pthread_exit(NULL);
}

static void worker_death(void)
{
    jobexec_config config = check_config(1, die);
    config.input_bytes = config.output_bytes = BYTES;
    config.max_restarts = 1;
    jobexec_executor *exec = check_start(&config);
    jobexec_result result = check_result();
    char *input = acquire(exec), *other = acquire(exec);
    *input = 7;
    put(exec, input);
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK(result.payload == input && result.outcome == JOBEXEC_OUTCOME_CRASHED);
    CHECK(result.output_bytes == 1 && *(char *)result.output == 7);
    put(exec, other);
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    /* Nobody is left. */
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_poll_wait(exec, PATIENCE, &result));
    void *none;
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_buffer_acquire_wait(exec, PATIENCE, &none));
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_put(exec, input, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, input));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, other));
    CHECK(check_quiet_accounts(exec).crashed == 2);
    check_close(exec);
}

int main(void)
{
    reset();
    discard_others();
    end(0);
    end(1);
    free_at_work();
    worker_death();
    return 0;
}
