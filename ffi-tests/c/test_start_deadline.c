/* A start ends by its deadline, and whoever owns the user pointer afterwards frees it once. */

#include "check.h"

#include <stdatomic.h>

static struct gate gate;
static sem_t gone;
static atomic_int entered, left, destroyed;

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

static int32_t blocking_init(void *user, uint32_t worker)
{
    (void)worker;
    gate_pass(user);
    entered++;
    return 0;
}

static void worker_exit(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    left++;
}

static int32_t refusing_init(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    return -1;
}

static void destroy(void *user)
{
    CHECK(user == &gate);
    destroyed++;
    sem_post(&gone);
}

static jobexec_config blocking(void)
{
    gate_init(&gate);
    sem_init(&gone, 0, 0);
    entered = left = destroyed = 0;
    jobexec_config config = check_config(2, transform);
    config.worker_init = blocking_init;
    config.worker_exit = worker_exit;
    config.user = &gate;
    config.user_destructor = destroy;
    return config;
}

static void too_late(void)
{
    jobexec_config config = blocking();
    jobexec_executor *const before = (jobexec_executor *)&config, *exec = before;
    uint64_t begun = now_ns();
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_start(&config, 50 * MILLISECOND, &exec));
    uint64_t took = now_ns() - begun;
    CHECK(took >= 50 * MILLISECOND && took < 5 * SECOND);
    CHECK(exec == before);
    CHECK(strstr(jobexec_last_error(), "0 of 2 workers") != NULL);
    CHECK(destroyed == 0);

    for (int i = 0; i < 2; i++)
        check_wait(&gate.at_work);
    sem_post(&gate.let_go);
    CHECK_SOON(left == 1);
    CHECK(destroyed == 0); /* The other is still at work. */
    sem_post(&gate.let_go);
    check_wait(&gone);
    CHECK(destroyed == 1 && entered == 2 && left == 2);
}

/* Without waiting for the workers there is nothing to be late for. */
static void not_waiting(void)
{
    jobexec_config config = blocking();
    config.wait_until_workers_run = 0;
    jobexec_executor *exec = NULL;
    CHECK_IS(JOBEXEC_OK, jobexec_start(&config, 50 * MILLISECOND, &exec));
    CHECK(entered == 0);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK(check_quiet_accounts(exec).queued == 1);
    for (int i = 0; i < 2; i++)
        sem_post(&gate.let_go);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    check_close(exec);
    CHECK(destroyed == 1 && entered == left);
}

static void refused(void)
{
    jobexec_config config = blocking();
    config.worker_init = refusing_init;
    jobexec_executor *exec = NULL;
    CHECK_IS(JOBEXEC_ERROR_WORKER, jobexec_start(&config, PATIENCE, &exec));
    check_wait(&gone);
    CHECK(exec == NULL && destroyed == 1 && left == 0);

    /* On any other error the pointer stays the caller's. */
    config.spin_ns = UINT64_MAX;
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_start(&config, PATIENCE, &exec));
    CHECK(exec == NULL && destroyed == 1);
}

int main(void)
{
    too_late();
    not_waiting();
    refused();
    return 0;
}
