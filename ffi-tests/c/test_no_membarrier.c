/*
 * The kernel need not fence other threads (a container may forbid membarrier): not from the start,
 * and not from some moment on. Jobs walk through, resets and closes discard, and nothing is lost.
 */

#include "check.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { PLACES = 4, ROUNDS = 3000 };

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

/* From now on membarrier is refused, in every thread. False where filters cannot be had. */
static int forbid(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof program / sizeof *program, program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

/* Streams, lone jobs, and resets in the middle. */
static void walk(jobexec_executor *exec)
{
    jobexec_result result = check_result();
    for (int round = 0; round < ROUNDS; round++) {
        int jobs = 1 + round % PLACES;
        for (int i = 0; i < jobs; i++)
            CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
        if (round % 50 == 0) {
            CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
            check_accounts(exec);
            continue;
        }
        for (int i = 0; i < jobs; i++)
            CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    }
}

/* In a process of its own, for what is forbidden stays so. */
static void in_child(int before, int under_way)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (before && !forbid()) _Exit(SKIPPED);
        jobexec_config config = check_config(2, transform);
        config.results = PLACES;
        config.queue_per_worker = PLACES;
        jobexec_executor *exec = check_start(&config);
        walk(exec);
        if (under_way && !forbid()) _Exit(SKIPPED);
        walk(exec);
        check_close(exec);
        _Exit(0);
    }
    int status = -1;
    CHECK_SOON(waitpid(child, &status, WNOHANG) == child);
    CHECK(WIFEXITED(status));
    if (WEXITSTATUS(status) != 0) _Exit(WEXITSTATUS(status));
}

int main(void)
{
    in_child(0, 0);
    in_child(1, 0);
    in_child(0, 1);
    return 0;
}
