/* The descriptor for event loops: readable while there is something to poll, not rung for each
 * job, and gone with its executor. */

#include "check.h"

#include <poll.h>

enum { JOBS = 1000, ROUND = 100 };

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    if (payload != NULL)
        gate_pass(payload);
    return 0;
}

static int wait_readable(int fd, int timeout_ms)
{
    struct pollfd place = {.fd = fd, .events = POLLIN, .revents = 0};
    int count = poll(&place, 1, timeout_ms);
    CHECK(count >= 0 && (count == 0 || place.revents == POLLIN));
    return count;
}

static int is_readable(int fd)
{
    return wait_readable(fd, 0);
}

static int descriptor(jobexec_executor *exec)
{
    int32_t fd = -1, again = -1;
    CHECK_IS(JOBEXEC_OK, jobexec_event_fd(exec, &fd));
    CHECK_IS(JOBEXEC_OK, jobexec_event_fd(exec, &again));
    CHECK(fd >= 0 && fd == again);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    return fd;
}

static void results(jobexec_executor *exec, int fd)
{
    jobexec_result result = check_result();
    CHECK(!is_readable(fd));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK(!is_readable(fd));

    for (int i = 0; i < 2; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK(wait_readable(fd, (int)(PATIENCE / MILLISECOND)) == 1);
    CHECK_SOON(check_accounts(exec).ready == 2);
    CHECK_IS(JOBEXEC_OK, jobexec_poll(exec, &result));
    CHECK(is_readable(fd));
    CHECK_IS(JOBEXEC_OK, jobexec_poll(exec, &result));
    CHECK(is_readable(fd)); /* Until a poll says EMPTY. */
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK(!is_readable(fd));

    /* Whichever poll says so. */
    uint64_t count;
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_many_wait(exec, PATIENCE, &result, 1, &count));
    CHECK_SOON(is_readable(fd));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll_many(exec, &result, 1, &count));
    CHECK(!is_readable(fd));
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_SOON(is_readable(fd));
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, MILLISECOND, &result));
    CHECK(!is_readable(fd));
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_SOON(is_readable(fd));
    CHECK_IS(JOBEXEC_TIMEOUT,
             jobexec_poll_many_wait(exec, MILLISECOND, &result, 1, &count));
    CHECK(!is_readable(fd));
}

/* Rounds of jobs: the descriptor is rung once for each at most, and once for its EMPTY. */
static void rings(jobexec_executor *exec, int fd)
{
    uint64_t before = check_accounts(exec).event_fd_rings;
    jobexec_result result = check_result();
    for (int round = 0; round < JOBS / ROUND; round++) {
        for (int i = 0; i < ROUND; i++)
            CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
        CHECK_SOON(check_accounts(exec).ready == ROUND);
        CHECK(is_readable(fd));
        for (int i = 0; i < ROUND; i++)
            CHECK_IS(JOBEXEC_OK, jobexec_poll(exec, &result));
        CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
        CHECK(!is_readable(fd));
    }
    CHECK(check_accounts(exec).event_fd_rings - before == JOBS / ROUND);
}

static void sessions(jobexec_executor *exec, int fd)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_SOON(check_accounts(exec).ready == 1);
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK(!is_readable(fd));

    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_IS(JOBEXEC_END, jobexec_poll(exec, &result));
    CHECK(is_readable(fd));
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK(!is_readable(fd));

    /* An end that comes while nobody polls: at the finish, and at the last result. */
    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    CHECK(is_readable(fd));
    CHECK_IS(JOBEXEC_END, jobexec_poll(exec, &result));
    CHECK(is_readable(fd));
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
}

/* Asked for late, it tells of what is there. */
static void late(uint32_t workers)
{
    jobexec_config config = check_config(workers, transform);
    jobexec_executor *exec = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    CHECK_SOON(check_accounts(exec).ready == 1);
    int fd = descriptor(exec);
    CHECK(is_readable(fd));
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK(is_readable(fd));
    check_close(exec);
    CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);

    exec = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK(is_readable(descriptor(exec)));
    CHECK(check_accounts(exec).event_fd_rings == 1);
    check_close(exec);
}

static void abort_from_everywhere(jobexec_executor *exec, int fd, int all)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK(!is_readable(fd));
    errno = 77;
    if (all)
        jobexec_abort_all();
    else
        CHECK_IS(JOBEXEC_OK, jobexec_abort(exec));
    CHECK(errno == 77);
    CHECK(is_readable(fd));
    CHECK_IS(JOBEXEC_ABORTED, jobexec_poll(exec, &result));
    CHECK(is_readable(fd));
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    CHECK_IS(JOBEXEC_CLOSED, jobexec_poll(exec, &result));
    CHECK(is_readable(fd));
}

int main(void)
{
    int32_t fd = -5;
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_event_fd(NULL, &fd));
    for (uint32_t workers = 0; workers < 3; workers++) {
        jobexec_config config = check_config(workers, transform);
        config.results = config.queue_per_worker = 2 * ROUND;
        jobexec_executor *exec = check_start(&config);
        CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_event_fd(exec, NULL));
        fd = descriptor(exec);
        results(exec, fd);
        rings(exec, fd);
        sessions(exec, fd);
        abort_from_everywhere(exec, fd, workers == 1);
        check_close(exec);
        int32_t gone = -5;
        CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_event_fd(exec, &gone));
        CHECK(gone == -5);
        late(workers);
    }

    /* It can be had while a worker is at work, and tells of what that brings. */
    struct gate gate;
    gate_init(&gate);
    jobexec_config config = check_config(1, transform);
    jobexec_executor *exec = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &gate, NULL));
    check_wait(&gate.at_work);
    fd = descriptor(exec);
    CHECK(!is_readable(fd));
    sem_post(&gate.let_go);
    CHECK(wait_readable(fd, (int)(PATIENCE / MILLISECOND)) == 1);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll(exec, &result));
    check_close(exec);
    return 0;
}
