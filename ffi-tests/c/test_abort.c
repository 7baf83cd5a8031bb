/* jobexec_abort and jobexec_abort_all from signal handlers: whoever waits is told, at once. */

#include "check.h"

#include <signal.h>
#include <stdatomic.h>

static jobexec_executor *_Atomic target;
static atomic_int handled;

static void on_signal(int number)
{
    const int before = errno;
    errno = number;
    if (number == SIGINT)
        jobexec_abort(target);
    else
        jobexec_abort_all();
    if (errno == number)
        handled++;
    errno = before;
}

struct waiter {
    jobexec_executor *exec;
    sem_t begun, ended;
    atomic_int thread;
};

static void *wait_to_put(void *argument)
{
    struct waiter *waiter = argument;
    waiter->thread = gettid();
    CHECK_IS(JOBEXEC_ABORTED, jobexec_put_wait(waiter->exec, NULL, PATIENCE, NULL));
    return NULL;
}

static void *wait_to_poll(void *argument)
{
    struct waiter *waiter = argument;
    waiter->thread = gettid();
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_ABORTED, jobexec_poll_wait(waiter->exec, PATIENCE, &result));
    return NULL;
}

/* Is held until after the abort, so that it is nothing else that wakes the sleepers. */
static int32_t until_cancelled(void *user, void *payload, jobexec_job *job)
{
    (void)payload;
    CHECK(!jobexec_job_is_cancelled(job));
    gate_pass(user);
    CHECK(jobexec_job_is_cancelled(job));
    return 0;
}

static void check_aborted(jobexec_executor *exec)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_ABORTED, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_ABORTED, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_ABORTED, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_ABORTED, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_IS(JOBEXEC_ABORTED, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_ABORTED, jobexec_reset(exec, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_abort(exec));
}

/* A full executor with sleepers on both sides, interrupted on this thread or on a sleeping one. */
static void interrupt_sleepers(int on_sleeper)
{
    struct gate gate;
    gate_init(&gate);
    jobexec_config config = check_config(1, until_cancelled);
    config.user = &gate;
    jobexec_executor *exec = target = check_start(&config);
    for (int i = 0; i < 3; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    check_wait(&gate.at_work);
    struct waiter putter = {.exec = exec}, poller = {.exec = exec};
    pthread_t putting = check_thread(wait_to_put, &putter);
    pthread_t polling = check_thread(wait_to_poll, &poller);
    CHECK_SOON(putter.thread != 0 && check_is_asleep(putter.thread));
    CHECK_SOON(poller.thread != 0 && check_is_asleep(poller.thread));
    CHECK(check_quiet_accounts(exec).outstanding == 3);

    int before = handled;
    CHECK((on_sleeper ? pthread_kill(polling, SIGINT) : raise(SIGINT)) == 0);
    check_join(putting);
    check_join(polling);
    CHECK(handled == before + 1);
    check_aborted(exec);
    CHECK(check_quiet_accounts(exec).outstanding == 3);
    sem_post(&gate.let_go);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK(check_quiet_accounts(exec).discarded == 3);
    check_close(exec);
}

static int32_t quick(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

static void *work_until_aborted(void *argument)
{
    struct waiter *waiter = argument;
    jobexec_result result = check_result();
    sem_post(&waiter->begun);
    jobexec_status put, poll;
    do {
        put = jobexec_put(waiter->exec, NULL, NULL);
        poll = jobexec_poll_wait(waiter->exec, PATIENCE, &result);
    } while (put == JOBEXEC_OK && poll == JOBEXEC_OK);
    CHECK(put == JOBEXEC_OK || put == JOBEXEC_ABORTED);
    CHECK_IS(JOBEXEC_ABORTED, poll);
    return NULL;
}

/* The handler runs anywhere within a put, a poll or a wait. */
static void interrupt_work(uint64_t after)
{
    jobexec_config config = check_config(1, quick);
    jobexec_executor *exec = target = check_start(&config);
    struct waiter worker = {.exec = exec};
    sem_init(&worker.begun, 0, 0);
    pthread_t thread = check_thread(work_until_aborted, &worker);
    check_wait(&worker.begun);
    CHECK_SOON(check_accounts(exec).accepted >= after);
    CHECK(pthread_kill(thread, SIGINT) == 0);
    check_join(thread);
    check_aborted(exec);
    check_close(exec);
}

static void interrupt_all(void)
{
    enum { EXECUTORS = 3 };
    jobexec_config config = check_config(1, quick);
    jobexec_executor *all[EXECUTORS];
    struct waiter pollers[EXECUTORS];
    pthread_t threads[EXECUTORS];
    memset(pollers, 0, sizeof pollers);
    for (int i = 0; i < EXECUTORS; i++) {
        all[i] = pollers[i].exec = check_start(&config);
        threads[i] = check_thread(wait_to_poll, &pollers[i]);
        CHECK_SOON(pollers[i].thread != 0 && check_is_asleep(pollers[i].thread));
    }
    CHECK(raise(SIGTERM) == 0);
    for (int i = 0; i < EXECUTORS; i++)
        check_join(threads[i]);

    /* One that is started later knows nothing of it. */
    jobexec_executor *later = check_start(&config);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_put(later, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(later, PATIENCE, &result));
    check_close(later);
    for (int i = 0; i < EXECUTORS; i++) {
        check_aborted(all[i]);
        check_close(all[i]);
    }
    jobexec_abort_all();
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    CHECK(sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0);
    interrupt_sleepers(0);
    interrupt_sleepers(1);
    for (uint64_t after = 0; after < 90; after += 3)
        interrupt_work(after);
    interrupt_all();
    CHECK(handled == 33);
    return 0;
}
