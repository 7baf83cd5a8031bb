/* A job's seed follows from the configured one, the session and the number; not from the worker. */

#include "check.h"

enum { JOBS = 100 };

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    *(uint64_t *)payload = jobexec_job_seed(job);
    return 0;
}

/* Two sessions' seeds, by number. */
static void draw(uint32_t workers, uint64_t seed, uint64_t seeds[2 * JOBS])
{
    jobexec_config config = check_config(workers, transform);
    config.seed = seed;
    config.results = 2 * JOBS;
    jobexec_executor *exec = check_start(&config);
    for (int i = 0; i < 2 * JOBS; i++) {
        if (i == JOBS) {
            CHECK_SOON(check_accounts(exec).ready == JOBS);
            CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
        }
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, &seeds[i], PATIENCE, NULL));
    }
    CHECK_SOON(check_accounts(exec).ready == JOBS);
    check_close(exec);
}

int main(void)
{
    static uint64_t one[2 * JOBS], many[2 * JOBS], other[2 * JOBS];
    draw(1, 7, one);
    draw(4, 7, many);
    draw(1, 8, other);
    CHECK(memcmp(one, many, sizeof one) == 0);
    for (int i = 0; i < 2 * JOBS; i++) {
        CHECK(one[i] != other[i]);
        for (int j = 0; j < i; j++)
            CHECK(one[i] != one[j]);
    }
    return 0;
}
