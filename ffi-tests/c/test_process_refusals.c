/* What is refused: configurations that are none for worker processes, payloads that they cannot
 * see, and a worker's calls from a process that is no worker. */

#include "check_process.h"

static const char *const argv_of_workers[] = {"/proc/self/exe", NULL};

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

static int32_t init(void *user, uint32_t worker)
{
    (void)user, (void)worker;
    return 0;
}

static void refusals(void)
{
    static const char *const nothing[] = {NULL}, *const empty[] = {"", NULL};
    static const char *const no_equals[] = {"A=1", "HOME", NULL}, *const no_name[] = {"=1", NULL};
    static const char *const gone[] = {"/no/such/program", NULL}, *const folder[] = {"/", NULL};
    const jobexec_config usual = check_processes(1, argv_of_workers);
    jobexec_config config;
    config = usual, config.transform = transform;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "transform");
    config = usual, config.worker_init = init;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "worker_init");
    config = usual, config.argv = NULL;
    check_no_start(&config, JOBEXEC_ERROR_NULL, "argv");
    config = usual, config.argv = nothing;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "no program");
    config = usual, config.argv = empty;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "no program");
    config = usual, config.env = no_equals;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "HOME");
    config = usual, config.env = no_name;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "=1");
    config = usual, config.worker_kind = 2;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "worker_kind is 2");
    config = usual, config.worker_output = 2;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "worker_output is 2");
    config = usual, config.workers = 0;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "at least one");
    config = usual, config.input_bytes = config.output_bytes = 0;
    check_no_start(&config, JOBEXEC_ERROR_ARGUMENT, "input_bytes");
    config = usual, config.argv = gone;
    check_no_start(&config, JOBEXEC_ERROR_WORKER, "/no/such/program");
    config = usual, config.argv = folder;
    check_no_start(&config, JOBEXEC_ERROR_WORKER, "denied");

    jobexec_executor *exec = check_start(&usual);
    int plain = 0;
    void *input;
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put(exec, &plain, NULL));
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire(exec, &input));
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put(exec, (char *)input + 1, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, input));
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_put(exec, input, NULL));
    CHECK(check_quiet_accounts(exec).accepted == 0);
    check_close(exec);
}

/* This process is nobody's worker, whatever it says. */
static void not_a_worker(void)
{
    jobexec_job *job;
    void *input;
    CHECK(setenv("JOBEXEC_WORKER", "1", 1) == 0);
    CHECK(!jobexec_is_worker());
    CHECK_IS(JOBEXEC_ERROR_NOT_WORKER, jobexec_worker_main(transform, NULL));
    CHECK_IS(JOBEXEC_ERROR_NOT_WORKER, jobexec_worker_next(0, &job, &input));
    CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_worker_done((jobexec_job *)&input, 0));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_worker_main(NULL, NULL));
}

int main(void)
{
    if (jobexec_is_worker())
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
    not_a_worker();
    refusals();
    return 0;
}
