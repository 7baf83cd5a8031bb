/* Bad input is an error with a sentence, never a crash; so is a handle that was closed or freed. */

#include "check.h"

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload;
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_job_set_message(job, NULL));
    return 0;
}

/* The sentence about the last error contains this word. */
static void check_says(const char *word)
{
    if (strstr(jobexec_last_error(), word) == NULL) {
        fprintf(stderr, "\"%s\" does not say \"%s\"\n", jobexec_last_error(), word);
        CHECK(!"the last error names what was wrong");
    }
}

#define REFUSED(status, word, call) (CHECK_IS(status, call), check_says(word))

static void start_refused(const jobexec_config *config, jobexec_status status, const char *word)
{
    jobexec_executor *const before = (jobexec_executor *)&before, *exec = before;
    REFUSED(status, word, jobexec_start(config, PATIENCE, &exec));
    CHECK(exec == before);
}

/* A start with one field changed is refused, by the field's name. */
#define FIELD_REFUSED(field, value, status, word) \
    do { \
        jobexec_config changed = check_config(1, transform); \
        changed.field = (value); \
        start_refused(&changed, status, word); \
    } while (0)

static void null_pointers(jobexec_executor *exec)
{
    jobexec_config config = check_config(1, transform);
    jobexec_result result = check_result();
    jobexec_counters counters = {.size = sizeof counters};
    char text[8];

    REFUSED(JOBEXEC_ERROR_NULL, "config", jobexec_config_init(NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "config", jobexec_config_capacity(NULL, 1, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_config_capacity(&config, 1, NULL, NULL));
    start_refused(NULL, JOBEXEC_ERROR_NULL, "config");
    REFUSED(JOBEXEC_ERROR_NULL, "exec", jobexec_start(&config, PATIENCE, NULL));
    FIELD_REFUSED(transform, NULL, JOBEXEC_ERROR_NULL, "transform");

    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_close(NULL, PATIENCE));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_put(NULL, NULL, NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_put_wait(NULL, NULL, PATIENCE, NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_poll(NULL, &result));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_poll(exec, NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_poll_wait(NULL, PATIENCE, &result));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_poll_wait(exec, PATIENCE, NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_finish(NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_reset(NULL, NULL));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_abort(NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_is_full(NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_is_idle(NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_stats(NULL, &counters));
    REFUSED(JOBEXEC_ERROR_NULL, "stats", jobexec_stats(exec, NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_capacity(NULL, NULL, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_capacity(exec, NULL, NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "NULL", jobexec_report(NULL, text, sizeof text, NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "text", jobexec_report(exec, NULL, 1, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_report(exec, NULL, 0, NULL));

    CHECK(jobexec_job_id(NULL) == 0 && jobexec_job_session(NULL) == 0);
    CHECK(jobexec_job_number(NULL) == 0 && jobexec_job_worker(NULL) == 0);
    CHECK(jobexec_job_seed(NULL) == 0 && jobexec_job_is_cancelled(NULL) == 0);
    REFUSED(JOBEXEC_ERROR_NULL, "job", jobexec_job_set_payload(NULL, NULL));
    REFUSED(JOBEXEC_ERROR_NULL, "job", jobexec_job_set_message(NULL, "text"));
    CHECK_IS(JOBEXEC_OK, jobexec_free(NULL));
}

static void sizes(jobexec_executor *exec)
{
    const uint64_t bad[] = {0, 1, sizeof(uint64_t), sizeof(jobexec_config) - 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        jobexec_config config = {.size = bad[i]};
        REFUSED(JOBEXEC_ERROR_SIZE, "size", jobexec_config_init(&config));
        REFUSED(JOBEXEC_ERROR_SIZE, "size", jobexec_config_capacity(&config, 1, NULL, NULL));
        start_refused(&config, JOBEXEC_ERROR_SIZE, "size");
    }

    /* A program compiled with a later header: what this library does not know must be zero. */
    struct {
        jobexec_config known;
        uint64_t unknown;
    } later = {.known.size = sizeof later, .unknown = 1};
    CHECK_IS(JOBEXEC_OK, jobexec_config_init(&later.known));
    CHECK(later.known.size == sizeof later && later.unknown == 0);
    later.known.transform = transform;
    later.known.workers = 1;
    check_close(check_start(&later.known));
    later.unknown = 1;
    start_refused(&later.known, JOBEXEC_ERROR_SIZE, "of config is set");
    CHECK_IS(JOBEXEC_ERROR_SIZE, jobexec_config_capacity(&later.known, 1, NULL, NULL));

    jobexec_result result = {.size = 0};
    REFUSED(JOBEXEC_ERROR_SIZE, "size", jobexec_poll(exec, &result));
    REFUSED(JOBEXEC_ERROR_SIZE, "size", jobexec_poll_wait(exec, PATIENCE, &result));
    result.size = sizeof result - 1;
    REFUSED(JOBEXEC_ERROR_SIZE, "size", jobexec_poll(exec, &result));
    REFUSED(JOBEXEC_ERROR_SIZE, "size", jobexec_poll_wait(exec, PATIENCE, &result));
    jobexec_counters counters = {.size = sizeof counters - 1};
    REFUSED(JOBEXEC_ERROR_SIZE, "size", jobexec_stats(exec, &counters));
}

static void values(void)
{
    FIELD_REFUSED(workers, 4097, JOBEXEC_ERROR_ARGUMENT, "workers");
    FIELD_REFUSED(workers, JOBEXEC_WORKERS_AUTO - 1, JOBEXEC_ERROR_ARGUMENT, "workers");
    FIELD_REFUSED(queue_per_worker, 0, JOBEXEC_ERROR_ARGUMENT, "queue_per_worker");
    FIELD_REFUSED(queue_per_worker, UINT32_MAX, JOBEXEC_ERROR_ARGUMENT, "queue_per_worker");
    FIELD_REFUSED(results_per_worker, 0, JOBEXEC_ERROR_ARGUMENT, "results_per_worker");
    FIELD_REFUSED(results_per_worker, UINT32_MAX, JOBEXEC_ERROR_ARGUMENT, "results_per_worker");
    FIELD_REFUSED(results, UINT32_MAX, JOBEXEC_ERROR_ARGUMENT, "results");
    FIELD_REFUSED(wait_until_workers_run, 2, JOBEXEC_ERROR_ARGUMENT, "wait_until_workers_run");
    FIELD_REFUSED(timing, UINT32_MAX, JOBEXEC_ERROR_ARGUMENT, "timing");
    FIELD_REFUSED(spin_ns, 10000001, JOBEXEC_ERROR_ARGUMENT, "spin_ns");
    FIELD_REFUSED(spin_ns, UINT64_MAX, JOBEXEC_ERROR_ARGUMENT, "spin_ns");
    FIELD_REFUSED(waiting, 3, JOBEXEC_ERROR_ARGUMENT, "waiting");
    FIELD_REFUSED(pinning, 3, JOBEXEC_ERROR_ARGUMENT, "pinning");
    FIELD_REFUSED(local_rank, 1, JOBEXEC_ERROR_ARGUMENT, "local_rank");
    FIELD_REFUSED(local_size, 0, JOBEXEC_ERROR_ARGUMENT, "local_size");
    FIELD_REFUSED(reserve_cores, UINT32_MAX, JOBEXEC_ERROR_ARGUMENT, "reserve_cores");

    jobexec_config config = check_config(1, transform);
    REFUSED(JOBEXEC_ERROR_ARGUMENT, "4097", jobexec_config_capacity(&config, 4097, NULL, NULL));
    config.results = UINT32_MAX;
    REFUSED(JOBEXEC_ERROR_ARGUMENT, "results", jobexec_config_capacity(&config, 1, NULL, NULL));
}

static void cpu_list(const uint32_t *cpus, uint32_t count, jobexec_status status, const char *word)
{
    jobexec_config config = check_config(1, transform);
    config.pinning = JOBEXEC_PIN_LIST;
    config.cpus = cpus;
    config.cpu_count = count;
    start_refused(&config, status, word);
}

static void cpu_lists(void)
{
    cpu_set_t allowed;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    uint32_t mine = 0, other = 0;
    while (!CPU_ISSET(mine, &allowed))
        mine++;
    while (CPU_ISSET(other, &allowed))
        other++;
    cpu_list(NULL, 1, JOBEXEC_ERROR_NULL, "cpus");
    cpu_list(&mine, 0, JOBEXEC_ERROR_ARGUMENT, "empty");
    cpu_list((uint32_t[]){mine, other}, 2, JOBEXEC_ERROR_ARGUMENT, "not allowed");
    cpu_list((uint32_t[]){UINT32_MAX}, 1, JOBEXEC_ERROR_ARGUMENT, "not allowed");
    cpu_list((uint32_t[]){mine, mine}, 2, JOBEXEC_ERROR_ARGUMENT, "more than once");
    cpu_list(&mine, UINT32_MAX, JOBEXEC_ERROR_ARGUMENT, "4294967295");
}

/* Every function that takes a handle answers this one. */
static void all_answer(jobexec_executor *exec, jobexec_status status)
{
    jobexec_result result = check_result();
    CHECK_IS(status, jobexec_put(exec, NULL, NULL));
    CHECK_IS(status, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    CHECK_IS(status, jobexec_poll(exec, &result));
    CHECK_IS(status, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK_IS(status, jobexec_finish(exec));
    CHECK_IS(status, jobexec_reset(exec, NULL));
}

static void late_use(jobexec_executor *exec)
{
    jobexec_counters counters = {.size = sizeof counters};
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, PATIENCE));
    all_answer(exec, JOBEXEC_CLOSED);
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, 0));
    CHECK(check_quiet_accounts(exec).outstanding == 0);

    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
    all_answer(exec, JOBEXEC_ERROR_HANDLE);
    CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_close(exec, PATIENCE));
    CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_abort(exec));
    CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_is_full(exec));
    CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_is_idle(exec));
    CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_stats(exec, &counters));
    CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_capacity(exec, NULL, NULL));
    CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_report(exec, NULL, 0, NULL));
    CHECK_IS(JOBEXEC_ERROR_HANDLE, jobexec_free(exec));
    check_says("freed");
}

int main(void)
{
    CHECK(jobexec_last_error()[0] == 0);
    for (jobexec_status status = -12; status <= 7; status++)
        CHECK(jobexec_status_text(status)[0] != 0);
    CHECK(jobexec_version()[0] != 0);

    jobexec_config config = check_config(1, transform);
    jobexec_executor *exec = check_start(&config);
    CHECK_IS(JOBEXEC_OK, jobexec_put(exec, NULL, NULL));
    null_pointers(exec);
    sizes(exec);
    values();
    cpu_lists();
    late_use(exec);
    return 0;
}
