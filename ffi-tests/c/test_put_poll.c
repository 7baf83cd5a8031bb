/* Each job has an id of its own and one result, which says what the transform was told. */

#include "check.h"

enum { JOBS = 2000 };

struct note {
    uint64_t put_id, id, number, before, after;
    uint32_t session, worker;
    int ran, polled;
};

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    struct note *note = payload;
    note->id = jobexec_job_id(job);
    note->number = jobexec_job_number(job);
    note->session = jobexec_job_session(job);
    note->worker = jobexec_job_worker(job);
    note->ran++;
    return 0;
}

static void check_times(const jobexec_result *result, const struct note *note, int timing)
{
    if (!timing) {
        CHECK(result->created_ns == 0 && result->started_ns == 0 && result->finished_ns == 0);
        CHECK(result->queued_ns == 0 && result->polled_ns == 0);
        return;
    }
    CHECK(note->before <= result->created_ns && result->created_ns <= note->after);
    CHECK(result->created_ns <= result->started_ns);
    CHECK(result->started_ns <= result->finished_ns);
    CHECK(result->finished_ns <= result->queued_ns);
    CHECK(result->queued_ns <= result->polled_ns);
    CHECK(result->polled_ns <= now_ns());
}

static void take(jobexec_executor *exec, int timing)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    struct note *note = result.payload;
    CHECK(result.outcome == JOBEXEC_OUTCOME_DONE && result.code == 0 && result.message[0] == 0);
    CHECK(result.job_id == note->put_id && result.job_id == note->id);
    CHECK(result.number == note->number && result.session == note->session);
    CHECK(result.worker == note->worker && result.worker < 2);
    CHECK(++note->polled == 1);
    check_times(&result, note, timing);
}

static int by_id(const void *left, const void *right)
{
    const struct note *a = left, *b = right;
    return (a->put_id > b->put_id) - (a->put_id < b->put_id);
}

static void put_and_poll(int timing)
{
    static struct note notes[JOBS];
    memset(notes, 0, sizeof notes);
    jobexec_config config = check_config(2, transform);
    config.timing = (uint32_t)timing;
    jobexec_executor *exec = check_start(&config);
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_EMPTY, jobexec_poll(exec, &result));
    CHECK_IS(JOBEXEC_TIMEOUT, jobexec_poll_wait(exec, MILLISECOND, &result));

    for (int i = 0; i < JOBS; i++) {
        /* Half of them in session 1: an id is not given again. */
        if (i == JOBS / 2) {
            CHECK_SOON(jobexec_is_idle(exec) || (take(exec, timing), 0));
            CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
        }
        notes[i].before = now_ns();
        while (jobexec_put(exec, &notes[i], &notes[i].put_id) == JOBEXEC_FULL) {
            take(exec, timing);
            notes[i].before = now_ns();
        }
        notes[i].after = now_ns();
    }
    while (!jobexec_is_idle(exec))
        take(exec, timing);

    for (int i = 0; i < JOBS; i++) {
        CHECK(notes[i].ran == 1 && notes[i].polled == 1);
        CHECK(notes[i].session == (uint32_t)(i / (JOBS / 2)));
        CHECK(notes[i].number == (uint64_t)(i % (JOBS / 2)));
    }
    qsort(notes, JOBS, sizeof *notes, by_id);
    for (int i = 1; i < JOBS; i++)
        CHECK(notes[i - 1].put_id < notes[i].put_id);

    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.accepted == JOBS && n.done == JOBS && n.session == 1 && n.workers == 2);
    check_close(exec);
}

int main(void)
{
    put_and_poll(1);
    put_and_poll(0);
    return 0;
}
