/* Workers that write nonsense to what they share with their executor: it survives, every job has
 * one outcome at most at any time and one in the end, and it closes by its deadline. */

#include "check_link.h"

enum how {
    GARBAGE, DONE_UNCLAIMED, CLAIM_ALL, BAD_OUTCOME, BAD_TEXT, BAD_TIMES, OFFER_AGAIN,
    WITHDRAW_ALL, BAD_LENGTHS, HOWS
};
static const char *const names[HOWS] = {
    "garbage", "jobs done that were not claimed", "all claimed, none done", "a bad outcome",
    "a bad text", "bad times", "jobs offered again", "jobs withdrawn", "bad lengths"};

/* ---- The worker ---- */

enum { BUFFERS = 16 };

static word *link_of_mine, *buffers;
static uint64_t random_state = 88172645463325252u;

/* Changes each slot in that state, if it still is. */
static void turn(uint64_t from, uint64_t to)
{
    for (int slot = 0; slot < LINK_SLOTS; slot++) {
        word *stamp = link_slot(link_of_mine, slot) + IN_STAMP;
        uint64_t seen = *stamp;
        if ((seen & STATE) == from && seen > STATE) {
            link_slot(link_of_mine, slot)[IN_VERDICT] = 0;
            if (atomic_compare_exchange_strong(stamp, &seen, (seen & ~(uint64_t)STATE) | to))
                ring_futex(link_of_mine + AT_HOST_BELL);
        }
    }
}

static void *misbehave_beside(void *how)
{
    for (;; sched_yield())
        switch (*(enum how *)how) {
        case DONE_UNCLAIMED:
            turn(OFFERED, DONE);
            break;
        case CLAIM_ALL:
            turn(OFFERED, CLAIMED);
            break;
        case WITHDRAW_ALL:
            turn(OFFERED, WITHDRAWN);
            break;
        case OFFER_AGAIN: /* Works otherwise; what it has done seems to be on offer. */
            turn(DONE, OFFERED);
            turn(WITHDRAWN, OFFERED);
            break;
        default:
            return NULL;
        }
}

/* The slot of the job at hand: the one that this worker claimed. */
static word *slot_at_hand(void)
{
    for (int slot = 0; slot < LINK_SLOTS; slot++)
        if ((link_slot(link_of_mine, slot)[IN_STAMP] & STATE) == CLAIMED)
            return link_slot(link_of_mine, slot);
    return link_slot(link_of_mine, 0);
}

static void finish_badly(uint64_t verdict, uint64_t started, uint64_t finished)
{
    word *slot = slot_at_hand();
    memset((void *)(slot + IN_TEXT), 0xff, (SLOT_WORDS - IN_TEXT) * sizeof *slot);
    slot[IN_VERDICT] = verdict;
    slot[IN_STARTED] = started;
    slot[IN_FINISHED] = finished;
    slot[IN_STAMP] = (slot[IN_STAMP] & ~(uint64_t)STATE) | DONE;
    ring_futex(link_of_mine + AT_HOST_BELL);
    if (verdict % 256 < 3) /* It may be believed. */
        _exit(0);
    for (;;)
        pause();
}

static void misbehave_at(enum how how)
{
    switch (how) {
    case GARBAGE:
        for (uint64_t end = now_ns() + 3 * MILLISECOND; now_ns() < end;)
            link_of_mine[next_random(&random_state) % LINK_WORDS] =
                next_random(&random_state) >> (random_state % 64);
        ring_futex(link_of_mine + AT_HOST_BELL);
        for (;;)
            pause();
    case BAD_OUTCOME:
        finish_badly(3 + next_random(&random_state) % 253, 0, 0);
        break;
    case BAD_TEXT: /* FAILED, of 255 bytes that are no UTF-8, with a code. */
        finish_badly(UINT64_C(0x80000001) << 32 | 0xff << 8 | 1, 0, 0);
        break;
    case BAD_TIMES:
        finish_badly(0, next_random(&random_state) % 2 * next_random(&random_state), UINT64_MAX);
        break;
    case BAD_LENGTHS: /* Of every buffer: in front of it all are their heads, of 16 words each. */
        for (size_t head = 0; head < BUFFERS; head++)
            buffers[16 * head] = buffers[16 * head + 1] = UINT64_MAX - head % 2;
        break;
    default:
        break;
    }
}

/* argv: "worker", how, the first worker that misbehaves. */
static int serve(char **argv)
{
    static enum how how;
    how = (enum how)atoi(argv[2]);
    link_of_mine = check_link_of_mine();
    size_t bytes;
    buffers = check_map_file(BUFFERS_FILE, &bytes);
    CHECK(buffers != NULL && bytes >= 128 * BUFFERS);
    CHECK(check_map_file(PHASE_FILE, &bytes) == NULL);
    random_state += (uint64_t)getpid() << 20;
    int hostile = link_of_mine[AT_WORKER] >= (uint64_t)atoi(argv[3]);
    if (hostile)
        check_thread(misbehave_beside, &how);
    jobexec_job *job;
    void *input;
    while (jobexec_worker_next(PATIENCE, &job, &input) == JOBEXEC_OK) {
        *(uint64_t *)jobexec_job_output(job) = *(uint64_t *)input * 3;
        CHECK_IS(JOBEXEC_OK, jobexec_job_set_output(job, sizeof(uint64_t)));
        if (hostile)
            misbehave_at(how);
        jobexec_worker_done(job, 0);
    }
    return 0;
}

/* ---- The host ---- */

enum { MOST = 1 << 20 };
static unsigned char seen[MOST]; /* Of the session's jobs, by number. */
static uint32_t session;

/* A result is of this session and comes once. An honest worker's is right. */
static void check_one(jobexec_executor *exec, const jobexec_result *result, int first_hostile)
{
    CHECK(result->session == session && result->number < MOST && seen[result->number]++ == 0);
    CHECK(result->output_bytes <= CHECK_BYTES && strlen(result->message) < 192);
    CHECK(result->outcome == JOBEXEC_OUTCOME_DONE || result->outcome == JOBEXEC_OUTCOME_FAILED ||
          result->outcome == JOBEXEC_OUTCOME_CRASHED);
    if ((int)result->worker < first_hostile) {
        CHECK(result->outcome == JOBEXEC_OUTCOME_DONE);
        CHECK(*(uint64_t *)result->output == *(uint64_t *)result->payload * 3);
    }
    check_release(exec, result);
}

static void suffer(enum how how, int first_hostile, uint64_t reset_every_ns)
{
    char how_text[8], first_text[8];
    snprintf(how_text, sizeof how_text, "%d", how);
    snprintf(first_text, sizeof first_text, "%d", first_hostile);
    const char *const argv[] = {"/proc/self/exe", "worker", how_text, first_text, NULL};
    jobexec_config config = check_processes(2, argv);
    config.results = config.queue_per_worker = BUFFERS;
    config.max_restarts = 1000000;
    config.restart_backoff_ns = 1;
    jobexec_executor *exec = check_start(&config);
    jobexec_result result = check_result();
    uint64_t value = 0, begin = now_ns(), reset_at = begin + reset_every_ns;
    memset(seen, 0, sizeof seen);
    session = 0;
    while (now_ns() < begin + SECOND / 8) {
        void *input;
        if (jobexec_buffer_acquire(exec, &input) == JOBEXEC_OK) {
            *(uint64_t *)input = value++;
            CHECK_IS(JOBEXEC_OK, jobexec_put(exec, input, NULL));
        }
        if (jobexec_poll_wait(exec, MILLISECOND / 10, &result) == JOBEXEC_OK)
            check_one(exec, &result, first_hostile);
        if (now_ns() > reset_at) {
            CHECK_IS(JOBEXEC_OK, jobexec_reset(exec, &session));
            memset(seen, 0, value < MOST ? value + 1 : MOST);
            reset_at = now_ns() + reset_every_ns;
        }
        check_accounts(exec);
    }
    begin = now_ns();
    CHECK_IS(JOBEXEC_OK, jobexec_close(exec, 50 * MILLISECOND));
    uint64_t took = now_ns() - begin;
    CHECK(took < 50 * MILLISECOND + SECOND);
    jobexec_counters n = check_quiet_accounts(exec);
    CHECK(n.run_max_ns <= n.age_ns && n.busy_ns <= n.age_ns * n.workers);
    CHECK(n.outstanding == 0 && n.accepted == value && check_children(NULL, 0) == 0);
    printf("%s: %d done, %d failed, %d crashed, %d discarded, %d restarts, closed in %.1f ms\n",
           names[how], (int)n.done, (int)n.failed, (int)n.crashed, (int)n.discarded,
           (int)n.restarts, (double)took * 1e-6);
    CHECK_IS(JOBEXEC_OK, jobexec_free(exec));
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4 && jobexec_is_worker())
        return serve(argv);
    for (int how = 0; how < HOWS; how++)
        for (int first_hostile = 0; first_hostile < 2; first_hostile++)
            for (uint64_t every = MILLISECOND / 5; every < SECOND; every *= 100)
                suffer((enum how)how, first_hostile, every);
    return 0;
}
