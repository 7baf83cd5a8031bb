/* What a transform says of a failure reaches the result: code, message, another payload. */

#include "check.h"

struct order {
    int32_t code;
    const char *message, *expected;
    void *payload; /* NULL: leave it. */
};

static int32_t transform(void *user, void *payload, jobexec_job *job)
{
    (void)user;
    const struct order *order = payload;
    if (order->message != NULL)
        CHECK_IS(JOBEXEC_OK, jobexec_job_set_message(job, order->message));
    if (order->payload != NULL)
        CHECK_IS(JOBEXEC_OK, jobexec_job_set_payload(job, order->payload));
    return order->code;
}

static void run(jobexec_executor *exec, struct order *order)
{
    jobexec_result result = check_result();
    memset(result.message, 'x', sizeof result.message);
    CHECK_IS(JOBEXEC_OK, jobexec_put_wait(exec, order, PATIENCE, NULL));
    CHECK_IS(JOBEXEC_OK, jobexec_poll_wait(exec, PATIENCE, &result));
    CHECK(result.outcome == (order->code ? JOBEXEC_OUTCOME_FAILED : JOBEXEC_OUTCOME_DONE));
    CHECK(result.code == order->code);
    CHECK(result.payload == (order->payload ? order->payload : order));
    CHECK(strcmp(result.message, order->expected) == 0);
}

static void failures(uint32_t workers, uint32_t timing)
{
    /* 191 and 192 bytes of ASCII, and of two-byte characters cut between two of them. */
    char fits[192], too_long[193], wide[193], wide_cut[191];
    memset(fits, 'a', sizeof fits);
    memset(too_long, 'a', sizeof too_long);
    for (size_t i = 0; i < sizeof wide - 1; i++)
        wide[i] = i % 2 ? '\xa9' : '\xc3';
    memcpy(wide_cut, wide, 190);
    fits[191] = too_long[192] = wide[192] = wide_cut[190] = 0;

    jobexec_config config = check_config(workers, transform);
    config.timing = timing;
    jobexec_executor *exec = check_start(&config);
    int another;
    struct order orders[] = {
        {1, "too large", "too large", NULL},
        {-7, NULL, "", NULL}, /* Nothing is left of the message before. */
        {INT32_MIN, "", "", NULL},
        {INT32_MAX, fits, fits, NULL},
        {2, too_long, fits, NULL},
        {3, wide, wide_cut, NULL},
        {4, "\xff!", "\xef\xbf\xbd!", NULL}, /* No UTF-8. */
        {0, "not said", "", NULL},
        {0, NULL, "", &another},
        {5, "replaced", "replaced", &another},
        {0, NULL, "", NULL},
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        run(exec, &orders[i]);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.failed == 8 && n.done == 3 && n.outstanding == 0);
    check_close(exec);
}

int main(void)
{
    for (uint32_t timing = 0; timing <= 1; timing++) {
        failures(1, timing);
        failures(0, timing);
    }
    return 0;
}
