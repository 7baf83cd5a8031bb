/* Worker processes have no descriptor of the process that started them. */

#include "check_process.h"

static const char *const workers_argv[] = {"/proc/self/exe", NULL};

/* Writes what its descriptors are, one a line. */
static uint64_t list_files(char *text)
{
    DIR *files = opendir("/proc/self/fd");
    CHECK(files != NULL);
    uint64_t length = 0;
    for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
        char target[64] = "";
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || fd == dirfd(files))
            continue;
        CHECK(readlinkat(dirfd(files), entry->d_name, target, sizeof target - 1) >= 0);
        CHECK(length + 80 < CHECK_BYTES);
        length += (uint64_t)sprintf(text + length, "%d %s\n", fd, fd < 3 ? "standard" : target);
    }
    closedir(files);
    return length + 1;
}

/* Input 1: dies. */
static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    if (*(char *)payload == 1)
        raise(SIGKILL);
    return jobexec_job_set_output(job, list_files(jobexec_job_output(job)));
}

/* A worker has its standard files, and after its hello not even those that the library gave it. */
static void nothing_is_inherited(void)
{
    int open_[3];
    for (int i = 0; i < 3; i++)
        CHECK((open_[i] = open("/dev/zero", O_RDONLY)) >= 0); /* Without O_CLOEXEC. */
    CHECK(fcntl(open_[0], F_DUPFD, 500) == 500);
    jobexec_config config = check_processes(1, workers_argv);
    for (int round = 0; round < 2; round++) { /* The second is a replacement. */
        jobexec_executor *exec = check_start(&config);
        int32_t event_fd;
        CHECK_IS(JOBEXEC_OK, jobexec_event_fd(exec, &event_fd));
        if (round == 1) {
            check_put(exec, &(char){1}, 1);
            jobexec_result crashed = check_poll(exec);
            CHECK(crashed.outcome == JOBEXEC_OUTCOME_CRASHED);
            check_release(exec, &crashed);
        }
        check_put(exec, "", 1);
        jobexec_result result = check_poll(exec);
        CHECK(result.outcome == JOBEXEC_OUTCOME_DONE && result.output_bytes > 0);
        if (strcmp(result.output, "0 standard\n1 standard\n2 standard\n") != 0) {
            fprintf(stderr, "a worker has\n%s", (char *)result.output);
            check_failed(__FILE__, __LINE__, "nothing is inherited");
        }
        check_release(exec, &result);
        check_accounts(exec);
        check_close(exec);
    }
    close(500);
    for (int i = 0; i < 3; i++)
        close(open_[i]);
}

int main(void)
{
    if (jobexec_is_worker())
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
    nothing_is_inherited();
    return 0;
}
