/*
 * Several threads close at once while others put and poll. Whichever close answers OK: no callback
 * runs then, the destructor is done, and each payload went exactly one way.
 */

#include "check.h"

#include <stdatomic.h>

enum { ROUNDS = 30, CLOSERS = 3, PUTTERS = 2, POLLERS = 2, JOBS = 20000 };
enum { THREADS = CLOSERS + PUTTERS + POLLERS };

struct world {
    jobexec_executor *exec;
    atomic_int inside;    /* Callbacks that run. */
    atomic_int destroyed; /* The destructor has returned, nearly. */
    atomic_int next;
    atomic_uchar ends[JOBS]; /* How often each payload came to an end. */
    pthread_barrier_t line;
};

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)payload, (void)job;
    struct world *world = user;
    world->inside++;
    sched_yield();
    world->inside--;
    return 0;
}

static void worker_exit(void *user, uint32_t worker)
{
    (void)worker;
    transform(user, NULL, NULL);
}

static void discard(void *user, void *payload)
{
    transform(user, NULL, NULL);
    ++*(atomic_uchar *)payload;
}

static void destroy(void *user)
{
    struct world *world = user;
    CHECK(world->inside == 0);
    for (int i = 0; i < 100; i++)
        sched_yield();
    world->destroyed++;
}

static void *put_until_closed(void *argument)
{
    struct world *world = argument;
    pthread_barrier_wait(&world->line);
    for (;;) {
        int job = world->next++;
        if (job >= JOBS)
            return NULL;
        jobexec_status status = jobexec_put_wait(world->exec, &world->ends[job], PATIENCE, NULL);
        if (status != JOBEXEC_OK) {
            CHECK_IS(JOBEXEC_CLOSED, status);
            world->ends[job]++;
            return NULL;
        }
    }
}

static void *poll_until_closed(void *argument)
{
    struct world *world = argument;
    pthread_barrier_wait(&world->line);
    jobexec_result result = check_result();
    jobexec_status status;
    while ((status = jobexec_poll_wait(world->exec, PATIENCE, &result)) == JOBEXEC_OK)
        ++*(atomic_uchar *)result.payload;
    CHECK_IS(JOBEXEC_CLOSED, status);
    return NULL;
}

static void *close_once(void *argument)
{
    struct world *world = argument;
    pthread_barrier_wait(&world->line);
    CHECK_SOON(check_accounts(world->exec).accepted > 100);
    CHECK_IS(JOBEXEC_OK, jobexec_close(world->exec, PATIENCE));
    CHECK(world->inside == 0);
    CHECK(world->destroyed == 1);
    return NULL;
}

static void once(void)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    pthread_barrier_init(&world.line, NULL, THREADS);
    jobexec_config config = check_config(2, transform);
    config.worker_exit = worker_exit;
    config.discard = discard;
    config.user = &world;
    config.user_destructor = destroy;
    world.exec = check_start(&config);

    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        threads[i] = check_thread(i < CLOSERS             ? close_once
                                  : i < CLOSERS + PUTTERS ? put_until_closed
                                                          : poll_until_closed,
                                  &world);
    for (int i = 0; i < THREADS; i++)
        check_join(threads[i]);
    int used = world.next < JOBS ? world.next : JOBS;
    for (int i = 0; i < JOBS; i++)
        CHECK(world.ends[i] == (i < used));
    check_close(world.exec);
    CHECK(world.destroyed == 1);
}

/* What a worker's thread lingers in after its last callback. */
static pthread_key_t lingering;
static struct gate gate;

static void linger(void *value)
{
    (void)value;
    gate_pass(&gate);
}

static int32_t will_linger(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    return pthread_setspecific(lingering, &gate);
}

struct closer {
    jobexec_executor *exec;
    atomic_int thread;
    uint64_t timeout;
    jobexec_status status;
};

static void *close_by(void *argument)
{
    struct closer *closer = argument;
    closer->thread = gettid();
    closer->status = jobexec_close(closer->exec, closer->timeout);
    return NULL;
}

/* A close that gives up on a thread leaves it to the one that still waits. */
static void patient_after_impatient(void)
{
    CHECK(pthread_key_create(&lingering, linger) == 0);
    gate_init(&gate);
    jobexec_config config = check_config(1, transform);
    struct world world = {0};
    config.user = &world;
    config.worker_init = will_linger;
    jobexec_executor *exec = check_start(&config);
    struct closer impatient = {.exec = exec, .timeout = 200 * MILLISECOND};
    struct closer patient = {.exec = exec, .timeout = PATIENCE};
    pthread_t first = check_thread(close_by, &impatient);
    check_wait(&gate.at_work);
    CHECK_SOON(check_is_asleep(impatient.thread));
    pthread_t second = check_thread(close_by, &patient);
    check_join(first);
    CHECK_IS(JOBEXEC_TIMEOUT, impatient.status);
    sem_post(&gate.let_go);
    check_join(second);
    CHECK_IS(JOBEXEC_OK, patient.status);
    check_close(exec);
}

int main(void)
{
    for (int i = 0; i < ROUNDS; i++)
        once();
    patient_after_impatient();
    return 0;
}
