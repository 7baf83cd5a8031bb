/* In the child of a fork an executor of the parent's answers with an error to every call, at once,
   and the parent's goes on; the child may start one of its own. The child leaves the descriptor
   alone that it shares with the parent. */

#include "check.h"

#include <poll.h>
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

static int is_readable(int fd)
{
    struct pollfd place = {.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&place, 1, 0);
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
    int32_t fd = -1;
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_event_fd(exec, &fd));
    jobexec_abort_all();
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_close(exec, PATIENCE));
    CHECK_IS(JOBEXEC_ERROR_FORKED, jobexec_free(exec));
    jobexec_executor *own = check_start(config);
    CHECK_IS(JOBEXEC_OK, jobexec_event_fd(own, &fd));
    round_trip(own);
    CHECK_SOON(is_readable(fd));
    check_close(own);
}

int main(void)
{
    jobexec_config config = check_config(2, transform);
    jobexec_executor *exec = check_start(&config);
    int32_t fd = -1;
    jobexec_result result = check_result();
    round_trip(exec);
    CHECK_IS(JOBEXEC_OK, jobexec_event_fd(exec, &fd));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK(!is_readable(fd));
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
    CHECK(!is_readable(fd) && check_accounts(exec).event_fd_rings == 0);
    round_trip(exec);
    check_close(exec);
    return 0;
}
