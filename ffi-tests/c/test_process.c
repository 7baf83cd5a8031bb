/* Worker processes: the same transform as on threads, with the same results, in an environment of
 * its own and pinned. */

#include "check_process.h"

#include <stdbool.h>

enum task { MIX, READ_ENV, READ_AFFINITY };

static const char *const push[] = {"/proc/self/exe", "push", NULL};
static const char *const pull[] = {"/proc/self/exe", "pull", NULL};

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    const unsigned char *input = payload;
    unsigned char *output = jobexec_job_output(job);
    uint64_t count = jobexec_job_input_bytes(job), size = 0;
    switch (input[0]) {
    case MIX: { /* All that a job may depend on, but for the worker. */
        uint64_t facts[] = {jobexec_job_seed(job), jobexec_job_id(job), jobexec_job_session(job),
                            jobexec_job_number(job), count, jobexec_job_output_bytes(job)};
        memcpy(output, facts, size = sizeof facts);
        for (uint64_t i = 0; i < count; i++)
            output[size++] = (unsigned char)(input[i] * 7 + facts[0] + i);
        memcpy((char *)jobexec_job_header(job) + 8, "mixed", 6);
        break;
    }
    case READ_ENV: {
        const char *value = getenv((const char *)input + 1);
        size = (uint64_t)snprintf((char *)output, CHECK_BYTES, "%s", value ? value : "(none)") + 1;
        break;
    }
    case READ_AFFINITY:
        CHECK(sched_getaffinity(0, sizeof(cpu_set_t), (cpu_set_t *)(void *)output) == 0);
        size = sizeof(cpu_set_t);
        break;
    }
    return jobexec_job_set_output(job, size);
}

/* The other form. What it checks here costs the job its outcome if it does not hold. */
static int serve_by_pulling(void)
{
    jobexec_job *job, *other;
    void *input;
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_worker_next(0, NULL, &input));
    CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_worker_next(0, &job, NULL));
    for (;;) {
        jobexec_status status = jobexec_worker_next(10 * MILLISECOND, &job, &input);
        if (status == JOBEXEC_TIMEOUT)
            continue;
        if (status == JOBEXEC_CLOSED)
            return 0;
        CHECK_IS(JOBEXEC_OK, status);
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_worker_next(0, &other, &input));
        CHECK_IS(JOBEXEC_ERROR_INSIDE_CALLBACK, jobexec_worker_main(transform, NULL));
        CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_worker_done(NULL, 0));
        CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_worker_done((jobexec_job *)&status, 0));
        CHECK_IS(JOBEXEC_OK, jobexec_worker_done(job, transform(NULL, input, job)));
        CHECK_IS(JOBEXEC_ERROR_NOT_HELD, jobexec_worker_done(job, 0));
    }
}

/* ---- The same by threads and by processes ---- */

enum { JOBS = 300 };

struct sheet {
    unsigned char bytes[2][JOBS][CHECK_BYTES];
    uint64_t sizes[2][JOBS];
};

static void mix_all(jobexec_config config, struct sheet *sheet)
{
    memset(sheet, 0, sizeof *sheet);
    config.seed = 7;
    config.results = 8;
    jobexec_executor *exec = check_start(&config);
    for (uint32_t session = 0; session < 2; session++) {
        uint64_t count = 0;
        for (uint64_t i = 0; i < JOBS + 3; i++) {
            if (i < JOBS) {
                unsigned char input[100] = {MIX};
                memset(input + 1, (int)i, sizeof input - 1);
                check_put(exec, input, 1 + i % 99);
            }
            if (i >= 3) {
                jobexec_result result = check_poll(exec);
                CHECK(result.outcome == JOBEXEC_OUTCOME_DONE && result.session == session);
                CHECK(strcmp((char *)result.header + 8, "mixed") == 0);
                CHECK(result.worker < config.workers && result.code == 0);
                CHECK(result.created_ns <= result.started_ns);
                CHECK(result.started_ns <= result.finished_ns);
                CHECK(result.finished_ns <= result.polled_ns);
                CHECK(sheet->sizes[session][result.number] == 0);
                sheet->sizes[session][result.number] = result.output_bytes;
                memcpy(sheet->bytes[session][result.number], result.output, result.output_bytes);
                check_release(exec, &result);
                count++;
            }
            check_accounts(exec);
        }
        CHECK(count == JOBS);
        CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, NULL));
    }
    CHECK(check_quiet_accounts(exec).done == 2 * JOBS);
    check_close(exec);
}

static void same_as_threads(void)
{
    static struct sheet threads, processes;
    jobexec_config config = check_processes(2, push);
    config.worker_kind = JOBEXEC_WORKERS_ARE_THREADS;
    config.transform = transform;
    mix_all(config, &threads);
    const char *const *const both[] = {push, pull};
    for (int form = 0; form < 2; form++)
        for (uint32_t workers = 1; workers <= 3; workers++) {
            mix_all(check_processes(workers, both[form]), &processes);
            CHECK(memcmp(&threads, &processes, sizeof threads) == 0);
        }
}

/* ---- What a worker starts with ---- */

static void check_env(jobexec_executor *exec, const char *name, const char *expected)
{
    char input[64] = {READ_ENV};
    strcpy(input + 1, name);
    check_put(exec, input, sizeof input);
    jobexec_result result = check_poll(exec);
    if (strcmp(result.output, expected) != 0) {
        fprintf(stderr, "%s is %s, not %s\n", name, (char *)result.output, expected);
        check_failed(__FILE__, __LINE__, name);
    }
    check_release(exec, &result);
}

static void environment(void)
{
    const char *const env[] = {"A=b=c", "MKL_NUM_THREADS=5", "EMPTY=", "TWICE=1", "TWICE=2", NULL};
    CHECK(setenv("OMP_NUM_THREADS", "7", 1) == 0 && setenv("INHERITED", "yes", 1) == 0);
    jobexec_config config = check_processes(1, push);
    config.env = env;
    jobexec_executor *exec = check_start(&config);
    check_env(exec, "OMP_NUM_THREADS", "1");
    check_env(exec, "OPENBLAS_NUM_THREADS", "1");
    check_env(exec, "MKL_NUM_THREADS", "5");
    check_env(exec, "A", "b=c");
    check_env(exec, "EMPTY", "");
    check_env(exec, "TWICE", "2");
    check_env(exec, "INHERITED", "yes");
    check_env(exec, "NOBODY_SET_THIS", "(none)");
    CHECK(strcmp(getenv("OMP_NUM_THREADS"), "7") == 0 && getenv("A") == NULL);
    check_close(exec);
}

static void pinned(void)
{
    cpu_set_t allowed, after;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    for (uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        jobexec_config config = check_processes(1, push);
        config.pinning = JOBEXEC_PIN_LIST;
        config.cpus = &cpu;
        config.cpu_count = 1;
        jobexec_executor *exec = check_start(&config);
        check_put(exec, &(char){READ_AFFINITY}, 1);
        jobexec_result result = check_poll(exec);
        cpu_set_t set;
        memcpy(&set, result.output, sizeof set);
        CHECK(CPU_COUNT(&set) == 1 && CPU_ISSET(cpu, &set));
        check_release(exec, &result);
        check_close(exec);
    }
    CHECK(sched_getaffinity(0, sizeof after, &after) == 0 && CPU_EQUAL(&allowed, &after));
}

/* Whether a thread of this process that serves a worker sits on that CPU. One of an executor that was
 * closed may still be about to end. */
static bool sits_beside(uint32_t worker, uint32_t cpu)
{
    char name[32], path[64], comm[32] = "";
    snprintf(name, sizeof name, "jobexec-%u\n", (unsigned)worker);
    DIR *threads = opendir("/proc/self/task");
    CHECK(threads != NULL);
    bool found = false;
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        int thread = atoi(entry->d_name);
        snprintf(path, sizeof path, "/proc/self/task/%d/comm", thread);
        FILE *file = thread > 0 ? fopen(path, "re") : NULL;
        if (file == NULL)
            continue;
        cpu_set_t set;
        if (fgets(comm, sizeof comm, file) != NULL && strcmp(comm, name) == 0 &&
            sched_getaffinity(thread, sizeof set, &set) == 0)
            found = found || (CPU_COUNT(&set) == 1 && CPU_ISSET(cpu, &set));
        fclose(file);
    }
    closedir(threads);
    return found;
}

/* Where the workers take all CPUs, the thread that serves one sits beside it. */
static void beside_threads(void)
{
    enum { MOST = 16 };
    cpu_set_t allowed;
    uint32_t cpus[MOST], count = 0;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    for (uint32_t cpu = 0; cpu < CPU_SETSIZE && count < MOST; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            cpus[count++] = cpu;
    if (CPU_COUNT(&allowed) > MOST)
        return;
    jobexec_config config = check_processes(count, push);
    config.pinning = JOBEXEC_PIN_LIST;
    config.cpus = cpus;
    config.cpu_count = count;
    jobexec_executor *exec = check_start(&config);
    for (uint32_t worker = 0; worker < count; worker++)
        CHECK(sits_beside(worker, cpus[worker]));
    check_close(exec);
}

int main(int argc, char **argv)
{
    if (jobexec_is_worker()) {
        if (argc > 1 && strcmp(argv[1], "pull") == 0)
            return serve_by_pulling();
        CHECK_IS(JOBEXEC_ERROR_NULL, jobexec_worker_main(NULL, NULL));
        return jobexec_worker_main(transform, NULL) == JOBEXEC_OK ? 0 : 1;
    }
    same_as_threads();
    environment();
    pinned();
    beside_threads();
    return 0;
}
