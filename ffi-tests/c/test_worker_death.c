/* A worker that dies costs its job the outcome CRASHED, and nobody else anything. */

#include "check.h"

#include <stdatomic.h>

static struct gate gate;
static atomic_int errors_logged;
static int deadly, held; /* Payloads, by their addresses. */

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    if (payload == &held)
        gate_pass(&gate);
    if (payload == &held || payload == &deadly)
        pthread_exit(NULL);
    return 0;
}

static void count_errors(void *user, int32_t level, const char *text)
{
    (void)user;
    errors_logged += level == JOBEXEC_LOG_ERROR && strstr(text, "worker") != NULL;
}

static int report_says(jobexec_executor *exec, const char *words)
{
    char text[8192];
    CHECK_IS(JOBEXEC_OK, jobexec_report(exec, text, sizeof text, NULL));
    return strstr(text, words) != NULL;
}

static void replaced(void)
{
    enum { JOBS = 60 };
    int payloads[JOBS];
    errors_logged = 0;
    jobexec_config config = check_config(2, transform);
    config.log = count_errors;
    config.results = JOBS;
    jobexec_executor *exec = check_start(&config);
    for (int i = 0; i < JOBS; i++) {
        void *payload = i % 20 == 10 ? (void *)&deadly : (void *)&payloads[i];
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, payload, PATIENCE, NULL));
    }
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    jobexec_result result = check_result();
    jobexec_status status;
    while ((status = jobexec_poll_wait(exec, PATIENCE, &result)) == JOBEXEC_OK) {
        int crashed = result.number % 20 == 10;
        CHECK(result.outcome == (crashed ? JOBEXEC_OUTCOME_CRASHED : JOBEXEC_OUTCOME_DONE));
        CHECK(result.payload == (crashed ? (void *)&deadly : (void *)&payloads[result.number]));
        CHECK(result.worker < 2);
    }
    CHECK_IS(JOBEXEC_END, status);
    CHECK_SOON(check_accounts(exec).restarts == 3 && errors_logged == 3);
    CHECK_SOON(report_says(exec, "died and was replaced") && report_says(exec, "3 restarted"));
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.crashed == 3 && n.done == JOBS - 3 && n.outstanding == 0);

    /* Both workers are there again. */
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    gate_init(&gate);
    for (int i = 0; i < 2; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &held, NULL));
    for (int i = 0; i < 2; i++)
        check_wait(&gate.at_work);
    for (int i = 0; i < 2; i++)
        sem_post(&gate.let_go);
    for (int i = 0; i < 2; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    check_close(exec);
}

static int32_t die_in_init(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    pthread_exit(NULL);
}

static int32_t refuse(void *user, uint32_t worker)
{
    (void)user;
    return worker == 1 ? 7 : 0;
}

struct mood {
    atomic_int inits;
    int refusals;
};

/* The first replacements, as many as the user says, do not want to work. */
static int32_t refuse_later(void *user, uint32_t worker)
{
    (void)worker;
    struct mood *mood = user;
    int init = mood->inits++;
    return init > 0 && init <= mood->refusals ? 7 : 0;
}

static void not_started(jobexec_worker_init init, const char *word)
{
    jobexec_executor *const before = (jobexec_executor *)&gate, *exec = before;
    jobexec_config config = check_config(2, transform);
    config.worker_init = init;
    CHECK_IS(JOBEXEC_ERROR_WORKER, jobexec_start(&config, PATIENCE, &exec));
    CHECK(strstr(jobexec_last_error(), word) != NULL);
    CHECK(exec == before);
}

struct waiter {
    jobexec_executor *exec;
    atomic_int thread;
    jobexec_status status;
};

static void *wait_to_put(void *argument)
{
    struct waiter *waiter = argument;
    waiter->thread = gettid();
    waiter->status = jobexec_put_wait(waiter->exec, NULL, PATIENCE, NULL);
    return NULL;
}

static void *wait_to_poll(void *argument)
{
    struct waiter *waiter = argument;
    waiter->thread = gettid();
    jobexec_result result = check_result();
    while ((waiter->status = jobexec_poll_wait(waiter->exec, PATIENCE, &result)) == JOBEXEC_OK)
        CHECK(result.outcome == JOBEXEC_OUTCOME_CRASHED);
    return NULL;
}

/* The only worker dies, and may not be replaced, while others wait on both sides. */
static void nobody_left(void)
{
    gate_init(&gate);
    jobexec_config config = check_config(1, transform);
    config.max_restarts = 0;
    jobexec_executor *exec = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &held, NULL));
    check_wait(&gate.at_work);
    for (int i = 0; i < 2; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    struct waiter putter = {.exec = exec}, pollers[2] = {{.exec = exec}, {.exec = exec}};
    pthread_t putting = check_thread(wait_to_put, &putter);
    pthread_t polling[2];
    for (int i = 0; i < 2; i++)
        polling[i] = check_thread(wait_to_poll, &pollers[i]);
    CHECK_SOON(putter.thread != 0 && check_is_asleep(putter.thread));
    for (int i = 0; i < 2; i++)
        CHECK_SOON(pollers[i].thread != 0 && check_is_asleep(pollers[i].thread));

    sem_post(&gate.let_go);
    check_join(putting);
    for (int i = 0; i < 2; i++) {
        check_join(polling[i]);
        CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, pollers[i].status);
    }
    /* The poll of the crashed job may have made room before it was known that nobody is left. */
    CHECK(putter.status == JOBEXEC_OK || putter.status == JOBEXEC_ERROR_NO_WORKERS);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_reset(exec, NULL));
    CHECK(report_says(exec, "no restart is left"));
    CHECK_SOON(jobexec_is_idle(exec)); /* The last thread discards what waited. */
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.crashed == 1 && n.discarded == 2 + (putter.status == JOBEXEC_OK));
    CHECK(n.restarts == 0 && n.outstanding == 0);
    check_close(exec);
}

static void replacements_refuse(void)
{
    struct mood mood = {0, 1000};
    jobexec_config config = check_config(1, transform);
    config.worker_init = refuse_later;
    config.user = &mood;
    config.max_restarts = 5;
    jobexec_executor *exec = check_start(&config);
    struct waiter poller = {.exec = exec};
    pthread_t polling = check_thread(wait_to_poll, &poller);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &deadly, NULL));
    check_join(polling);
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, poller.status);
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_put(exec, NULL, NULL));
    CHECK(report_says(exec, "init callback answered 7"));
    CHECK(mood.inits == 1 + 5);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.crashed == 1 && n.restarts == 5);
    check_close(exec);
}

/* Two replacements refuse, the third works. */
static void a_later_replacement_works(void)
{
    struct mood mood = {0, 2};
    jobexec_config config = check_config(1, transform);
    config.worker_init = refuse_later;
    config.user = &mood;
    jobexec_executor *exec = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &deadly, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK(result.outcome == JOBEXEC_OUTCOME_CRASHED);
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK(result.outcome == JOBEXEC_OUTCOME_DONE);
    CHECK(check_quiet_accounts(exec).restarts == 3);
    check_close(exec);
}

int main(void)
{
    replaced();
    not_started(die_in_init, "init");
    not_started(refuse, "7");
    nobody_left();
    replacements_refuse();
    a_later_replacement_works();
    return 0;
}
