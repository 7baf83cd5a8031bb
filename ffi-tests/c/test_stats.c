/* What the counters say of polls, of how long things took and of how busy workers are; and that the
 * report for programs is whole or cut, as it is asked for. */

#include "check.h"

static struct gate gate;

enum { RUNS_NS = 20 * 1000000 };

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    if (payload != NULL) {
        gate_pass(&gate);
        uint64_t end = now_ns() + RUNS_NS;
        while (now_ns() < end)
            sched_yield();
    }
    return 0;
}

static void polls(jobexec_executor *exec)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &gate, NULL));
    check_wait(&gate.at_work);
    for (int i = 0; i < 3; i++)
        CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    uint64_t polled;
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll_many(exec, &result, 1, &polled));
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, 5 * MILLISECOND, &result));
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.polls_empty == 4 && n.polls_waited == 1 && n.polls_found == 0);
    CHECK(n.poll_wait_ns >= 5 * MILLISECOND && n.busy_ns == 0);
    CHECK(n.queue_wait_max_ns == 0 && n.run_max_ns == 0 && n.result_wait_max_ns == 0);

    /* It lies behind the one that is held, and its result for a while. */
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    sem_post(&gate.let_go);
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_SOON(check_accounts(exec).ready == 1);
    uint64_t until = now_ns() + RUNS_NS;
    CHECK_SOON(now_ns() >= until);
    CHECK_IS(JOBEXEC_OK, jobexec_poll(exec, &result));
    n = check_quiet_accounts(exec);
    CHECK(n.polls_empty == 4 && n.polls_waited == 2 && n.polls_found == 1);
    CHECK(n.run_max_ns >= RUNS_NS && n.queue_wait_max_ns >= RUNS_NS);
    CHECK(n.result_wait_max_ns >= RUNS_NS);
    CHECK(n.run_p50_ns <= n.run_p99_ns && n.run_p99_ns <= n.run_max_ns);
    CHECK(n.run_p50_ns < RUNS_NS && n.run_p99_ns >= RUNS_NS);
    CHECK(n.busy_ns >= RUNS_NS && n.busy_ns <= n.age_ns * n.workers);
    CHECK(n.buffers_most == 0);
}

/* An epoch of jobs that are short: what is found is counted by what was delivered. */
static void epoch(jobexec_executor *exec)
{
    jobexec_result result = check_result();
    jobexec_counters before = check_accounts(exec);
    for (int i = 0; i < 1000; i++) {
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    }
    jobexec_counters n = check_accounts(exec);
    CHECK(n.polls_found + n.polls_waited == before.polls_found + before.polls_waited + 1000);
    CHECK(n.polls_empty == before.polls_empty);
}

static void json(jobexec_executor *exec)
{
    char text[16384], cut[40];
    size_t needed = 0, again = 0;
    CHECK_IS(JOBEXEC_OK, jobexec_report_json(exec, NULL, 0, &needed));
    CHECK(needed > 500 && needed < sizeof text);
    CHECK_IS(JOBEXEC_OK, jobexec_report_json(exec, text, sizeof text, &needed));
    CHECK(strlen(text) + 1 == needed && text[0] == '{' && text[needed - 2] == '}');
    CHECK(strstr(text, "\"state\":\"open\"") != NULL && strstr(text, "\"polls_empty\":4") != NULL);
    CHECK_IS(JOBEXEC_OK, jobexec_report_json(exec, cut, sizeof cut, &again));
    CHECK(strlen(cut) == sizeof cut - 1 && strncmp(cut, text, 30) == 0);
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_report_json(exec, NULL, 1, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_report_json(NULL, text, sizeof text, NULL));
    char report[16384];
    CHECK_IS(JOBEXEC_OK, jobexec_report(exec, report, sizeof report, NULL));
    CHECK(strstr(report, "found a result at once") != NULL && strstr(report, "% busy") != NULL);
}

int main(void)
{
    gate_init(&gate);
    jobexec_config config = check_config(1, transform);
    jobexec_executor *exec = check_start(&config);
    polls(exec);
    epoch(exec);
    json(exec);
    check_close(exec);

    config.timing = 0;
    exec = check_start(&config);
    epoch(exec);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.busy_ns == 0 && n.run_max_ns == 0 && n.queue_wait_p99_ns == 0 && n.age_ns > 0);
    check_close(exec);

    config.timing = 1;
    config.workers = 0;
    exec = check_start(&config);
    sem_post(&gate.let_go);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &gate, NULL));
    CHECK(check_quiet_accounts(exec).busy_ns >= RUNS_NS);
    check_close(exec);
    return 0;
}
