/* Linked into the tests for the thread sanitizer, which knows pthread_timedjoin_np but not
 * pthread_clockjoin_np: without this a joined thread stays alive for it, and it stops when the
 * thread's id comes again. */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>

int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock,
                         const struct timespec *deadline)
{
    struct timespec there, here, limit;
    clock_gettime(clock, &there);
    clock_gettime(CLOCK_REALTIME, &here);
    /* Deadlines lie at most a year ahead, so that the sum stays within the type. */
    time_t seconds = deadline->tv_sec - there.tv_sec;
    limit.tv_sec = here.tv_sec + (seconds < 31536000 ? seconds : 31536000);
    limit.tv_nsec = here.tv_nsec + deadline->tv_nsec - there.tv_nsec;
    if (limit.tv_nsec < 0) {
        limit.tv_sec -= 1;
        limit.tv_nsec += 1000000000;
    }
    if (limit.tv_nsec >= 1000000000) {
        limit.tv_sec += 1;
        limit.tv_nsec -= 1000000000;
    }
    return pthread_timedjoin_np(thread, result, &limit);
}
