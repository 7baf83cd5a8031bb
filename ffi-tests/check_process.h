/*
 * What the tests of worker processes share. Such a test program is its own worker:
 * "/proc/self/exe", with a word that says what kind of worker it is to be.
 */

#ifndef CHECK_PROCESS_H
#define CHECK_PROCESS_H

#include "check.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { CHECK_BYTES = 256 };

/* Processes that run argv, with buffers of CHECK_BYTES each way. Several tests may run at a time,
 * so none is pinned. */
static inline jobexec_config check_processes(uint32_t workers, const char *const *argv)
{
    jobexec_config config = check_config(workers, NULL);
    config.worker_kind = JOBEXEC_WORKERS_ARE_PROCESSES;
    config.argv = argv;
    config.input_bytes = config.output_bytes = CHECK_BYTES;
    config.pinning = JOBEXEC_PIN_OFF;
    return config;
}

/* The start must fail so, and say this word. */
static inline void check_no_start(const jobexec_config *config, jobexec_status status,
                                  const char *word)
{
    jobexec_executor *exec = NULL;
    CHECK_IS(status, jobexec_start(config, PATIENCE, &exec));
    CHECK(exec == NULL);
    if (strstr(jobexec_last_error(), word) == NULL) {
        fprintf(stderr, "'%s' says nothing of '%s'\n", jobexec_last_error(), word);
        check_failed(__FILE__, __LINE__, word);
    }
}

/* Puts a job with that input. */
static inline uint64_t check_put(jobexec_executor *exec, const void *bytes, size_t count)
{
    void *input;
    uint64_t id;
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_acquire_wait(exec, PATIENCE, &input));
    memcpy(input, bytes, count);
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_set_input(exec, input, count));
    CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, input, PATIENCE, &id));
    return id;
}

/* The next result, whose buffer is to be released. */
static inline jobexec_result check_poll(jobexec_executor *exec)
{
    jobexec_result result = check_result();
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    return result;
}

static inline void check_release(jobexec_executor *exec, const jobexec_result *result)
{
    CHECK_IS(JOBEXEC_OK, jobexec_buffer_release(exec, result->payload));
}

/* ---- Processes ---- */

/* Who is made to crash writes no core, and dies of the signal: under a sanitizer too. */
static inline void check_no_cores(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGABRT, SIG_DFL);
}

/* The parent of a process, and its state; 0 if there is no such process any more. */
static inline int check_parent_of(int pid, char *state)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC), parent = 0;
    ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    text[length > 0 ? length : 0] = 0;
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && sscanf(name_end, ") %c %d", state, &parent) == 2 ? parent : 0;
}

/* This process's children, those included that nobody has waited for; answers how many. */
static inline int check_children(int *pids, int most)
{
    DIR *processes = opendir("/proc");
    CHECK(processes != NULL);
    int count = 0;
    char state;
    for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        int pid = atoi(entry->d_name);
        if (pid > 0 && check_parent_of(pid, &state) == getpid()) {
            if (count < most)
                pids[count] = pid;
            count++;
        }
    }
    closedir(processes);
    return count;
}

/* Readable when the process has ended. */
static inline int check_pidfd(int pid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    CHECK(pidfd >= 0);
    return pidfd;
}

/* Whether a process ends within that time; closes its descriptor. */
static inline int check_ends(int pidfd, uint64_t within_ns)
{
    struct pollfd end = {pidfd, POLLIN, 0};
    int ended = poll(&end, 1, (int)(within_ns / MILLISECOND)) == 1;
    close(pidfd);
    return ended;
}

/* ---- What a process uses ---- */

static inline int check_entries(const char *folder)
{
    DIR *entries = opendir(folder);
    CHECK(entries != NULL);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

/* How many maps of this process have that in their line. */
static inline int check_maps(const char *name)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps != NULL);
    int count = 0;
    for (char line[512]; fgets(line, sizeof line, maps) != NULL;)
        count += strstr(line, name) != NULL;
    fclose(maps);
    return count;
}

/* ---- Measured times ---- */

static inline int check_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static inline void check_print_times(const char *what, uint64_t *times, size_t count)
{
    qsort(times, count, sizeof *times, check_compare);
    printf("%s: median %.2f ms, p99 %.2f ms, most %.2f ms, of %zu\n", what,
           (double)times[count / 2] * 1e-6, (double)times[count * 99 / 100] * 1e-6,
           (double)times[count - 1] * 1e-6, count);
}

#endif
