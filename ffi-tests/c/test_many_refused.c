/* What calls for many jobs refuse, and that an answer that is not OK changes nothing. */

#include "check.h"

#include <stdatomic.h>

enum { COUNT = 4 };

static jobexec_executor *_Atomic inside;
static atomic_int called;
static void *payloads[COUNT];

/* From inside a callback, what could wait for the callback itself is an error. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    if (inside != NULL) {
        jobexec_result result = check_result();
        uint64_t n = 7;
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_put_many(inside, payloads, 1, &n, NULL));
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_put_many(inside, payloads, 0, &n, NULL));
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK,
                 jobexec_put_many_wait(inside, payloads, 1, PATIENCE, &n, NULL));
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK,
                 jobexec_poll_many_wait(inside, PATIENCE, &result, 1, &n));
        CHECK_IS(JOBEXEC_EMPTY, jobexec_poll_many(inside, &result, 1, &n));
        CHECK(n == 7);
        called++;
    }
    return 0;
}

/* Every call for many jobs gives this answer, and writes nothing. */
static void all_are(jobexec_executor *exec, uint64_t count, jobexec_status put, jobexec_status poll)
{
    jobexec_result results[COUNT];
    memset(results, 0, sizeof results);
    results[0].size = sizeof results[0];
    uint64_t n = 7, id = 8;
    CHECK_IS(put, jobexec_put_many(exec, payloads, count, &n, &id));
    CHECK_IS(put, jobexec_put_many_wait(exec, payloads, count, PATIENCE, &n, &id));
    CHECK_IS(poll, jobexec_poll_many(exec, results, count, &n));
    CHECK_IS(poll, jobexec_poll_many_wait(exec, PATIENCE, results, count, &n));
    CHECK(n == 7 && id == 8 && results[0].payload == NULL && results[0].job_id == 0);
}

static void inputs(jobexec_executor *exec)
{
    jobexec_result results[COUNT] = {{.size = sizeof results[0]}};
    uint64_t n = 7;
    const uint64_t timeout = PATIENCE;
    all_are(NULL, COUNT, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_NULL);
    all_are(NULL, 0, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_NULL);
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_put_many(exec, NULL, 1, &n, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_put_many(exec, payloads, 1, NULL, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_put_many_wait(exec, NULL, 1, timeout, &n, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_put_many_wait(exec, payloads, 1, timeout, NULL, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_poll_many(exec, NULL, 1, &n));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_poll_many(exec, results, 1, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_poll_many_wait(exec, timeout, NULL, 1, &n));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_poll_many_wait(exec, timeout, results, 1, NULL));
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_put_many(exec, payloads, UINT64_MAX, &n, NULL));
    void **askew = (void **)((char *)payloads + 1);
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_put_many(exec, askew, 1, &n, NULL));

    const uint64_t bad[] = {0, 1, sizeof *results - 8, sizeof *results + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        results[0].size = bad[i];
        CHECK_IS(JOBEXEC_ERROR_SIZE, jobexec_poll_many(exec, results, COUNT, &n));
        CHECK_IS(JOBEXEC_ERROR_SIZE, jobexec_poll_many_wait(exec, timeout, results, COUNT, &n));
        CHECK(strstr(jobexec_last_error(), "size") != NULL);
    }
    CHECK(n == 7 && check_quiet_accounts(exec).accepted == 0);

    /* To ask for none is no error, and needs no place. */
    CHECK_IS(JOBEXEC_OK, jobexec_put_many(exec, NULL, 0, &n, NULL));
    CHECK(n == 0);
    n = 7;
    CHECK_IS(JOBEXEC_OK, jobexec_poll_many_wait(exec, timeout, NULL, 0, &n));
    CHECK(n == 0);
}

static void answers(uint32_t workers)
{
    jobexec_config config = check_config(workers, transform);
    config.results = COUNT;
    config.queue_per_worker = COUNT;
    jobexec_executor *exec = check_start(&config);
    uint64_t n;
    inputs(exec);

    inside = exec;
    CHECK_IS(JOBEXEC_OK, jobexec_put_many(exec, payloads, 1, &n, NULL));
    CHECK(n == 1);
    CHECK_SOON(check_accounts(exec).ready == 1);
    CHECK(called == 1);
    inside = NULL;
    called = 0;
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    /* By the worker, if it was just publishing it: that counts as ready already. */
    CHECK_SOON(check_accounts(exec).discarded == 1);
    check_quiet_accounts(exec);

    CHECK_IS(JOBEXEC_OK, jobexec_finish(exec));
    all_are(exec, COUNT, JOBEXEC_ERROR_FINISHED, JOBEXEC_END);
    CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_put_many(exec, payloads, COUNT, &n, NULL));
    CHECK(n == COUNT);
    CHECK_SOON(check_accounts(exec).ready == COUNT);
    CHECK_IS(JOBEXEC_OK, jobexec_abort(exec));
    all_are(exec, COUNT, JOBEXEC_ABORTED, JOBEXEC_ABORTED);
    all_are(exec, 0, JOBEXEC_ABORTED, JOBEXEC_ABORTED);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    all_are(exec, COUNT, JOBEXEC_CLOSED, JOBEXEC_CLOSED);
    all_are(exec, 0, JOBEXEC_CLOSED, JOBEXEC_CLOSED);
    jobexec_counters counters = check_quiet_accounts(exec);
    CHECK(counters.accepted == 1 + COUNT && counters.discarded == 1 + COUNT);
    check_close(exec);
    all_are(exec, COUNT, JOBEXEC_ERROR_HANDLE, JOBEXEC_ERROR_HANDLE);
}

int main(void)
{
    answers(0);
    answers(1);
    return 0;
}
