/* Jobs that run too long at threads: options of a put, a thread that is set aside and comes back or
 * ends in its transform, and what the callbacks are told. */

#include "check.h"

#include <stdatomic.h>

static struct gate gate;
static atomic_int inits, exits, destroyed;
static _Atomic(void *) discarded;
static int listens, hangs, hangs_and_ends, plain; /* Payloads, by their addresses. */

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    if (payload == &listens)
        CHECK_SOON(jobexec_job_is_cancelled(job));
    if (payload == &hangs || payload == &hangs_and_ends) {
        gate_pass(&gate);
        CHECK(jobexec_job_is_cancelled(job));
        CHECK_IS(JOBEXEC_OK, jobexec_job_set_message(job, "nobody reads this"));
    }
    if (payload == &hangs_and_ends)
        pthread_exit(NULL);
    return 3;
}

static int32_t init(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    inits++;
    return 0;
}

static void leave(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    exits++;
}

static void discard(void *user, void *payload)
{
    (void)user;
    CHECK(discarded == NULL);
    discarded = payload;
}

static void destroy(void *user)
{
    (void)user;
    destroyed++;
}

static jobexec_result poll(jobexec_executor *exec)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    return result;
}

/* A put with options. */
static void options(void)
{
    jobexec_config config = check_config(1, transform);
    CHECK(config.job_timeout_ns == 0 && config.abandon_after_ns == SECOND &&
          config.max_abandoned == 4);
    config.results = config.queue_per_worker = 1;
    config.job_timeout_ns = UINT64_MAX;
    jobexec_executor *exec = check_start(&config);
    jobexec_put_options options = {.size = sizeof options, .job_timeout_ns = 100 * MILLISECOND};
    uint64_t id;
    CHECK_IS(JOBEXEC_OK, jobexec_put_with(exec, &listens, &options, &id));
    CHECK_IS(JOBEXEC_FULL, jobexec_put_with(exec, &plain, &options, NULL));
    options.wait_ns = MILLISECOND;
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_put_with(exec, &plain, &options, NULL));
    jobexec_result result = poll(exec);
    CHECK(result.job_id == id && result.outcome == JOBEXEC_OUTCOME_TIMED_OUT);
    CHECK(result.payload == &listens && result.code == 0);
    CHECK_IS(JOBEXEC_OK, jobexec_put_with(exec, &plain, &options, NULL));
    CHECK(poll(exec).outcome == JOBEXEC_OUTCOME_FAILED);
    options.size--;
    CHECK_IS(JOBEXEC_ERROR_SIZE, jobexec_put_with(exec, &plain, &options, NULL));
    options.size++;
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_put_with(exec, &plain, NULL, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_put_with(NULL, &plain, &options, NULL));
    check_close(exec);

    config.job_timeout_ns = 0;
    exec = check_start(&config);
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_put_with(exec, &plain, &options, NULL));
    CHECK(strstr(jobexec_last_error(), "job_timeout_ns") != NULL);
    check_close(exec);

    config.job_timeout_ns = SECOND;
    config.timing = 0;
    exec = NULL;
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_start(&config, PATIENCE, &exec));
    CHECK(strstr(jobexec_last_error(), "timing") != NULL);
}

static void set_aside(void *payload)
{
    gate_init(&gate);
    inits = exits = destroyed = 0;
    discarded = NULL;
    jobexec_config config = check_config(1, transform);
    config.job_timeout_ns = config.abandon_after_ns = 100 * MILLISECOND;
    config.worker_init = init;
    config.worker_exit = leave;
    config.discard = discard;
    config.user_destructor = destroy;
    config.user = &gate;
    jobexec_executor *exec = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, payload, NULL));
    check_wait(&gate.at_work);
    jobexec_result result = poll(exec);
    CHECK(result.outcome == JOBEXEC_OUTCOME_TIMED_OUT && result.payload == NULL);
    CHECK(strstr(result.message, "its thread has it still") != NULL);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &plain, NULL));
    CHECK(poll(exec).outcome == JOBEXEC_OUTCOME_FAILED);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.abandoned == 1 && n.timed_out == 1 && n.failed == 1 && n.outstanding == 0);
    CHECK(inits == 2 && discarded == NULL);
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_close(exec, MILLISECOND));
    CHECK(strstr(jobexec_last_error(), "set aside in job 0 of session 0") != NULL);
    CHECK(destroyed == 0);
    sem_post(&gate.let_go);
    check_close(exec);
    CHECK(discarded == payload && inits == 2 && exits == 1 && destroyed == 1);
}

int main(void)
{
    options();
    set_aside(&hangs);
    set_aside(&hangs_and_ends);
    return 0;
}
