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

/* The CPU time of a thread of this process, as the kernel counts it: not a nanosecond is added while it
 * sleeps. The clock's number is that of clock_getcpuclockid(3), for a thread. */
static uint64_t cpu_ns(int thread)
{
    struct timespec used;
    CHECK(clock_gettime((clockid_t)(~(unsigned)thread << 3 | 6), &used) == 0);
    return (uint64_t)used.tv_sec * SECOND + (uint64_t)used.tv_nsec;
}

static long switches(int thread)
{
    char value[32];
    check_task(thread, "voluntary_ctxt_switches", value, sizeof value);
    return atol(value);
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
    /* A millisecond later they have left their CPUs, too. */
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, MILLISECOND, &result));
    uint64_t wakes = check_quiet_accounts(exec).wakes, used[WORKERS + POLLERS];
    long before[WORKERS + POLLERS];
    for (int i = 0; i < WORKERS + POLLERS; i++) {
        before[i] = switches(threads[i]);
        used[i] = cpu_ns(threads[i]);
    }
    /* Whoever waits for a second goes to sleep for it, and perhaps for a page. */
    long mine = switches(gettid());
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, SECOND, &result));
    mine = switches(gettid()) - mine;
    printf("%ld switches in a second\n", mine);
    CHECK(mine < 10);
    for (int i = 0; i < WORKERS + POLLERS; i++) {
        CHECK(switches(threads[i]) == before[i]);
        CHECK(cpu_ns(threads[i]) == used[i]);
    }
    CHECK(check_quiet_accounts(exec).wakes == wakes);

    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    for (int i = 0; i < POLLERS; i++)
        check_join(pollers[i]);
    check_close(exec);
    return 0;
}
