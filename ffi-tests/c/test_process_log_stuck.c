/* A log callback that does not return while it is told what a worker printed: deaths are seen and
 * jobs go on; close answers TIMEOUT by its deadline and can be called again; free does not wait, and
 * the user pointer lives for as long as the callback. */

#include "check_process.h"

struct user {
    struct gate gate;
    atomic_int stuck, destroyed;
};

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    switch (*(unsigned char *)payload) {
    case 1:
        puts("stuck"), fflush(stdout);
        break;
    case 2:
        raise(SIGKILL);
    }
    return 0;
}

static void listen(void *user, int32_t level, const char *text)
{
    struct user *mine = user;
    if (level == JOBEXEC_LOG_INFO && strstr(text, "stuck") != NULL && !atomic_exchange(&mine->stuck, 1))
        gate_pass(&mine->gate);
}

static void destroy(void *user)
{
    ((struct user *)user)->destroyed = 1;
}

static jobexec_executor *start(struct user *user)
{
    static const char *const argv[] = {"/proc/self/exe", NULL};
    gate_init(&user->gate);
    jobexec_config config = check_processes(1, argv);
    config.worker_output = JOBEXEC_OUTPUT_LOG;
    config.log = listen;
    config.user = user;
    config.user_destructor = destroy;
    return check_start(&config);
}

static jobexec_outcome round_trip(jobexec_executor *exec, unsigned char what)
{
    void *input;
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
    *(unsigned char *)input = what;
    CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, input, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, result.payload));
    check_accounts(exec);
    return result.outcome;
}

/* The log is stuck, and what does not need it goes on. */
static void get_stuck(jobexec_executor *exec, struct user *user)
{
    CHECK(round_trip(exec, 1) == JOBEXEC_OUTCOME_DONE);
    check_wait(&user->gate.at_work);
    CHECK(round_trip(exec, 0) == JOBEXEC_OUTCOME_DONE);
    CHECK(round_trip(exec, 2) == JOBEXEC_OUTCOME_CRASHED);
    CHECK(round_trip(exec, 0) == JOBEXEC_OUTCOME_DONE);
}

int main(void)
{
    if (jobexec_is_worker())
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;

    static struct user closed, freed;
    jobexec_executor *exec = start(&closed);
    get_stuck(exec, &closed);
    uint64_t begin = now_ns();
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_close(exec, 50 * MILLISECOND));
    CHECK(now_ns() - begin < 2 * SECOND);
    CHECK(strstr(jobexec_last_error(), "log") != NULL);
    CHECK(!closed.destroyed);
    sem_post(&closed.gate.let_go);
    check_close(exec);
    CHECK(closed.destroyed);

    exec = start(&freed);
    get_stuck(exec, &freed);
    begin = now_ns();
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
    CHECK(now_ns() - begin < 2 * SECOND);
    CHECK(!freed.destroyed);
    sem_post(&freed.gate.let_go);
    CHECK_SOON(freed.destroyed);
    return 0;
}
