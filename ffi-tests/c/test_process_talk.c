/* What worker processes say and hear: failures, the log, and that a reset reaches a job that
 * runs. */

#include "check_process.h"

enum task { WAIT_FOR_RESET, COUNT_RESETS, REFUSE, PRINT, FLOOD, DIE, LEAVE_A_FLOODER };

static const char *const argv_of_workers[] = {"/proc/self/exe", NULL};

static _Noreturn void flood(void)
{
    static char lines[4096];
    memset(lines, 'x', sizeof lines);
    lines[sizeof lines - 1] = '\n';
    alarm(60); /* Nobody may be left behind, whatever becomes of the test. */
    while (write(1, lines, sizeof lines) > 0) {
    }
    _exit(0);
}

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    static int resets;
    (void)user;
    unsigned char *output = jobexec_job_output(job);
    switch (*(unsigned char *)payload) {
    case WAIT_FOR_RESET:
        *(atomic_int *)jobexec_job_header(job) = 1;
        CHECK_SOON(jobexec_job_is_cancelled(job));
        resets++;
        break;
    case COUNT_RESETS:
        output[0] = (unsigned char)resets;
        return jobexec_job_set_output(job, 1);
    case REFUSE:
        CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_job_set_payload(job, NULL));
        CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_job_set_output(job, CHECK_BYTES + 1));
        CHECK_IS(JOBEXEC_OK, jobexec_job_set_message(job, "not today"));
        return -5;
    case PRINT:
        fputs("one\ntwo\n", stdout), fflush(stdout);
        fputs("and three", stderr);
        break;
    case FLOOD:
        flood();
    case DIE:
        raise(SIGKILL);
        break;
    case LEAVE_A_FLOODER: /* It has the worker's standard output, and outlives it. */
        if (fork() == 0)
            flood();
        raise(SIGKILL);
    }
    return 0;
}

/* ---- The log ---- */

struct heard {
    jobexec_executor *volatile exec;
    atomic_int one, two, three, lines, refused, deaths;
};

static void listen(void *user, int32_t level, const char *text)
{
    struct heard *heard = user;
    heard->one += strcmp(text, "worker 0: one") == 0;
    heard->two += strcmp(text, "worker 0: two") == 0;
    heard->three += strcmp(text, "worker 0: and three") == 0;
    heard->deaths += level == JOBEXEC_LOG_WARNING && strstr(text, "signal 9; it was re") != NULL;
    heard->lines++;
    if (strstr(text, "xxx") != NULL)
        /* A slow log: there is always more to read when it returns. */
        for (uint64_t end = now_ns() + MILLISECOND / 2; now_ns() < end;) {
        }
    if (heard->exec != NULL && strcmp(text, "worker 0: one") == 0) {
        /* A callback like any other: what would wait for its own thread is refused. */
        jobexec_result result = check_result();
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_put(heard->exec, NULL, NULL));
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_poll_wait(heard->exec, 1, &result));
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_reset(heard->exec, NULL));
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_close(heard->exec, 1));
        heard->refused++;
    }
}

static jobexec_config heard_by(struct heard *heard, uint32_t workers)
{
    jobexec_config config = check_processes(workers, argv_of_workers);
    config.worker_output = JOBEXEC_OUTPUT_LOG;
    config.log = listen;
    config.user = heard;
    return config;
}

static void lines_come_to_the_log(void)
{
    struct heard heard = {0};
    jobexec_config config = heard_by(&heard, 1);
    jobexec_executor *exec = check_start(&config);
    heard.exec = exec;
    check_put(exec, &(char){PRINT}, 1);
    jobexec_result result = check_poll(exec);
    check_release(exec, &result);
    CHECK_SOON(heard.one == 1 && heard.two == 1 && heard.refused == 1);
    CHECK(heard.three == 0); /* The line is not complete. */
    check_close(exec);
    CHECK(heard.three == 1 && heard.lines == 3);
}

/* One that talks without end keeps nobody from learning of another's death. */
static void a_flood_drowns_nobody(void)
{
    struct heard heard = {0};
    jobexec_config config = heard_by(&heard, 2);
    jobexec_executor *exec = check_start(&config);
    check_put(exec, &(char){FLOOD}, 1);
    CHECK_SOON(heard.lines > 100);
    uint64_t begin = now_ns();
    check_put(exec, &(char){DIE}, 1);
    jobexec_result result = check_poll(exec);
    CHECK(result.outcome == JOBEXEC_OUTCOME_CRASHED && result.code == -SIGKILL);
    check_release(exec, &result);
    CHECK_SOON(heard.deaths == 1);
    printf("a death beside a flood was known after %.1f ms\n", (double)(now_ns() - begin) * 1e-6);
    CHECK(now_ns() - begin < SECOND);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, SECOND / 2));
    check_accounts(exec);
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
}

/* What a worker leaves behind may talk on: its worker is buried and replaced all the same. */
static void a_flood_of_the_dead(void)
{
    struct heard heard = {0};
    jobexec_config config = heard_by(&heard, 1);
    jobexec_executor *exec = check_start(&config);
    uint64_t begin = now_ns();
    check_put(exec, &(char){LEAVE_A_FLOODER}, 1);
    jobexec_result result = check_poll(exec);
    CHECK(result.outcome == JOBEXEC_OUTCOME_CRASHED);
    printf("a death with a flood left was known after %.1f ms\n",
           (double)(now_ns() - begin) * 1e-6);
    CHECK(now_ns() - begin < SECOND);
    check_release(exec, &result);
    check_put(exec, &(char){COUNT_RESETS}, 1);
    result = check_poll(exec);
    CHECK(result.outcome == JOBEXEC_OUTCOME_DONE);
    check_release(exec, &result);
    check_close(exec);
}

/* ---- Jobs ---- */

static void a_reset_reaches_what_runs(void)
{
    jobexec_config config = check_processes(1, argv_of_workers);
    jobexec_executor *exec = check_start(&config);
    void *input, *header;
    for (int round = 1; round <= 3; round++) {
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire_wait(exec, PATIENCE, &input));
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_header(exec, input, &header));
        *(char *)input = WAIT_FOR_RESET;
        atomic_int *at_work = header;
        *at_work = 0;
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, input, NULL));
        CHECK_SOON(*at_work == 1);
        CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
        check_put(exec, &(char){COUNT_RESETS}, 1);
        jobexec_result result = check_poll(exec);
        CHECK(result.session == (uint32_t)round && *(unsigned char *)result.output == round);
        check_release(exec, &result);
        CHECK(check_accounts(exec).discarded == (uint64_t)round);
    }
    CHECK(check_quiet_accounts(exec).restarts == 0);
    check_close(exec);
}

static void a_failure_says_why(void)
{
    jobexec_config config = check_processes(1, argv_of_workers);
    jobexec_executor *exec = check_start(&config);
    check_put(exec, &(char){REFUSE}, 1);
    jobexec_result result = check_poll(exec);
    CHECK(result.outcome == JOBEXEC_OUTCOME_FAILED && result.code == -5);
    CHECK(strcmp(result.message, "not today") == 0);
    check_release(exec, &result);
    check_accounts(exec);
    check_close(exec);
}

int main(void)
{
    check_no_cores();
    if (jobexec_is_worker())
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
    a_failure_says_why();
    a_reset_reaches_what_runs();
    lines_come_to_the_log();
    a_flood_drowns_nobody();
    a_flood_of_the_dead();
    return 0;
}
