/*
 * What a pool that the benches compare with offers, as a shared library. Each source beside this
 * is one. Its first line says what it is linked with, its second one which package has that.
 *
 * Puts and gets may come from two threads at once. All idle threads sleep. What fails ends the
 * program: there is nothing to compare then.
 */

#ifndef POOL_H
#define POOL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The job: called once for each task that is put, on a worker. */
typedef void (*pool_run)(void *task);

/* Starts workers, of which the i-th runs on cpus[i % cpu_count]. At most window tasks are put and
 * not got at any time: the caller sees to that. */
void *pool_start(uint64_t workers, uint64_t window, const int32_t *cpus, uint64_t cpu_count,
                 pool_run run);

/* Hands a task over, which is not NULL. */
void pool_put(void *pool, void *task);

/* Takes a task that is done, waiting for it. */
void *pool_get(void *pool);

/* Hands several tasks over, which may be done in any order. */
void pool_put_many(void *pool, void **tasks, uint64_t count);

/* Takes tasks that are done, at most so many, waiting for a first one; answers how many. */
uint64_t pool_get_many(void *pool, void **tasks, uint64_t most);

/* Ends the workers and waits for that. Every task was got. */
void pool_stop(void *pool);

#ifdef __cplusplus
}
#endif

#endif
