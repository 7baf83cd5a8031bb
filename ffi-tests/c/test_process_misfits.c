/* Workers that do not fit, at their start or by what they do to the files that they are given: the
 * start says what is wrong, and those that come after them are not harmed. */

#include "check_link.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static uint64_t magic(void)
{
    uint64_t word_;
    memcpy(&word_, "jobexecL", sizeof word_);
    return word_;
}

/* ---- The worker ---- */

/* Does all that a descriptor allows to the three files. */
static void abuse_files(void)
{
    for (int file = LINK_FILE; file <= PHASE_FILE; file++) {
        static const int seals[] = {F_SEAL_SHRINK | F_SEAL_GROW, F_SEAL_WRITE,
                                    F_SEAL_FUTURE_WRITE, F_SEAL_SEAL};
        struct stat data;
        CHECK(fstat(file, &data) == 0);
        CHECK(ftruncate(file, 0) != 0 && ftruncate(file, data.st_size + 4096) != 0);
        if (file != LINK_FILE) /* Without its link it has no work itself. */
            fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, data.st_size);
        for (size_t i = 0; i < sizeof seals / sizeof *seals; i++)
            fcntl(file, F_ADD_SEALS, seals[i]);
        fchmod(file, 0);
    }
    CHECK(write(PHASE_FILE, "oh", 2) != 2);
}

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    if (*(char *)payload == 1)
        raise(SIGKILL);
    return 0;
}

static int serve(const char *how)
{
    word *link = check_link_of_mine();
    if (strcmp(how, "other-version") == 0 || strcmp(how, "other-version-stays") == 0) {
        link[AT_HELLO] = magic() ^ 999;
        if (strcmp(how, "other-version") == 0)
            return 1;
        ring_futex(link + AT_HOST_BELL);
        for (;;)
            pause();
    }
    if (strcmp(how, "no-hello") == 0) {
        link[AT_HELLO] = 0;
        ring_futex(link + AT_HOST_BELL);
        for (;;)
            pause();
    }
    if (strcmp(how, "closes-files") == 0) {
        for (int file = LINK_FILE; file <= PHASE_FILE; file++)
            close(file);
        CHECK_IS(JOBEXEC_ERROR_NOT_WORKER, jobexec_worker_main(transform, NULL));
        return 1;
    }
    if (strcmp(how, "abuses-files") == 0 && link[AT_WORKER] == 0)
        abuse_files();
    return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
}

/* ---- The host ---- */

static jobexec_config config_of(const char *how, const char *argv[4])
{
    argv[0] = "/proc/self/exe", argv[1] = "worker", argv[2] = how, argv[3] = NULL;
    jobexec_config config = check_processes(2, argv);
    config.max_restarts = 1000;
    config.restart_backoff_ns = MILLISECOND;
    config.worker_start_timeout_ns = 10 * SECOND;
    return config;
}

static void no_start(const char *how, const char *word_, const char *other)
{
    const char *argv[4];
    jobexec_config config = config_of(how, argv);
    check_no_start(&config, JOBEXEC_ERROR_WORKER, word_);
    CHECK(strstr(jobexec_last_error(), other) != NULL);
    CHECK(check_children(NULL, 0) == 0);
}

/* Whatever a worker does to its files: buffers stay, and replacements start. */
static void abused_files(void)
{
    const char *argv[4];
    jobexec_config config = config_of("abuses-files", argv);
    jobexec_executor *exec = check_start(&config);
    for (int i = 0; i < 30; i++) {
        check_put(exec, &(char){i % 3 == 0}, 1);
        jobexec_result result = check_poll(exec);
        /* A hole in the buffers may take from another job what it is to do. */
        CHECK(result.outcome == JOBEXEC_OUTCOME_DONE || i % 3 == 0);
        check_release(exec, &result);
        check_accounts(exec);
    }
    CHECK_SOON(check_accounts(exec).restarts >= 1);
    check_close(exec);
}

int main(int argc, char **argv)
{
    check_no_cores();
    if (argc == 3 && jobexec_is_worker())
        return serve(argv[2]);
    no_start("other-version", "version 999", "and 2 here");
    no_start("other-version-stays", "version 999", "and 2 here");
    no_start("closes-files", "exit code 1", "before it asked for work");

    const char *no_hello[4];
    jobexec_config config = config_of("no-hello", no_hello);
    jobexec_executor *exec = NULL;
    uint64_t begin = now_ns();
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_start(&config, 100 * MILLISECOND, &exec));
    CHECK(exec == NULL && now_ns() - begin < 100 * MILLISECOND + SECOND);
    CHECK_SOON(check_children(NULL, 0) == 0);

    abused_files();
    return 0;
}
