/* Worker processes that do not come as far as their first job: at the start, and as replacements. */

#include "check_process.h"

static const char *const workers_argv[] = {"/proc/self/exe", "worker", NULL};
static const char *const mute_argv[] = {"/proc/self/exe", "mute", NULL};

/* While there is a file of that name, workers that begin end as its first letter says. */
static char omen[64];
static char omen_setting[80];
static const char *const env[] = {omen_setting, NULL};

static void foretell(char how)
{
    FILE *file = fopen(omen, "we");
    CHECK(file != NULL && fputc(how, file) == how && fclose(file) == 0);
}

static void fulfil(void)
{
    const char *path = getenv("OMEN");
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file == NULL)
        return;
    switch (fgetc(file)) {
    case 'k':
        raise(SIGKILL);
        break;
    case 's':
        raise(SIGSEGV);
        break;
    case '3':
        exit(3);
    case '0':
        _exit(0);
    case 'm':
        pause();
    }
}

/* Whose input is 1 dies of it. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    if (*(char *)payload == 1)
        raise(SIGKILL);
    return 0;
}

static void expect(jobexec_executor *exec, jobexec_outcome outcome)
{
    jobexec_result result = check_poll(exec);
    CHECK(result.outcome == outcome);
    check_release(exec, &result);
    check_accounts(exec);
}

static jobexec_config usual(uint32_t workers)
{
    jobexec_config config = check_processes(workers, workers_argv);
    config.env = env;
    return config;
}

static void a_death_fails_the_start(void)
{
    static const struct {
        char how;
        const char *says;
    } all[] = {{'k', "killed by signal 9"}, {'s', "signal 11"}, {'3', "code 3"}, {'0', "code 0"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (uint32_t workers = 1; workers <= 3; workers++) {
            foretell(all[i].how);
            jobexec_config config = usual(workers);
            check_no_start(&config, JOBEXEC_ERROR_WORKER, all[i].says);
            CHECK(strstr(jobexec_last_error(), "before it asked for work") != NULL);
            CHECK(strstr(jobexec_last_error(), "/proc/self/exe") != NULL);
            CHECK(check_children(NULL, 0) == 0);
            CHECK(unlink(omen) == 0);
        }
}

/* One that never asks for work: by the deadline of the start, or by its own. */
static void silence_ends_at_a_deadline(void)
{
    jobexec_executor *exec = NULL;
    jobexec_config config = check_processes(2, mute_argv);
    for (uint64_t timeout = 0; timeout <= 200 * MILLISECOND; timeout += 100 * MILLISECOND) {
        uint64_t begin = now_ns();
        CHECK_IS(JOBEXEC_TIMEOUT, jobexec_start(&config, timeout, &exec));
        uint64_t took = now_ns() - begin;
        printf("start with a deadline of %.0f ms: %.1f ms\n", (double)timeout * 1e-6,
               (double)took * 1e-6);
        CHECK(exec == NULL && took >= timeout && took < timeout + SECOND);
        CHECK(strstr(jobexec_last_error(), "0 of 2 workers") != NULL);
        CHECK_SOON(check_children(NULL, 0) == 0);
    }
    config.worker_start_timeout_ns = 50 * MILLISECOND;
    uint64_t begin = now_ns();
    check_no_start(&config, JOBEXEC_ERROR_WORKER, "did not ask for work in time");
    CHECK(now_ns() - begin < SECOND);
    CHECK(check_children(NULL, 0) == 0);

    /* Nobody waits for them here; then nobody is left. */
    config.wait_until_workers_run = 0;
    exec = check_start(&config);
    check_put(exec, "", 1);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_SOON(jobexec_is_idle(exec));
    CHECK(check_quiet_accounts(exec).discarded == 1);
    check_close(exec);
}

/* Replacements die before they ask for work, each way; what waits is done by a later one. */
static void replacements_die(void)
{
    for (const char *how = "ks30m"; *how != 0; how++) {
        jobexec_config config = usual(1);
        config.max_restarts = 10000;
        config.restart_backoff_ns = MILLISECOND;
        if (*how == 'm')
            config.worker_start_timeout_ns = 100 * MILLISECOND;
        jobexec_executor *exec = check_start(&config);
        check_put(exec, "", 1);
        expect(exec, JOBEXEC_OUTCOME_DONE);
        foretell(*how);
        check_put(exec, &(char){1}, 1);
        expect(exec, JOBEXEC_OUTCOME_CRASHED);
        check_put(exec, "", 1);
        CHECK_SOON(check_accounts(exec).restarts >= 4);
        CHECK(check_accounts(exec).outstanding == 1);
        CHECK(unlink(omen) == 0);
        expect(exec, JOBEXEC_OUTCOME_DONE);
        CHECK(check_quiet_accounts(exec).crashed == 1);
        check_close(exec);
    }
}

/* The same until no restart is left. */
static void replacements_die_out(void)
{
    jobexec_config config = usual(1);
    config.max_restarts = 4;
    config.restart_backoff_ns = MILLISECOND;
    jobexec_executor *exec = check_start(&config);
    foretell('3');
    check_put(exec, &(char){1}, 1);
    check_put(exec, "", 1);
    expect(exec, JOBEXEC_OUTCOME_CRASHED);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_ERROR_NO_WORKERS, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_SOON(jobexec_is_idle(exec));
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.crashed == 1 && n.discarded == 1 && n.restarts == 4);
    char report[8192];
    CHECK_IS(JOBEXEC_OK, jobexec_report(exec, report, sizeof report, NULL));
    CHECK(strstr(report, "exit code 3 before it asked for work; no restart is left") != NULL);
    CHECK(unlink(omen) == 0);
    check_close(exec);
}

/* A window gives restarts back; deaths in a row are replaced more and more slowly. */
static void backoff_and_window(void)
{
    jobexec_config config = usual(1);
    config.max_restarts = 3;
    config.restart_window_ns = 50 * MILLISECOND;
    config.restart_backoff_ns = 20 * MILLISECOND; /* Pauses of 0, 20, 40, 80 and 160 ms. */
    jobexec_executor *exec = check_start(&config);
    uint64_t begin = now_ns();
    for (int i = 0; i < 5; i++) {
        check_put(exec, &(char){1}, 1);
        expect(exec, JOBEXEC_OUTCOME_CRASHED);
    }
    check_put(exec, "", 1);
    expect(exec, JOBEXEC_OUTCOME_DONE);
    uint64_t took = now_ns() - begin;
    printf("5 deaths in a row: %.1f ms\n", (double)took * 1e-6);
    CHECK(took >= (20 + 40 + 80 + 160) * MILLISECOND);
    CHECK(check_quiet_accounts(exec).restarts == 5);
    check_close(exec);
}

int main(int argc, char **argv)
{
    check_no_cores();
    if (jobexec_is_worker()) {
        if (argc > 1 && strcmp(argv[1], "mute") == 0)
            for (;;)
                pause();
        fulfil();
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
    }
    strcpy(omen, "/tmp/jobexec-omen-XXXXXX");
    int file = mkstemp(omen);
    CHECK(file >= 0 && close(file) == 0 && unlink(omen) == 0);
    snprintf(omen_setting, sizeof omen_setting, "OMEN=%s", omen);
    a_death_fails_the_start();
    silence_ends_at_a_deadline();
    replacements_die();
    replacements_die_out();
    backoff_and_window();
    return 0;
}
