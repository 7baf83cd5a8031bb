/* Each worker runs where the report says; the caller's own affinity stays as it is. */

#include "check.h"

enum { WORKERS = 2 };

static struct gate gate;

static int32_t read_affinity(void *user, void *payload, jobexec_job *job)
{
    (void)user, (void)job;
    CHECK(sched_getaffinity(0, sizeof(cpu_set_t), payload) == 0);
    gate_pass(&gate); /* So that each worker gets one job. */
    return 0;
}

/* The CPU that the report gives a worker, or -1. */
static int reported_cpu(const char *report, uint32_t worker)
{
    char key[32];
    snprintf(key, sizeof key, "worker %u: ", (unsigned)worker);
    const char *line = strstr(report, key);
    CHECK(line != NULL);
    int cpu = -1;
    return sscanf(line + strlen(key), "cpu %d", &cpu) == 1 ? cpu : -1;
}

/* Starts; each worker's affinity must be what the report says, and `expected` says how many pin. */
static void check_pinning(jobexec_config *config, uint32_t workers, uint32_t expected)
{
    cpu_set_t before, after, sets[WORKERS];
    CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
    gate_init(&gate);
    config->workers = workers;
    jobexec_executor *exec = check_start(config);
    for (uint32_t i = 0; i < workers; i++)
        CHECK_IS(JOBEXEC_OK, jobexec_put(exec, &sets[i], NULL));
    for (uint32_t i = 0; i < workers; i++)
        check_wait(&gate.at_work);
    char report[4096];
    CHECK_IS(JOBEXEC_OK, jobexec_report(exec, report, sizeof report, NULL));

    uint32_t pinned = 0;
    for (uint32_t i = 0; i < workers; i++) {
        sem_post(&gate.let_go);
        jobexec_result result = check_result();
        CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
        cpu_set_t *set = result.payload;
        int cpu = reported_cpu(report, result.worker);
        if (cpu >= 0) {
            CHECK(CPU_COUNT(set) == 1 && CPU_ISSET(cpu, set));
            pinned++;
        } else {
            CHECK(CPU_EQUAL(set, &before));
        }
        if (config->pinning == JOBEXEC_PIN_LIST)
            CHECK((uint32_t)cpu == config->cpus[result.worker]);
    }
    CHECK(pinned == expected);
    check_close(exec);
    CHECK(sched_getaffinity(0, sizeof after, &after) == 0);
    CHECK(CPU_EQUAL(&before, &after));
}

int main(void)
{
    cpu_set_t allowed;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    uint32_t cpus[WORKERS], count = 0;
    for (uint32_t cpu = CPU_SETSIZE; cpu-- > 0 && count < WORKERS;)
        if (CPU_ISSET(cpu, &allowed))
            cpus[count++] = cpu;

    jobexec_config config = check_config(WORKERS, read_affinity);
    config.pinning = JOBEXEC_PIN_OFF;
    check_pinning(&config, WORKERS, 0);

    config.pinning = JOBEXEC_PIN_LIST;
    config.cpus = cpus;
    config.cpu_count = count;
    check_pinning(&config, count, count);

    /* One CPU at least is usable, whatever the quota. */
    config.pinning = JOBEXEC_PIN_AUTO;
    check_pinning(&config, 1, 1);
    return 0;
}
