/* Faults that a checker must report, to show that it watches: the library too, not this program
 * alone. The argument says which: freed, leak or race. */
#include "check.h"

static int32_t count(void *user, void *payload, jobexec_job *job)
{
    (void)payload, (void)job;
    ++*(int *)user;
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    int counted = 0;
    jobexec_config config = check_config(2, count);
    config.user = &counted;
    config.job_timeout_ns = UINT64_MAX;
    jobexec_executor *exec = check_start(&config);
    jobexec_put_options *options = calloc(1, sizeof *options);
    options->size = sizeof *options;
    if (strcmp(argv[1], "freed") == 0)
        free(options); /* The library reads it. */
    for (int i = 0; i < 100; i++) {
        jobexec_result result = {.size = sizeof result};
        jobexec_put_with(exec, &counted, options, NULL);
        if (strcmp(argv[1], "race") == 0)
            ++counted; /* As the worker may at this moment, whichever it is, and without a lock. */
        while (jobexec_poll_wait(exec, MILLISECOND, &result) == JOBEXEC_OK)
            continue;
    }
    if (strcmp(argv[1], "freed") != 0)
        free(options);
    if (strcmp(argv[1], "leak") == 0)
        exec = NULL; /* What it had is of the library. */
    else
        check_close(exec);
    return 0;
}
