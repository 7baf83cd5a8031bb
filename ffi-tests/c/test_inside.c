/*
 * From inside a callback, what could wait for the callback itself is an error and no deadlock;
 * calls on another executor are allowed.
 */

#include "check.h"

#include <stdatomic.h>

/* The executor whose callbacks run, and another. */
static jobexec_executor *_Atomic exec, *other;
static sem_t started;
enum { TRANSFORM, INIT, EXIT, DISCARD, LOG, DESTRUCTOR, CALLBACKS };
static atomic_int calls[CALLBACKS];

static int32_t nothing(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

static void called(int callback)
{
    jobexec_result result = check_result();
    jobexec_counters counters = {.size = sizeof counters};
    CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_reset(exec, NULL));
    CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_close(exec, PATIENCE));
    CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_free(exec));
    CHECK_IS(JOBEXEC_OK, jobexec_stats(exec, &counters));
    CHECK_IS(JOBEXEC_OK, jobexec_report(exec, NULL, 0, NULL));

    CHECK_IS(JOBEXEC_OK, jobexec_put_wait(other, NULL, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(other, PATIENCE, &result));
    calls[callback]++;
}

/* With a payload it dies, so that somebody has something to log. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    called(TRANSFORM);
    if (payload != NULL)
        pthread_exit(NULL);
    return 0;
}

static int32_t worker_init(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    check_wait(&started);
    sem_post(&started);
    called(INIT);
    return 0;
}

static void worker_exit(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    called(EXIT);
}

static void discard(void *user, void *payload)
{
    (void)user, (void)payload;
    called(DISCARD);
}

static void report(void *user, int32_t level, const char *text)
{
    (void)user, (void)level, (void)text;
    called(LOG);
}

static void destroy(void *user)
{
    (void)user;
    called(DESTRUCTOR);
}

static void inside(uint32_t workers)
{
    sem_init(&started, 0, 0);
    memset(calls, 0, sizeof calls);
    jobexec_config config = check_config(workers, transform);
    config.pinning = JOBEXEC_PIN_OFF;
    config.wait_until_workers_run = 0; /* So that init knows the handle. */
    config.worker_init = worker_init;
    config.worker_exit = worker_exit;
    config.discard = discard;
    config.log = report;
    config.user_destructor = destroy;
    exec = check_start(&config);
    sem_post(&started);

    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    if (workers > 0) {
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &config, NULL));
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        CHECK(result.outcome == JOBEXEC_OUTCOME_CRASHED);
        CHECK_SOON(calls[LOG] == 1 && calls[INIT] == (int)workers + 1);
    }
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_SOON(check_accounts(exec).ready == 1);
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK(calls[DISCARD] == 1);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK(calls[DISCARD] == 2 && calls[EXIT] == (int)workers && calls[DESTRUCTOR] == 1);
    check_close(exec);
}

int main(void)
{
    jobexec_config config = check_config(1, nothing);
    config.results = 100;
    config.queue_per_worker = 100;
    other = check_start(&config);
    inside(2);
    inside(0);
    CHECK(check_quiet_accounts(other).outstanding == 0);
    check_close(other);
    return 0;
}
