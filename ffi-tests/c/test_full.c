/* FULL comes at exactly the documented bounds, and room that is made reaches who waits for it. */

#include "check.h"

enum { WORKERS = 2 };

struct putter {
    jobexec_executor *exec;
    sem_t ready;
    int thread;
};

static void *put_one(void *argument)
{
    struct putter *putter = argument;
    putter->thread = gettid();
    sem_post(&putter->ready);
    CHECK_IS(JOBEXEC_OK, jobexec_put_wait(putter->exec, NULL, PATIENCE, NULL));
    return NULL;
}

/* Fills an executor whose workers are held, up to `most` jobs. Returns it. */
static jobexec_executor *fill(struct gate *gate, uint32_t results, uint64_t most)
{
    gate_init(gate);
    jobexec_config config = check_config(WORKERS, gate_transform);
    config.results = results;
    config.user = gate;
    jobexec_executor *exec = check_start(&config);
    uint64_t in_flight, queued, known_in_flight, known_queued;
    CHECK_IS(JOBEXEC_OK, jobexec_capacity(exec, &in_flight, &queued));
    CHECK_IS(JOBEXEC_OK,
             jobexec_config_capacity(&config, WORKERS, &known_in_flight, &known_queued));
    CHECK(in_flight == known_in_flight && queued == known_queued);
    CHECK(most == (in_flight < queued + WORKERS ? in_flight : queued + WORKERS));

    for (uint64_t i = 0; i < most; i++) {
        CHECK(i >= queued || jobexec_is_full(exec) == 0);
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    }
    for (int i = 0; i < WORKERS; i++)
        check_wait(&gate->at_work);

    uint64_t id = 12345;
    CHECK(jobexec_is_full(exec) == 1);
    CHECK_IS(JOBEXEC_FULL, jobexec_put(exec, NULL, &id));
    uint64_t before = now_ns();
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_put_wait(exec, NULL, 20 * MILLISECOND, &id));
    CHECK(now_ns() - before >= 20 * MILLISECOND);
    CHECK(id == 12345);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.accepted == most && n.outstanding == most && n.most_outstanding == most);
    CHECK(n.running == WORKERS && n.queued == most - WORKERS && n.ready == 0);
    return exec;
}

/* Polls all there is, the workers being free. */
static void drain(jobexec_executor *exec, struct gate *gate)
{
    for (int i = 0; i < 1000; i++)
        sem_post(&gate->let_go);
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    jobexec_result result = check_result();
    jobexec_status status;
    while ((status = jobexec_poll_wait(exec, PATIENCE, &result)) == JOBEXEC_OK)
        ;
    CHECK_IS(JOBEXEC_END, status);
    CHECK(check_quiet_accounts(exec).outstanding == 0);
    check_close(exec);
}

/* Places for results are what is scarce: a poll makes room, not a job that ends. */
static void results_bind(void)
{
    struct gate gate;
    jobexec_executor *exec = fill(&gate, 0, 6);
    struct putter putter = {.exec = exec};
    sem_init(&putter.ready, 0, 0);
    pthread_t thread = check_thread(put_one, &putter);
    check_wait(&putter.ready);
    CHECK_SOON(check_is_asleep(putter.thread));

    sem_post(&gate.let_go);
    check_wait(&gate.at_work); /* The next job, so one is ready. */
    CHECK(check_quiet_accounts(exec).ready == 1);
    CHECK_IS(JOBEXEC_FULL, jobexec_put(exec, NULL, NULL));
    CHECK_SOON(check_is_asleep(putter.thread)); /* Still, or again. */
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll(exec, &result));
    check_join(thread);
    CHECK(check_quiet_accounts(exec).outstanding == 6);
    CHECK(jobexec_is_full(exec) == 1);
    drain(exec, &gate);
}

/* The queue is what is scarce: a worker that takes a job makes room. */
static void queue_binds(void)
{
    struct gate gate;
    jobexec_executor *exec = fill(&gate, 100, 6);
    struct putter putter = {.exec = exec};
    sem_init(&putter.ready, 0, 0);
    pthread_t thread = check_thread(put_one, &putter);
    check_wait(&putter.ready);
    CHECK_SOON(check_is_asleep(putter.thread));

    sem_post(&gate.let_go);
    check_join(thread);
    check_wait(&gate.at_work);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.outstanding == 7 && n.ready == 1 && n.queued == 4);
    drain(exec, &gate);
}

int main(void)
{
    results_bind();
    queue_binds();
    return 0;
}
