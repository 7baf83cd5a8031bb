/* A worker that hangs holds up neither close, beyond its deadline, nor free. */

#include "check.h"

#include <stdatomic.h>

static struct gate gate;
static atomic_int callbacks, discarded, destroyed;
static sem_t gone;

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    callbacks++;
    return gate_transform(user, payload, job);
}

static void worker_exit(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    callbacks++;
}

static void discard(void *user, void *payload)
{
    (void)user, (void)payload;
    callbacks++;
    discarded++;
}

static void destroy(void *user)
{
    CHECK(user == &gate);
    destroyed++;
    sem_post(&gone);
}

/* An executor with one job that hangs and one that waits. */
static jobexec_executor *start_stuck(void)
{
    callbacks = discarded = destroyed = 0;
    gate_init(&gate);
    sem_init(&gone, 0, 0);
    jobexec_config config = check_config(1, transform);
    config.worker_exit = worker_exit;
    config.discard = discard;
    config.user = &gate;
    config.user_destructor = destroy;
    jobexec_executor *exec = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    check_wait(&gate.at_work);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    return exec;
}

static void close_again(void)
{
    jobexec_executor *exec = start_stuck();
    uint64_t before = now_ns();
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_close(exec, 50 * MILLISECOND));
    uint64_t took = now_ns() - before;
    CHECK(took >= 50 * MILLISECOND && took < 5 * SECOND);
    CHECK(strstr(jobexec_last_error(), "worker 0") != NULL);
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_close(exec, 0));

    char report[4096];
    CHECK_IS(JOBEXEC_OK, jobexec_report(exec, report, sizeof report, NULL));
    CHECK(strstr(report, "no longer wanted") != NULL);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_CLOSED, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_CLOSED, jobexec_poll(exec, &result));
    CHECK(discarded == 1 && destroyed == 0);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.running == 1 && n.outstanding == 1);

    sem_post(&gate.let_go);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK(discarded == 2 && destroyed == 1);
    int after = callbacks;
    CHECK(after == 4); /* One transform, two discards, one exit. */
    check_close(exec);
    CHECK(callbacks == after && destroyed == 1);
}

static void free_while_stuck(void)
{
    jobexec_executor *exec = start_stuck();
    CHECK(check_quiet_accounts(exec).outstanding == 2);
    uint64_t before = now_ns();
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
    CHECK(now_ns() - before < 5 * SECOND);
    CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_put(exec, NULL, NULL));
    CHECK(discarded == 1 && destroyed == 0);

    /* The next executor has nothing of this one. */
    jobexec_config config = check_config(1, gate_transform);
    struct gate other;
    gate_init(&other);
    config.user = &other;
    sem_post(&other.let_go);
    jobexec_executor *next = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_put(next, NULL, NULL));
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(next, PATIENCE, &result));
    check_close(next);

    /* The last to leave calls the destructor, after every other callback. */
    sem_post(&gate.let_go);
    check_wait(&gone);
    CHECK(callbacks == 4 && discarded == 2 && destroyed == 1);
}

int main(void)
{
    close_again();
    free_while_stuck();
    return 0;
}
