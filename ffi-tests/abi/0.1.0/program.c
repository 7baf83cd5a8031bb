/* A program of release 0.1.0, which is compiled with that release's header and must run with every
 * later library of the same SONAME. It is not to be changed. */
#include <jobexec.h>
#include <stdio.h>
#include <string.h>

#define SECOND 1000000000ULL
#define CHECK(condition) \
    do { \
        if (!(condition)) return printf("line %d: %s: %s\n", __LINE__, #condition, jobexec_last_error()), 1; \
    } while (0)

static int32_t twice(void *user, void *payload, jobexec_job *job)
{
    if (*(int *)payload < 0) return jobexec_job_set_message(job, "negative"), 7;
    *(int *)payload *= *(int *)user;
    return 0;
}

static int32_t sum(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    unsigned char *output = jobexec_job_output(job);
    output[0] = 0;
    for (uint64_t i = 0; i < jobexec_job_input_bytes(job); i++) output[0] += ((unsigned char *)payload)[i];
    return jobexec_job_set_output(job, 1);
}

static int pointers(void)
{
    int factor = 2, n[8] = {1, 2, 3, 4, 5, 6, 7, -1}, total = 0, failed = 0;
    void *payloads[6];
    jobexec_config config = {.size = sizeof config};
    CHECK(jobexec_config_init(&config) == JOBEXEC_OK);
    CHECK(config.size == sizeof config && config.max_abandoned == 4 && config.reserved == 0);
    config.workers = 2;
    config.results = config.queue_per_worker = 8;
    config.pinning = JOBEXEC_PIN_OFF;
    config.transform = twice;
    config.user = &factor;
    config.job_timeout_ns = 100 * SECOND;
    jobexec_executor *exec;
    CHECK(jobexec_start(&config, SECOND, &exec) == JOBEXEC_OK);
    for (int i = 0; i < 6; i++) payloads[i] = &n[i];
    uint64_t accepted, polled, id;
    CHECK(jobexec_put_many_wait(exec, payloads, 6, SECOND, &accepted, NULL) == JOBEXEC_OK);
    CHECK(accepted == 6);
    jobexec_put_options options = {.size = sizeof options, .job_timeout_ns = 50 * SECOND, .wait_ns = SECOND};
    CHECK(jobexec_put_with(exec, &n[6], &options, NULL) == JOBEXEC_OK);
    CHECK(jobexec_put(exec, &n[7], &id) == JOBEXEC_OK);
    CHECK(jobexec_finish(exec) == JOBEXEC_OK);
    jobexec_result results[3] = {{.size = sizeof *results}};
    while (jobexec_poll_many_wait(exec, SECOND, results, 3, &polled) == JOBEXEC_OK)
        for (uint64_t i = 0; i < polled; i++) {
            const jobexec_result *result = &results[i];
            CHECK(result->attempts == 1 && result->finished_ns >= result->started_ns);
            if (result->outcome == JOBEXEC_OUTCOME_DONE) { total += *(int *)result->payload; continue; }
            CHECK(result->job_id == id && result->code == 7 && strcmp(result->message, "negative") == 0);
            failed++;
        }
    CHECK(total == 56 && failed == 1);
    jobexec_counters counters = {.size = sizeof counters};
    CHECK(jobexec_stats(exec, &counters) == JOBEXEC_OK);
    CHECK(counters.accepted == 8 && counters.done == 7 && counters.failed == 1);
    CHECK(counters.outstanding == 0 && counters.buffers_most == 0);
    CHECK(jobexec_close(exec, SECOND) == JOBEXEC_OK);
    CHECK(jobexec_free(exec) == JOBEXEC_OK);
    return 0;
}

static int batches(void)
{
    jobexec_config config = {.size = sizeof config};
    CHECK(jobexec_config_init(&config) == JOBEXEC_OK);
    config.workers = 1;
    config.transform = sum;
    config.input_bytes = config.output_bytes = 16;
    jobexec_executor *exec;
    CHECK(jobexec_start(&config, SECOND, &exec) == JOBEXEC_OK);
    void *input;
    CHECK(jobexec_buffer_acquire(exec, &input) == JOBEXEC_OK);
    memcpy(input, "\1\2\3", 3);
    CHECK(jobexec_buffer_set_input(exec, input, 3) == JOBEXEC_OK);
    CHECK(jobexec_put(exec, input, NULL) == JOBEXEC_OK);
    jobexec_result result = {.size = sizeof result};
    CHECK(jobexec_poll_wait(exec, SECOND, &result) == JOBEXEC_OK);
    CHECK(result.payload == input && result.output_bytes == 1 && *(char *)result.output == 6);
    CHECK(jobexec_buffer_release(exec, input) == JOBEXEC_OK);
    CHECK(jobexec_reset(exec, NULL) == JOBEXEC_OK);
    CHECK(jobexec_close(exec, SECOND) == JOBEXEC_OK);
    CHECK(jobexec_free(exec) == JOBEXEC_OK);
    return 0;
}

int main(void)
{
    return pointers() || batches();
}
