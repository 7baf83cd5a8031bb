/* In the child of a fork an executor of the parent's answers with an error to every call, at once,
   and the parent's goes on; the child may start one of its own. */

#include "check.h"

#include <sys/wait.h>

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

static void round_trip(jobexec_executor *exec)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
}

static void in_the_child(jobexec_executor *exec, const jobexec_config *config)
{
    jobexec_result result = check_result();
    jobexec_counters counters = {.size = sizeof counters};
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_reset(exec, NULL));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_abort(exec));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_stats(exec, &counters));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_close(exec, PATIENCE));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_free(exec));
    jobexec_executor *own = check_start(config);
    round_trip(own);
    check_close(own);
}

int main(void)
{
    jobexec_config config = check_config(2, transform);
    jobexec_executor *exec = check_start(&config);
    round_trip(exec);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(30);
        in_the_child(exec, &config);
        _Exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    round_trip(exec);
    check_close(exec);
    return 0;
}
