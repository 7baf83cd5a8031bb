/* Starting, closing and freeing leaves nothing behind: no thread, no descriptor, no memory. */

#include "check.h"

#include <dirent.h>

enum { CYCLES = 2000, WARM_UP = 200 };

/* What a checker keeps of freed memory is no leak. */
#ifdef __SANITIZE_ADDRESS__
enum { UNDER_SANITIZER = 1 };
#else
enum { UNDER_SANITIZER = 0 };
#endif

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)payload, (void)job;
    return 0;
}

static int entries(const char *path)
{
    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    int count = 0;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static long resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%*s %ld", &pages) == 1);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void cycle(int number)
{
    jobexec_config config = check_config(2, transform);
    jobexec_executor *exec = check_start(&config);
    for (int i = 0; i < number % 4; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, NULL, PATIENCE, NULL));
    if (number % 2 == 0)
        check_close(exec);
    else
        CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
}

int main(void)
{
    int threads = entries("/proc/self/task"), files = entries("/proc/self/fd");
    for (int i = 0; i < WARM_UP; i++)
        cycle(i);
    long before = resident_bytes();
    for (int i = 0; i < CYCLES; i++)
        cycle(i);
    /* The workers of a freed executor leave by themselves, soon. */
    CHECK_SOON(entries("/proc/self/task") == threads);
    CHECK(entries("/proc/self/fd") == files);
    long grown = resident_bytes() - before;
    const char *preloaded = getenv("LD_PRELOAD");
    int valgrind = preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
    printf("grown by %ld KiB\n", grown / 1024);
    CHECK(UNDER_SANITIZER || valgrind || grown < 1 << 20);
    return 0;
}
