/* More memory than there is: an error, and the user pointer stays the caller's. */

#include "check.h"

#include <sys/resource.h>

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

static void destroy(void *user)
{
    (void)user;
    CHECK(!"the pointer was the executor's");
}

int main(void)
{
    struct rlimit limit = {.rlim_cur = 128 << 20, .rlim_max = RLIM_INFINITY};
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld", &pages) == 1);
    fclose(file);
    if ((rlim_t)(pages * sysconf(_SC_PAGESIZE)) > limit.rlim_cur / 2 ||
        setrlimit(RLIMIT_AS, &limit) != 0)
        return puts("the address space is taken already, by a checker"), SKIPPED;

    jobexec_config config = check_config(2, transform);
    config.results = 1 << 20;
    config.queue_per_worker = 1 << 20;
    config.user_destructor = destroy;
    jobexec_executor *exec = NULL;
    CHECK_IS(JOBEXEC_ERROR_MEMORY, jobexec_start(&config, PATIENCE, &exec));
    CHECK(exec == NULL && strstr(jobexec_last_error(), "bytes") != NULL);

    config.results = 0;
    config.queue_per_worker = 2;
    config.user_destructor = NULL;
    check_close(check_start(&config));
    return 0;
}
