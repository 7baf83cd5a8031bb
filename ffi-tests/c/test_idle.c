/* An idle executor uses no CPU: neither its workers nor whoever waits for results wakes up. */

#include "check.h"

#include <stdatomic.h>

enum { WORKERS = 2, POLLERS = 2 };

static struct gate gate;
static atomic_int count, threads[WORKERS + POLLERS];

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    threads[count++] = gettid();
    return gate_transform(user, payload, job);
}

static void *poll_until_closed(void *exec)
{
    threads[count++] = gettid();
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_CLOSED, jobexec_poll_wait(exec, PATIENCE, &result));
    return NULL;
}

static uint64_t cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * SECOND + (uint64_t)used.tv_nsec;
}

static long switches(int thread)
{
    char value[32];
    check_task(thread, "voluntary_ctxt_switches", value, sizeof value);
    return atol(value);
}

/* What this process uses of a CPU while this thread waits for so long, all told. */
static uint64_t used_in(jobexec_executor *exec, uint64_t time_ns)
{
    jobexec_result result = check_result();
    uint64_t before = cpu_ns();
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, time_ns, &result));
    return cpu_ns() - before;
}

/* Whether waiting for a second costs what waiting for a tenth of one does, to a thousandth of a CPU, in
 * one of some trials. Going to sleep and waking up cost something, under a checker a millisecond or two;
 * and a virtual machine may count as a thread's time what its host took from it: once in a while, not
 * each time. */
static int is_idle(jobexec_executor *exec)
{
    for (int i = 0; i < 5; i++) {
        uint64_t to_sleep = used_in(exec, SECOND / 10), used = used_in(exec, SECOND);
        printf("%.4f %% of a CPU, %.4f %% to go to sleep\n", (double)used / (SECOND / 100),
               (double)to_sleep / (SECOND / 100));
        if (used < to_sleep + MILLISECOND)
            return 1;
    }
    return 0;
}

int main(void)
{
    gate_init(&gate);
    jobexec_config config = check_config(WORKERS, transform);
    config.user = &gate;
    jobexec_executor *exec = check_start(&config);

    /* One job for each worker, so that both have worked and are known. */
    jobexec_result result = check_result();
    for (int i = 0; i < WORKERS; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    for (int i = 0; i < WORKERS; i++)
        check_wait(&gate.at_work);
    for (int i = 0; i < WORKERS; i++)
        sem_post(&gate.let_go);
    for (int i = 0; i < WORKERS; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    pthread_t pollers[POLLERS];
    for (int i = 0; i < POLLERS; i++)
        pollers[i] = check_thread(poll_until_closed, exec);
    for (int i = 0; i < WORKERS + POLLERS; i++)
        CHECK_SOON(threads[i] != 0 && check_is_asleep(threads[i]));
    /* The first time costs more: code is loaded, or under a checker translated. */
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, MILLISECOND, &result));
    uint64_t wakes = check_quiet_accounts(exec).wakes;
    long before[WORKERS + POLLERS];
    for (int i = 0; i < WORKERS + POLLERS; i++)
        before[i] = switches(threads[i]);
    CHECK(is_idle(exec));
    for (int i = 0; i < WORKERS + POLLERS; i++)
        CHECK(switches(threads[i]) == before[i]);
    CHECK(check_quiet_accounts(exec).wakes == wakes);

    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    for (int i = 0; i < POLLERS; i++)
        check_join(pollers[i]);
    check_close(exec);
    return 0;
}
