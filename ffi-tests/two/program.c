/* Two libraries written in Rust, in one program. */
#include <jobexec.h>

int other_counts(void);

static int32_t nothing(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

int main(void)
{
    jobexec_config config = {.size = sizeof config};
    jobexec_result result = {.size = sizeof result};
    jobexec_executor *exec;
    jobexec_config_init(&config);
    config.transform = nothing;
    return other_counts() != 4 || jobexec_start(&config, 1000000000, &exec) != JOBEXEC_OK ||
           jobexec_put(exec, &config, 0) != JOBEXEC_OK ||
           jobexec_poll_wait(exec, 1000000000, &result) != JOBEXEC_OK ||
           result.payload != &config || jobexec_close(exec, 1000000000) != JOBEXEC_OK ||
           jobexec_free(exec) != JOBEXEC_OK;
}
