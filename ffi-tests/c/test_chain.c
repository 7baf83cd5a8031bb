/* A chain: each stage has workers of its own, and what one has done goes on to the next. */

#include "check.h"

#include <stdatomic.h>

static atomic_int runs[3];

/* Each stage writes its input and its own number behind it. */
static int32_t sign(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    uint32_t stage = jobexec_job_stage(job);
    uint64_t length = jobexec_job_input_bytes(job);
    unsigned char *output = jobexec_job_output(job);
    runs[stage]++;
    CHECK(jobexec_job_worker(job) == stage || (stage == 2 && jobexec_job_worker(job) == 3));
    CHECK(length == 1 + stage && jobexec_job_output_bytes(job) == 64);
    memcpy(output, payload, length);
    output[length] = (unsigned char)(100 + stage);
    if (stage == 1 && output[0] % 5 == 4)
        return 9;
    CHECK_IS(JOBEXEC_OK, jobexec_job_set_output(job, length + 1));
    return 0;
}

static void batches(void)
{
    enum { JOBS = 200 };
    static const uint32_t stages[] = {1, 1, 2};
    jobexec_config config = check_config(7, sign); /* Counts for nothing. */
    CHECK(config.stages == NULL && config.stage_count == 0);
    config.stages = stages;
    config.stage_count = 3;
    config.input_bytes = config.output_bytes = 64;
    config.results = config.queue_per_worker = 8;
    config.pinning = JOBEXEC_PIN_OFF;
    jobexec_executor *exec = check_start(&config);
    CHECK(check_accounts(exec).workers == 4);
    jobexec_result result = check_result();
    for (int put = 0, polled = 0; polled < JOBS;) {
        void *input;
        if (put < JOBS && jobexec_buffer_acquire(exec, &input) == JOBEXEC_OK) {
            *(unsigned char *)input = (unsigned char)put++;
            CHECK_IS(JOBEXEC_OK, jobexec_buffer_set_input(exec, input, 1));
            CHECK_IS(JOBEXEC_OK, jobexec_put(exec, input, NULL));
            continue;
        }
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        polled++;
        if (result.outcome == JOBEXEC_OUTCOME_FAILED) {
            CHECK(result.code == 9 && result.number % 5 == 4 && result.worker == 1);
        } else {
            const unsigned char *output = result.output;
            CHECK(result.outcome == JOBEXEC_OUTCOME_DONE && result.output_bytes == 4);
            CHECK(output[0] == result.number % 256 && output[1] == 100 && output[2] == 101 &&
                  output[3] == 102);
        }
        CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, result.payload));
    }
    CHECK(runs[0] == JOBS && runs[1] == JOBS && runs[2] == JOBS - JOBS / 5);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.done == JOBS - JOBS / 5 && n.failed == JOBS / 5 && n.outstanding == 0);
    char report[16384];
    CHECK_IS(JOBEXEC_OK, jobexec_report_json(exec, report, sizeof report, NULL));
    CHECK(strstr(report, "\"stage\":2") != NULL);
    check_close(exec);
}

static void refused(void)
{
    static const uint32_t nobody[] = {1, 0}, many[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    jobexec_config config = check_config(1, sign);
    jobexec_executor *exec = NULL;
    config.stage_count = 2;
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_start(&config, PATIENCE, &exec));
    config.stages = nobody;
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_start(&config, PATIENCE, &exec));
    config.stages = many;
    config.stage_count = 9;
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_start(&config, PATIENCE, &exec));
    config.stage_count = 0;
    config.reserved = 1;
    CHECK_IS(JOBEXEC_ERROR_ARGUMENT, jobexec_start(&config, PATIENCE, &exec));
    CHECK(exec == NULL && jobexec_job_stage(NULL) == 0);
}

int main(void)
{
    batches();
    refused();
    return 0;
}
