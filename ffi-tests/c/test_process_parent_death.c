/* Worker processes do not outlive the process that started them, however it ends; and do outlive
 * the thread that did. */

#include "check_process.h"

enum { WORKERS = 2 };

static const char *const workers_argv[] = {"/proc/self/exe", "worker", NULL};
static const char *const mute_argv[] = {"/proc/self/exe", "mute", NULL};

/* Input 1: hangs. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    if (*(char *)payload == 1) {
        *(atomic_int *)jobexec_job_header(job) = 1;
        alarm(60);
        for (;;)
            pause();
    }
    return 0;
}

/* ---- The host that dies ---- */

/* Waits until the other end says so, or is gone. */
static void wait_for_a_word(int fd)
{
    struct pollfd word = {fd, POLLIN, 0};
    CHECK(poll(&word, 1, (int)(PATIENCE / MILLISECOND)) == 1);
}

/* Starts workers, one of which hangs, tells their numbers, and ends when it is told to. */
static int be_host(const char *how)
{
    int mute = strcmp(how, "mute") == 0, pids[WORKERS];
    jobexec_config config = check_processes(WORKERS, mute ? mute_argv : workers_argv);
    config.wait_until_workers_run = !mute;
    config.worker_output = strcmp(how, "log") == 0;
    jobexec_executor *exec = check_start(&config);
    if (!mute) {
        void *input, *header;
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_header(exec, input, &header));
        *(char *)input = 1;
        *(atomic_int *)header = 0;
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, input, NULL));
        CHECK_SOON(*(atomic_int *)header == 1);
        check_accounts(exec);
    }
    CHECK_SOON(check_children(pids, WORKERS) == WORKERS);
    CHECK(write(1, pids, sizeof pids) == sizeof pids);
    wait_for_a_word(0);
    if (strcmp(how, "exit") == 0)
        exit(0);
    if (strcmp(how, "_exit") == 0)
        _exit(0);
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "segv") == 0)
        raise(SIGSEGV);
    if (strcmp(how, "exec") == 0)
        execl("/bin/sh", "sh", "-c", "exec sleep 60", (char *)NULL);
    wait_for_a_word(-1); /* It is killed. */
    return 0;
}

/* ---- The one that looks ---- */

static void host_ends(const char *how)
{
    int to_host[2], from_host[2], pids[WORKERS], ends[WORKERS];
    CHECK(pipe2(to_host, O_CLOEXEC) == 0 && pipe2(from_host, O_CLOEXEC) == 0);
    pid_t host = fork();
    CHECK(host >= 0);
    if (host == 0) {
        dup2(to_host[0], 0);
        dup2(from_host[1], 1);
        execl("/proc/self/exe", "host", "host", how, (char *)NULL);
        _exit(1);
    }
    close(to_host[0]), close(from_host[1]);
    wait_for_a_word(from_host[0]);
    CHECK(read(from_host[0], pids, sizeof pids) == sizeof pids);
    char state;
    for (int i = 0; i < WORKERS; i++) {
        ends[i] = check_pidfd(pids[i]);
        CHECK(check_parent_of(pids[i], &state) == host);
    }
    uint64_t begin = now_ns();
    if (strcmp(how, "kill") == 0 || strcmp(how, "mute") == 0 || strcmp(how, "log") == 0)
        CHECK(kill(host, SIGKILL) == 0);
    else
        CHECK(write(to_host[1], "!", 1) == 1);
    for (int i = 0; i < WORKERS; i++)
        CHECK(check_ends(ends[i], SECOND));
    printf("host ends by %s: workers gone after %.1f ms\n", how,
           (double)(now_ns() - begin) * 1e-6);
    if (strcmp(how, "exec") == 0)
        CHECK(kill(host, SIGKILL) == 0);
    CHECK(waitpid(host, NULL, 0) == host);
    close(to_host[1]), close(from_host[0]);
}

static void *start_here(void *config)
{
    return check_start(config);
}

/* The kernel's word for "when the parent dies" is about a thread: it must not be this one. */
static void the_starter_ends(void)
{
    jobexec_config config = check_processes(WORKERS, workers_argv);
    pthread_t starter = check_thread(start_here, &config);
    void *exec;
    CHECK(pthread_join(starter, &exec) == 0);
    CHECK_SOON(check_entries("/proc/self/task") == 1 + WORKERS + 1);
    for (int i = 0; i < 100; i++) {
        check_put(exec, "", 1);
        jobexec_result result = check_poll(exec);
        CHECK(result.outcome == JOBEXEC_OUTCOME_DONE);
        check_release(exec, &result);
    }
    CHECK(check_quiet_accounts(exec).restarts == 0 && check_children(NULL, 0) == WORKERS);
    check_close(exec);
}

int main(int argc, char **argv)
{
    check_no_cores();
    if (jobexec_is_worker()) {
        if (argc > 1 && strcmp(argv[1], "mute") == 0)
            for (;;)
                pause();
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
    }
    if (argc > 2 && strcmp(argv[1], "host") == 0)
        return be_host(argv[2]);
    static const char *const all[] = {"kill",  "mute",  "log",  "exit",
                                      "_exit", "abort", "segv", "exec"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        host_ends(all[i]);
    the_starter_ends();
    return 0;
}
