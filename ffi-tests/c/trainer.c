/* Trains a classifier of handwritten digits. Workers prepare batches of shifted, noisy images, the
 * host learns from them. It keeps the executor full, so an epoch ends by a reset, which gives back
 * what was prepared in vain.
 *
 * Arguments: --workers threads|processes (of this same program), --count N, and a data file. */
#define _DEFAULT_SOURCE /* erand48 */
#include <jobexec.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 1797, PIXELS = 64, CLASSES = 10, BATCH = 32, BATCHES = 45, EPOCHS = 20 };
typedef float digit[PIXELS + 1]; /* Grey values from 0 to 16, and the label. */
static digit digits[DIGITS];     /* Every fifth is held out. */
static float weights[CLASSES][PIXELS];

/* On a worker: the job's seed decides which digits go into a batch, how shifted, how noisy. */
static int32_t augment(void *user, void *payload, jobexec_job *job)
{
    const uint64_t seed = jobexec_job_seed(job);
    unsigned short random[3] = {seed & 0xffff, seed >> 16 & 0xffff, seed >> 32 & 0xffff};
    digit *batch = jobexec_job_output(job);
    (void)payload; /* The input, of which there is none. */
    for (digit *to = batch; to < batch + BATCH; to++) {
        const int pick = (int)(erand48(random) * DIGITS), shift = (int)(erand48(random) * 9);
        const float *from = ((digit *)user)[pick % 5 == 0 ? pick + 1 : pick];
        (*to)[PIXELS] = from[PIXELS];
        for (int i = 0; i < PIXELS; i++) {
            const int x = i % 8 + (shift == 0) - (shift == 1); /* Two of nine, by a pixel. */
            (*to)[i] = (x < 0 || x > 7 ? 0 : from[i / 8 * 8 + x]) + (float)erand48(random);
        }
    }
    return jobexec_job_set_output(job, BATCH * sizeof(digit)); /* 0 is success. */
}

/* Moves the weights towards a digit's label, and adds to the loss. 1 if that was the likeliest
 * before. */
static int learn(const float *image, float rate, double *loss)
{
    float chances[CLASSES] = {0}, sum = 0;
    int best = 0, label = (int)image[PIXELS];
    for (int c = 0; c < CLASSES; c++) {
        for (int i = 0; i < PIXELS; i++) chances[c] += weights[c][i] * image[i];
        sum += chances[c] = expf(chances[c]);
        if (chances[c] > chances[best]) best = c;
    }
    for (int c = 0; c < CLASSES; c++)
        for (int i = 0; i < PIXELS; i++)
            weights[c][i] += rate * ((float)(c == label) - chances[c] / sum) * image[i];
    *loss -= log(chances[label] / sum);
    return best == label;
}

int main(int argc, char **argv)
{
    const char *path = "ffi-tests/data/optdigits.csv";
    jobexec_config config = {.size = sizeof config};
    jobexec_config_init(&config);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--workers") && ++i < argc) config.worker_kind = !strcmp(argv[i], "processes");
        else if (!strcmp(argv[i], "--count") && ++i < argc) config.workers = (uint32_t)atoi(argv[i]);
        else path = argv[i];
    }
    FILE *file = fopen(path, "r");
    for (int d = 0; d < DIGITS; d++)
        for (int i = 0; i <= PIXELS; i++)
            if (!file || fscanf(file, "%f%*c", &digits[d][i]) != 1) return puts("no data"), 1;
    fclose(file);
    if (jobexec_is_worker()) return jobexec_worker_main(augment, digits) != JOBEXEC_OK;

    const char *const ourselves[] = {"/proc/self/exe", path, NULL};
    if (config.worker_kind == JOBEXEC_WORKERS_ARE_PROCESSES) config.argv = ourselves;
    else config.transform = augment, config.user = digits;
    config.output_bytes = BATCH * sizeof(digit);
    jobexec_executor *exec;
    if (jobexec_start(&config, 10000000000, &exec)) return puts(jobexec_last_error()), 1;
    void *next = NULL;
    double loss = 0;
    for (int trained = 0; trained < EPOCHS * BATCHES;) {
        if ((next || jobexec_buffer_acquire(exec, &next) == JOBEXEC_OK) &&
            jobexec_put(exec, next, NULL) == JOBEXEC_OK) { next = NULL; continue; }
        jobexec_result result = {.size = sizeof result};
        if (jobexec_poll_wait(exec, 10000000000, &result)) return puts("no batch"), 1;
        if (result.outcome != JOBEXEC_OUTCOME_DONE) return puts(result.message), 1;
        for (int i = 0; i < BATCH; i++) learn(((digit *)result.output)[i], 0.0002F, &loss);
        jobexec_buffer_release(exec, result.payload);
        if (++trained % BATCHES == 0) jobexec_reset(exec, NULL);
    }
    int right = 0;
    loss = 0;
    for (int d = 0; d < DIGITS; d += 5) right += learn(digits[d], 0, &loss);
    char report[4096];
    jobexec_report(exec, report, sizeof report, NULL);
    const int closed = jobexec_close(exec, 1000000000) == JOBEXEC_OK;
    jobexec_free(exec);
    printf("%saccuracy on %d held-out digits: %.1f %%, loss %.9g\n", report, 360, right / 3.6,
           loss / 360);
    return right >= 324 && closed ? 0 : 1;
}
