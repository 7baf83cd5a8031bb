/*
 * What the test programs share. A check that fails says where and ends the program with 1, in
 * every build; every wait is bounded. Include it first.
 */

#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_timedjoin_np, gettid, CPU sets */
#endif

#include <errno.h>
#include <fcntl.h>
#include <jobexec.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The exit status of a test that cannot be run here. */
#define SKIPPED 77

#define SECOND UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)

/* Longer than anything takes, on a busy machine and under a checker too. */
#define PATIENCE (20 * SECOND)

#define CHECK(condition) \
    ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

/* The call must give this answer. */
#define CHECK_IS(status, call) check_status(__FILE__, __LINE__, #call, (status), (call))

static inline void check_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    _Exit(1);
}

static inline void check_status(const char *file, int line, const char *call,
                                jobexec_status expected, jobexec_status status)
{
    if (status != expected) {
        fprintf(stderr, "%s:%d: %s is %d (%s), not %d; the last error: %s\n", file, line, call,
                status, jobexec_status_text(status), expected, jobexec_last_error());
        _Exit(1);
    }
}

/* ---- Accounting ---- */

/* Every accepted job has exactly one outcome, or none yet. Holds at any moment. */
static inline jobexec_counters check_accounts(jobexec_executor *exec)
{
    jobexec_counters n;
    n.size = sizeof n;
    CHECK_IS(JOBEXEC_OK, jobexec_stats(exec, &n));
    CHECK(n.accepted == n.done + n.failed + n.panicked + n.crashed + n.timed_out + n.cancelled +
                            n.discarded + n.outstanding);
    return n;
}

/* The same, and each outstanding job is somewhere. Holds while nothing moves. */
static inline jobexec_counters check_quiet_accounts(jobexec_executor *exec)
{
    jobexec_counters n = check_accounts(exec);
    CHECK(n.outstanding == n.queued + n.running + n.ready);
    return n;
}

/* ---- Start and close ---- */

static inline jobexec_config check_config(uint32_t workers, jobexec_transform transform)
{
    jobexec_config config;
    config.size = sizeof config;
    CHECK_IS(JOBEXEC_OK, jobexec_config_init(&config));
    config.workers = workers;
    config.transform = transform;
    return config;
}

static inline jobexec_executor *check_start(const jobexec_config *config)
{
    jobexec_executor *exec = NULL;
    CHECK_IS(JOBEXEC_OK, jobexec_start(config, PATIENCE, &exec));
    return exec;
}

/* Closes and frees; nothing is outstanding then. */
static inline void check_close(jobexec_executor *exec)
{
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK(check_quiet_accounts(exec).outstanding == 0);
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
}

static inline jobexec_result check_result(void)
{
    jobexec_result result;
    memset(&result, 0, sizeof result);
    result.size = sizeof result;
    return result;
}

/* ---- Time and threads ---- */

static inline uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static inline struct timespec check_limit(void)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += (time_t)(PATIENCE / SECOND);
    return limit;
}

/* Yields until the condition holds: for states of the library that nothing waits for. */
#define CHECK_SOON(condition) \
    for (uint64_t limit_ = now_ns() + PATIENCE; !(condition); sched_yield()) \
        if (now_ns() > limit_) \
            check_failed(__FILE__, __LINE__, #condition)

static inline void check_wait(sem_t *semaphore)
{
    struct timespec limit = check_limit();
    while (sem_timedwait(semaphore, &limit) != 0)
        CHECK(errno == EINTR);
}

static inline pthread_t check_thread(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, argument) == 0);
    return thread;
}

static inline void check_join(pthread_t thread)
{
    struct timespec limit = check_limit();
    CHECK(pthread_timedjoin_np(thread, NULL, &limit) == 0);
}

/* What the kernel says of a thread of this process, in /proc/self/task/<thread>/status. */
static inline void check_task(int thread, const char *name, char *value, size_t size)
{
    char path[64], text[8192], key[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    snprintf(key, sizeof key, "\n%s:\t", name);
    int file = open(path, O_RDONLY);
    CHECK(file >= 0);
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    CHECK(length > 0);
    text[length] = 0;
    const char *found = strstr(text, key);
    CHECK(found != NULL);
    snprintf(value, size, "%.*s", (int)strcspn(found + strlen(key), "\n"), found + strlen(key));
}

/* Whether a thread of this process sleeps in the kernel. */
static inline int check_is_asleep(int thread)
{
    char state[32];
    check_task(thread, "State", state, sizeof state);
    return state[0] == 'S';
}

/* ---- A transform that can be held ---- */

/* Says that it is at work, and stays there until it is let go. */
struct gate {
    sem_t at_work, let_go;
};

static inline void gate_init(struct gate *gate)
{
    sem_init(&gate->at_work, 0, 0);
    sem_init(&gate->let_go, 0, 0);
}

static inline void gate_pass(struct gate *gate)
{
    sem_post(&gate->at_work);
    check_wait(&gate->let_go);
}

/* A transform whose user pointer is a gate. */
static inline int32_t gate_transform(void *user, void *payload, jobexec_job *job)
{
    (void)payload, (void)job;
    gate_pass((struct gate *)user);
    return 0;
}

#endif
