/*
 * libjobexec: a lock-free job executor.
 *
 * A host puts payloads, workers pinned to CPU cores transform them, the host polls results.
 * Every function says which threads may call it, who owns what, whether it blocks and for how
 * long, and what each answer means. All functions may be called from any thread unless they say
 * otherwise.
 *
 * Made by cbindgen from src/ffi; do not edit.
 */

#ifndef JOBEXEC_H
#define JOBEXEC_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this header; the library's is jobexec_version.
 */
#define JOBEXEC_VERSION_MAJOR 0
#define JOBEXEC_VERSION_MINOR 1
#define JOBEXEC_VERSION_PATCH 0
#define JOBEXEC_VERSION "0.1.0"

/**
 * Done as asked.
 */
#define JOBEXEC_OK 0

/**
 * put: every place is taken; poll results, or wait.
 */
#define JOBEXEC_FULL 1

/**
 * poll: no result is ready; jobs may be on their way, or more may be put.
 */
#define JOBEXEC_EMPTY 2

/**
 * poll: the session was finished and every job of it has had its outcome.
 */
#define JOBEXEC_END 3

/**
 * The executor was closed.
 */
#define JOBEXEC_CLOSED 4

/**
 * The executor was aborted; it can only be closed.
 */
#define JOBEXEC_ABORTED 5

/**
 * The deadline passed first.
 */
#define JOBEXEC_TIMEOUT 6

/**
 * A pointer that must not be NULL is NULL.
 */
#define JOBEXEC_ERROR_NULL -1

/**
 * A size field is none that this library knows, or a field beyond those it knows is not zero.
 */
#define JOBEXEC_ERROR_SIZE -2

/**
 * A value is out of its range.
 */
#define JOBEXEC_ERROR_ARGUMENT -3

/**
 * The handle is no live executor: freed already, as far as that can be seen, or never started.
 */
#define JOBEXEC_ERROR_HANDLE -4

/**
 * Not allowed from inside a callback of this executor.
 */
#define JOBEXEC_ERROR_INSIDE_CALLBACK -5

/**
 * put: the session is finished; put again after a reset.
 */
#define JOBEXEC_ERROR_FINISHED -6

/**
 * Too little memory for what the configuration asks.
 */
#define JOBEXEC_ERROR_MEMORY -7

/**
 * A worker could not be started, or its init callback refused.
 */
#define JOBEXEC_ERROR_WORKER -8

/**
 * Every worker died and the budget of restarts is spent.
 */
#define JOBEXEC_ERROR_NO_WORKERS -9

/**
 * A counter is at its end (2^27 - 1 sessions).
 */
#define JOBEXEC_ERROR_EXHAUSTED -10

/**
 * A defect of the library: a panic stopped at its boundary.
 */
#define JOBEXEC_ERROR_INTERNAL -11

/**
 * The payload is no buffer of this executor that the caller holds.
 */
#define JOBEXEC_ERROR_NOT_HELD -12

/**
 * This process is no worker of an executor, or not one that fits this library.
 */
#define JOBEXEC_ERROR_NOT_WORKER -13

/**
 * The executor belongs to the process that this one was forked from.
 */
#define JOBEXEC_ERROR_FORKED -14

/**
 * The transform succeeded.
 */
#define JOBEXEC_OUTCOME_DONE 0

/**
 * The transform answered a code other than 0.
 */
#define JOBEXEC_OUTCOME_FAILED 1

/**
 * The transform panicked (transforms written in Rust).
 */
#define JOBEXEC_OUTCOME_PANICKED 2

/**
 * The worker died while it ran the job.
 */
#define JOBEXEC_OUTCOME_CRASHED 3

/**
 * The job's deadline passed. Not in use yet.
 */
#define JOBEXEC_OUTCOME_TIMED_OUT 4

/**
 * The job was cancelled by its id. Not in use yet.
 */
#define JOBEXEC_OUTCOME_CANCELLED 5

/**
 * The level of a line given to the log callback: something was done.
 */
#define JOBEXEC_LOG_INFO 0

/**
 * The executor goes on, with less than it was asked for.
 */
#define JOBEXEC_LOG_WARNING 1

/**
 * Something was lost: a worker, its job.
 */
#define JOBEXEC_LOG_ERROR 2

/**
 * jobexec_config.workers: as many as this process may use CPUs.
 */
#define JOBEXEC_WORKERS_AUTO 4294967295

/**
 * jobexec_config.pinning: each worker on a core of its own, chosen from what this process may
 * use.
 */
#define JOBEXEC_PIN_AUTO 0

/**
 * jobexec_config.pinning: the scheduler decides.
 */
#define JOBEXEC_PIN_OFF 1

/**
 * jobexec_config.pinning: each worker on the CPU that has its place in the list of CPUs; with
 * more workers than CPUs the list begins again, and the report says so.
 */
#define JOBEXEC_PIN_LIST 2

/**
 * jobexec_config.worker_kind: threads, which run config.transform.
 */
#define JOBEXEC_WORKERS_ARE_THREADS 0

/**
 * jobexec_config.worker_kind: processes, which run config.argv.
 */
#define JOBEXEC_WORKERS_ARE_PROCESSES 1

/**
 * jobexec_config.worker_output: where this process's standard output and standard error go.
 */
#define JOBEXEC_OUTPUT_INHERIT 0

/**
 * jobexec_config.worker_output: to the log callback, line by line, on a thread of the library's. A
 * worker whose pipe is full waits for it. A worker that died is replaced at once, and what it
 * printed last comes when its turn comes (256 KiB of it are kept); close goes on logging until its
 * deadline.
 */
#define JOBEXEC_OUTPUT_LOG 1

/**
 * jobexec_config.pages: as the system is set.
 */
#define JOBEXEC_PAGES_NORMAL 0

/**
 * jobexec_config.pages: transparent huge pages, where the system can: a wish. For worker processes
 * they are made at the start, from Linux 6.1 on, however the system is set; that takes some 2 ms
 * for each 2 MiB, and at most half of the time that the start may take.
 */
#define JOBEXEC_PAGES_TRANSPARENT 1

/**
 * jobexec_config.pages: explicit huge pages of 2 MiB, which the administrator has set aside
 * (vm.nr_hugepages).
 */
#define JOBEXEC_PAGES_HUGE 2

/**
 * jobexec_config.waiting: a thread that finds nothing to do looks for spin_ns before it sleeps, or up
 * to 4 times as long where it takes so long until the woken run; and for less while that is in vain. A
 * host with a core of its own, to which results come at a steady pace, sleeps by a timer until shortly
 * before the next, and looks then. Where workers take all cores, a host that waits while jobs do gives
 * its core away first. If it had that back late, it sleeps until jobs run low, and a result that comes
 * meanwhile lies there: for 4 ms at most, or 1 ms where the host computes between its waits.
 */
#define JOBEXEC_WAITING_BALANCED 0

/**
 * jobexec_config.waiting: it looks for 50 times as long, without pausing, where workers leave a
 * core free; else as JOBEXEC_WAITING_BALANCED.
 */
#define JOBEXEC_WAITING_LATENCY 1

/**
 * jobexec_config.waiting: it sleeps at once.
 */
#define JOBEXEC_WAITING_POWER 2

/**
 * Bytes of the header that travels with each buffer.
 */
#define JOBEXEC_HEADER_BYTES 64

/**
 * An executor. Made by jobexec_start, freed by jobexec_free; nothing of it is for the caller to
 * see. In the child of a fork every call with it answers JOBEXEC_ERROR_FORKED: its workers are the
 * parent's.
 */
typedef struct jobexec_executor jobexec_executor;

/**
 * The job that a transform is at. Valid for the call, on the worker's thread only.
 */
typedef struct jobexec_job jobexec_job;

/**
 * What a function answers. 0 is success, above 0 an ordinary state of the executor, below 0 an
 * error with a sentence in jobexec_last_error. Whatever is not JOBEXEC_OK changed nothing and
 * wrote no output, except where the function says so.
 */
typedef int32_t jobexec_status;

/**
 * Transforms a payload, on a worker. 0 is success; any other number makes the job's outcome
 * JOBEXEC_OUTCOME_FAILED with that code. Called from several workers at once. It must not throw;
 * it may end its thread (pthread_exit), though not with workers = 0, where the thread is the
 * caller's: the job has then crashed, and the worker is replaced. The job is valid for the call.
 */
typedef int32_t (*jobexec_transform)(void *user, void *payload, struct jobexec_job *job);

/**
 * A worker begins, on its own thread, after it was pinned. Anything but 0 makes jobexec_start
 * answer JOBEXEC_ERROR_WORKER; from the replacement of a worker that died, it counts as another
 * death.
 */
typedef int32_t (*jobexec_worker_init)(void *user, uint32_t worker);

/**
 * A worker ends, on its own thread.
 */
typedef void (*jobexec_worker_exit)(void *user, uint32_t worker);

/**
 * A payload that nobody will get: a reset, an abort or a close came first. Called once for it,
 * from whichever thread finds it, inside or outside of a call of yours; possibly from several
 * at once. It must neither throw nor end its thread.
 */
typedef void (*jobexec_discard)(void *user, void *payload);

/**
 * A line about the executor's health, one of the JOBEXEC_LOG_ levels. The text is valid for the
 * call.
 */
typedef void (*jobexec_log)(void *user, int32_t level, const char *text);

/**
 * Frees the user pointer.
 */
typedef void (*jobexec_user_destructor)(void *user);

/**
 * Memory for buffers: bytes that nobody else uses, at a multiple of alignment. NULL: none.
 */
typedef void *(*jobexec_allocate)(void *user, uint64_t bytes, uint64_t alignment);

/**
 * Takes back what a jobexec_allocate answered, once, from any thread.
 */
typedef void (*jobexec_deallocate)(void *user, void *base, uint64_t bytes);

/**
 * What an executor is started with. Set size to sizeof(jobexec_config), call
 * jobexec_config_init, then change what differs.
 */
typedef struct jobexec_config {
    /**
     * sizeof(jobexec_config), as the program was compiled.
     */
    uint64_t size;
    /**
     * How many workers; 0 runs the transform inside jobexec_put. Default
     * JOBEXEC_WORKERS_AUTO.
     */
    uint32_t workers;
    /**
     * Jobs that may wait in the queue, for each worker. Default 2.
     */
    uint32_t queue_per_worker;
    /**
     * Places for jobs in flight, for each worker. Default 3.
     */
    uint32_t results_per_worker;
    /**
     * Places for jobs in flight in all; overrides results_per_worker unless 0. Default 0.
     */
    uint32_t results;
    /**
     * Whether jobexec_start waits until every worker runs: 0 or 1. Default 1.
     */
    uint32_t wait_until_workers_run;
    /**
     * Whether jobs are timed: 0 or 1. Default 1.
     */
    uint32_t timing;
    /**
     * Where job seeds come from. Default 0.
     */
    uint64_t seed;
    /**
     * How long a thread that finds nothing to do goes on looking before it sleeps, in
     * nanoseconds, at most 10,000,000; see waiting. Default 20,000.
     */
    uint64_t spin_ns;
    /**
     * How many workers that died may be replaced, in all or within restart_window_ns. Default 64.
     */
    uint32_t max_restarts;
    /**
     * One of JOBEXEC_PIN_. Default JOBEXEC_PIN_AUTO.
     */
    uint32_t pinning;
    /**
     * The CPUs for JOBEXEC_PIN_LIST; read during jobexec_start only.
     */
    const uint32_t *cpus;
    /**
     * How many they are.
     */
    uint32_t cpu_count;
    /**
     * Cores that automatic pinning leaves to the host. Default 0.
     */
    uint32_t reserve_cores;
    /**
     * This process among those of this machine that pin workers (LOCAL_RANK). Default 0.
     */
    uint32_t local_rank;
    /**
     * How many such processes there are (LOCAL_WORLD_SIZE). Default 1.
     */
    uint32_t local_size;
    /**
     * Must not be NULL with threads; must be NULL with processes, as worker_init and worker_exit.
     */
    jobexec_transform transform;
    /**
     * May be NULL.
     */
    jobexec_worker_init worker_init;
    /**
     * May be NULL.
     */
    jobexec_worker_exit worker_exit;
    /**
     * May be NULL; then nobody is told of payloads that are discarded.
     */
    jobexec_discard discard;
    /**
     * May be NULL.
     */
    jobexec_log log;
    /**
     * Given to every callback. May be NULL.
     */
    void *user;
    /**
     * Called once with user, when no callback can run any more: by the jobexec_close that
     * answers JOBEXEC_OK, or by the last worker to leave a freed executor. May be NULL. See
     * jobexec_start for who owns user when that fails.
     */
    jobexec_user_destructor user_destructor;
    /**
     * Bytes of a buffer's input and output, see jobexec_buffer_acquire. Both 0: there are no
     * buffers. Default 0; at most 2^40.
     */
    uint64_t input_bytes;
    /**
     * See input_bytes.
     */
    uint64_t output_bytes;
    /**
     * One of JOBEXEC_PAGES_, for the buffers. Default JOBEXEC_PAGES_TRANSPARENT.
     */
    uint32_t pages;
    /**
     * Whether jobexec_start touches all of the buffers' memory, so that no later touch faults:
     * 0 or 1. Default 0.
     */
    uint32_t prefault;
    /**
     * Where the buffers' memory comes from instead of the system; called once, by
     * jobexec_start. NULL, the default, together with deallocate.
     */
    jobexec_allocate allocate;
    /**
     * Called once with it: when jobexec_start fails, or when the executor was freed and no worker
     * is at work any more; perhaps after user_destructor.
     */
    jobexec_deallocate deallocate;
    /**
     * Given to these two.
     */
    void *memory_user;
    /**
     * One of JOBEXEC_WORKERS_ARE_. Default JOBEXEC_WORKERS_ARE_THREADS. Processes need input_bytes
     * or output_bytes, and take no payloads but buffers.
     */
    uint32_t worker_kind;
    /**
     * One of JOBEXEC_OUTPUT_, for worker processes. Default JOBEXEC_OUTPUT_INHERIT.
     */
    uint32_t worker_output;
    /**
     * What a worker process is: a program, looked for in PATH unless it has a slash
     * ("/proc/self/exe" is this one), and its arguments; NULL behind the last. It calls
     * jobexec_worker_main or jobexec_worker_next. Read during jobexec_start only.
     */
    const char *const *argv;
    /**
     * What is set in its environment, as "NAME=value"; NULL behind the last. Else it has this
     * process's, and one thread for each of the usual numerical libraries (OMP_NUM_THREADS=1 and
     * its kin). NULL is nothing. Read during jobexec_start only.
     */
    const char *const *env;
    /**
     * How long a worker process may take from its start until it asks for work. Default 60 s.
     */
    uint64_t worker_start_timeout_ns;
    /**
     * Within how many nanoseconds max_restarts count; 0 is the executor's life. Default 0.
     */
    uint64_t restart_window_ns;
    /**
     * How long a worker process that died before it did a job waits for its second replacement in
     * a row; then twice as long each time, up to 100 times. Default 10,000,000.
     */
    uint64_t restart_backoff_ns;
    /**
     * How often a job is tried again whose worker process died while it ran it; with retry_failed,
     * also one that failed or panicked. Default 0; at most 1000.
     */
    uint32_t retries;
    /**
     * One of JOBEXEC_WAITING_. Default JOBEXEC_WAITING_BALANCED.
     */
    uint32_t waiting;
    /**
     * Where nobody got a result for so long though a poller waited (in one call or in several),
     * the job report goes to the log callback, once a stall. Default 30 s; 0 is never.
     */
    uint64_t stall_report_ns;
    /**
     * Whether results come in the order in which their jobs were put: 0 or 1. What is done before
     * its turn is held, and its place with it: the window is as many jobs as may be in flight.
     * Default 0: as they are done.
     */
    uint32_t ordered;
    /**
     * The number of the first session, at most 2^27 - 1. With first_number, for a program that
     * goes on where another left off: jobs have the seeds that they would have had there. Default
     * 0.
     */
    uint32_t first_session;
    /**
     * The number of that session's first job, less than 2^36. Default 0.
     */
    uint64_t first_number;
    /**
     * How long a job may run, in nanoseconds from when a worker begins it. Then it is told, as by
     * jobexec_cancel, and comes as JOBEXEC_OUTCOME_TIMED_OUT once its transform returns; a worker
     * process is killed and replaced. jobexec_put_with may say otherwise for one job. Default 0:
     * for ever, and no put may say otherwise; UINT64_MAX: for ever unless a put says otherwise.
     * Needs timing; without workers it has no effect.
     */
    uint64_t job_timeout_ns;
    /**
     * How long a worker process may go on with a job that was cancelled before it is killed and
     * replaced, in nanoseconds. Default 0: for ever. Needs timing.
     */
    uint64_t cancel_kill_ns;
    /**
     * How long a worker's thread may go on with a job that is past its deadline. Then the job
     * comes as JOBEXEC_OUTCOME_TIMED_OUT with NULL for its payload, the thread is set aside, and
     * another takes its place; when its transform returns, the discard callback gets the payload,
     * and the thread ends without worker_exit. In nanoseconds, default 1 s; 0: for ever.
     */
    uint64_t abandon_after_ns;
    /**
     * How many threads may be set aside at a time and be replaced; the worker of one more is gone
     * until one comes back, and where no worker is left puts and polls answer
     * JOBEXEC_ERROR_NO_WORKERS. Default 4.
     */
    uint32_t max_abandoned;
    /**
     * Whether a job that failed or panicked is tried again, `retries` times, with its payload as
     * the transform left it: 0 or 1. Default 0.
     */
    uint32_t retry_failed;
    /**
     * How long a job waits for its second try, in nanoseconds; for each next twice as long, up to
     * 100 times. Its place stays taken. Default 0. Without workers it does not wait.
     */
    uint64_t retry_backoff_ns;
    /**
     * Of how many jobs what they went through is kept, for jobexec_trace_json: the last whose
     * results were polled. 64 bytes each. Default 0; at most 2^20. Needs timing.
     */
    uint64_t trace_jobs;
    /**
     * How many workers each stage of a chain has; NULL, the default, is one stage with all
     * workers. Else these say how many there are in all, workers counts for nothing, and a job
     * goes through all stages: what one has done waits for the next, without the host's help.
     * jobexec_job_stage says which one a transform is called for. A buffer is read and written in
     * turn: a stage's input is what the one before wrote, its output lies where that one read. All
     * 0 runs all stages inside jobexec_put. Read during jobexec_start only.
     */
    const uint32_t *stages;
    /**
     * How many stages; at most 8. Default 0, as 1.
     */
    uint32_t stage_count;
    /**
     * 0.
     */
    uint32_t reserved;
} jobexec_config;

/**
 * What became of a job: one of the JOBEXEC_OUTCOME_ values.
 */
typedef int32_t jobexec_outcome;

/**
 * A result. Set size to sizeof(jobexec_result) once; a poll that answers JOBEXEC_OK fills the
 * rest.
 */
typedef struct jobexec_result {
    /**
     * sizeof(jobexec_result), as the program was compiled.
     */
    uint64_t size;
    /**
     * What jobexec_put gave the job.
     */
    uint64_t job_id;
    /**
     * The payload, now the caller's again.
     */
    void *payload;
    /**
     * One of JOBEXEC_OUTCOME_.
     */
    jobexec_outcome outcome;
    /**
     * What the transform answered, where the outcome is JOBEXEC_OUTCOME_FAILED. How the worker
     * process ended, where it is JOBEXEC_OUTCOME_CRASHED: its exit code, or less than 0, minus the
     * signal. Else 0.
     */
    int32_t code;
    /**
     * The session the job was put in.
     */
    uint32_t session;
    /**
     * Which worker ran it, from 0.
     */
    uint32_t worker;
    /**
     * How many jobs were accepted before it in its session, modulo 2^36.
     */
    uint64_t number;
    /**
     * When the put accepted it, in nanoseconds of CLOCK_MONOTONIC. This and the next four are 0
     * where jobs are not timed.
     */
    uint64_t created_ns;
    /**
     * When a worker started the transform.
     */
    uint64_t started_ns;
    /**
     * When the transform returned.
     */
    uint64_t finished_ns;
    /**
     * When the result was queued; a worker never waits for a place, so this is finished_ns.
     */
    uint64_t queued_ns;
    /**
     * When this poll took it.
     */
    uint64_t polled_ns;
    /**
     * Why the outcome is not JOBEXEC_OUTCOME_DONE, in UTF-8: what the transform said where it
     * failed. Else empty.
     */
    char message[192];
    /**
     * The output, where the payload is a buffer: the caller's until jobexec_buffer_release. Else
     * NULL.
     */
    void *output;
    /**
     * How many bytes of it the transform said it wrote.
     */
    uint64_t output_bytes;
    /**
     * The buffer's header, of JOBEXEC_HEADER_BYTES. Else NULL.
     */
    void *header;
    /**
     * How often the job was begun: more than once where it was tried again, see config.retries.
     */
    uint32_t attempts;
    /**
     * 0.
     */
    uint32_t reserved;
} jobexec_result;

/**
 * How one job is put. Set size, and the rest to 0 or what is wanted.
 */
typedef struct jobexec_put_options {
    /**
     * sizeof(jobexec_put_options).
     */
    uint64_t size;
    /**
     * How long the job may run, in nanoseconds, instead of config.job_timeout_ns; 0 is that,
     * UINT64_MAX is for ever. An error where config.job_timeout_ns is 0.
     */
    uint64_t job_timeout_ns;
    /**
     * How long the put may wait for room, in nanoseconds; 0 is not at all.
     */
    uint64_t wait_ns;
} jobexec_put_options;

/**
 * Counts since the start. Always accepted = done + failed + panicked + crashed + timed_out +
 * cancelled + discarded + outstanding; when nothing moves, outstanding = queued + running +
 * ready. Set size to sizeof(jobexec_counters) before the call.
 */
typedef struct jobexec_counters {
    /**
     * sizeof(jobexec_counters), as the program was compiled.
     */
    uint64_t size;
    /**
     * Jobs that a put accepted.
     */
    uint64_t accepted;
    /**
     * Results delivered of jobs that succeeded.
     */
    uint64_t done;
    /**
     * Results delivered of jobs that failed.
     */
    uint64_t failed;
    /**
     * Results delivered of jobs that panicked.
     */
    uint64_t panicked;
    /**
     * Results delivered of jobs whose worker died.
     */
    uint64_t crashed;
    /**
     * Not in use yet.
     */
    uint64_t timed_out;
    /**
     * Not in use yet.
     */
    uint64_t cancelled;
    /**
     * Jobs whose payload went to the discard callback.
     */
    uint64_t discarded;
    /**
     * Jobs accepted that have no outcome yet.
     */
    uint64_t outstanding;
    /**
     * Of these, how many wait for a worker.
     */
    uint64_t queued;
    /**
     * How many a worker has at hand.
     */
    uint64_t running;
    /**
     * How many results wait for a poll.
     */
    uint64_t ready;
    /**
     * The most that were outstanding at once.
     */
    uint64_t most_outstanding;
    /**
     * The most seen waiting for a worker: looked at with each of a session's first 256 jobs, and
     * then with every 64th.
     */
    uint64_t most_queued;
    /**
     * The most results seen waiting for a poll; looked at likewise.
     */
    uint64_t most_ready;
    /**
     * The session: config.first_session, and one more with each reset.
     */
    uint64_t session;
    /**
     * Workers that the executor was started with.
     */
    uint64_t workers;
    /**
     * Workers that died and were replaced.
     */
    uint64_t restarts;
    /**
     * How often a sleeping thread was woken.
     */
    uint64_t wakes;
    /**
     * How often a thread looked for news before it would sleep, and found some.
     */
    uint64_t looks_paid;
    /**
     * How often it looked in vain, and slept.
     */
    uint64_t looks_in_vain;
    /**
     * With config.ordered and timing: how many results were done before one that was put before
     * them, and had to wait for it.
     */
    uint64_t held;
    /**
     * How long they had to, all together, in nanoseconds.
     */
    uint64_t held_ns;
    /**
     * How often the descriptor of jobexec_event_fd was made readable.
     */
    uint64_t event_fd_rings;
    /**
     * Jobs that run past their deadline at this moment.
     */
    uint64_t stalled;
    /**
     * Threads that were set aside and have not come back, see config.abandon_after_ns.
     */
    uint64_t abandoned;
    /**
     * Results that were there when a poll looked for one; each of a row counts.
     */
    uint64_t polls_found;
    /**
     * Polls that had to wait, whether they got a result or not.
     */
    uint64_t polls_waited;
    /**
     * Polls that do not wait and found nothing.
     */
    uint64_t polls_empty;
    /**
     * How long polls waited in all, in nanoseconds.
     */
    uint64_t poll_wait_ns;
    /**
     * How old the executor is, in nanoseconds. The share of the time that its workers were busy is
     * busy_ns of age_ns * workers.
     */
    uint64_t age_ns;
    /**
     * How long jobs ran in all, in nanoseconds. This and the following are 0 where jobs are not
     * timed.
     */
    uint64_t busy_ns;
    /**
     * How long the jobs of polled results waited for a worker, in nanoseconds: half of them no
     * longer than that, at most an eighth too high. Of a part of them: the first 64 of a session,
     * one in 16 to its 4,096th, one in 64 from then on, each weighed by the jobs that it stands
     * for.
     */
    uint64_t queue_wait_p50_ns;
    /**
     * 99 of 100 no longer than that, likewise.
     */
    uint64_t queue_wait_p99_ns;
    /**
     * The longest of all.
     */
    uint64_t queue_wait_max_ns;
    /**
     * How long they ran, likewise.
     */
    uint64_t run_p50_ns;
    /**
     * See queue_wait_p99_ns.
     */
    uint64_t run_p99_ns;
    /**
     * See queue_wait_max_ns.
     */
    uint64_t run_max_ns;
    /**
     * How long their results lay until a poll took them, likewise.
     */
    uint64_t result_wait_p50_ns;
    /**
     * See queue_wait_p99_ns.
     */
    uint64_t result_wait_p99_ns;
    /**
     * See queue_wait_max_ns.
     */
    uint64_t result_wait_max_ns;
    /**
     * The most buffers that were not free at once; 0 where there are no batches.
     */
    uint64_t buffers_most;
} jobexec_counters;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * A sentence about the last call of this thread that answered an error (below 0) or, from
 * jobexec_start and jobexec_close, JOBEXEC_TIMEOUT. Never NULL; empty before the first. Not set
 * by jobexec_abort, which signal handlers may call.
 *
 * Threads: each has its own. Ownership: the library's, valid until this thread's next error.
 * Blocks: never.
 */
const char *jobexec_last_error(void);

/**
 * A short text that says what a status means. Never NULL.
 *
 * Threads: any. Ownership: static. Blocks: never.
 */
const char *jobexec_status_text(jobexec_status status);

/**
 * Fills a configuration with defaults. size must be set before; every byte behind it is
 * overwritten.
 *
 * Threads: any. Ownership: nothing is kept. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE.
 *
 * # Safety
 * `config` is NULL or points to as many writable bytes as its size says.
 */
jobexec_status jobexec_config_init(struct jobexec_config *config);

/**
 * How many jobs may be in flight, and wait, in an executor of that many workers: in_flight is
 * results, or results_per_worker * max(workers, 1) where that is 0; queued is queue_per_worker *
 * max(workers, 1), and never more than in_flight. Either output may be NULL.
 *
 * Threads: any. Ownership: nothing is kept. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE, JOBEXEC_ERROR_ARGUMENT.
 *
 * # Safety
 * The pointers are NULL or valid.
 */
jobexec_status jobexec_config_capacity(const struct jobexec_config *config,
                                       uint32_t workers,
                                       uint64_t *in_flight,
                                       uint64_t *queued);

/**
 * The library's version, "major.minor.patch".
 *
 * Threads: any. Ownership: static. Blocks: never.
 */
const char *jobexec_version(void);

/**
 * Starts an executor: validates, allocates everything, starts and pins the workers, and writes
 * the handle when all of them run.
 *
 * Threads: any; the caller's CPU affinity is not touched. Ownership: the handle is the caller's,
 * to be freed by jobexec_free. On JOBEXEC_OK the executor owns config.user; on JOBEXEC_TIMEOUT
 * and JOBEXEC_ERROR_WORKER too, since workers may have been using it: the destructor is called
 * when the last has left. On every other answer it stays the caller's. The configuration itself
 * is copied. Blocks: at most timeout_ns, but for what the machine takes to create threads.
 * Answers: JOBEXEC_OK, JOBEXEC_TIMEOUT, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE,
 * JOBEXEC_ERROR_ARGUMENT, JOBEXEC_ERROR_MEMORY, JOBEXEC_ERROR_WORKER.
 *
 * # Safety
 * `config` is NULL or points to as many readable bytes as its size says, with functions that may
 * be called from any thread; `exec` is NULL or valid.
 */
jobexec_status jobexec_start(const struct jobexec_config *config,
                             uint64_t timeout_ns,
                             struct jobexec_executor **exec);

/**
 * Closes an executor: nothing is accepted or delivered any more, what waits is discarded, what
 * runs is told that it is cancelled and waited for, the workers are joined. JOBEXEC_OK means
 * that no callback runs or will run again, the destructor of config.user included.
 * JOBEXEC_TIMEOUT means that some were still at work, jobexec_last_error names them; their
 * memory stays valid, and the call can be made again, or jobexec_free.
 *
 * Threads: any, any number at once, any number of times; not from inside a callback of this
 * executor. Ownership: payloads of discarded jobs go to the discard callback, once each.
 * Blocks: at most timeout_ns, but for the discard callbacks it runs; worker processes that are
 * still at work then are killed, which takes some milliseconds more, at most a second on a machine
 * that has too much to do, and is JOBEXEC_OK.
 * Answers: JOBEXEC_OK, JOBEXEC_TIMEOUT, JOBEXEC_ERROR_INSIDE_CALLBACK, JOBEXEC_ERROR_NULL,
 * JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile.
 */
jobexec_status jobexec_close(struct jobexec_executor *exec, uint64_t timeout_ns);

/**
 * Frees an executor. One that is not closed is closed without waiting: workers that are still
 * at work keep what they use until they leave, and call the last callbacks then. NULL is no
 * error and does nothing.
 *
 * Threads: any but the workers'; no other call may use the handle at the same time or later.
 * A later use is answered JOBEXEC_ERROR_HANDLE until the handle's memory serves another
 * executor. Blocks: never, but runs the discard callbacks.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_HANDLE (freed before), JOBEXEC_ERROR_INSIDE_CALLBACK,
 * JOBEXEC_ERROR_FORKED.
 *
 * # Safety
 * `exec` is NULL or a handle that no other call uses.
 */
jobexec_status jobexec_free(struct jobexec_executor *exec);

/**
 * Puts a payload. job_id, which may be NULL, is given a number that no other job of this
 * executor has.
 *
 * Threads: any, any number at once; not from inside a callback of this executor. Ownership: on
 * JOBEXEC_OK the payload is the executor's until a poll or the discard callback gives it back;
 * else it stays the caller's. NULL is a payload like any other. Blocks: never; with workers = 0
 * it runs the transform, and where no worker looks for jobs it may yield once, to one that slept
 * on its own core, if jobs are known to take some microseconds only.
 * Answers: JOBEXEC_OK, JOBEXEC_FULL, JOBEXEC_CLOSED, JOBEXEC_ABORTED, JOBEXEC_ERROR_FINISHED,
 * JOBEXEC_ERROR_NO_WORKERS, JOBEXEC_ERROR_INSIDE_CALLBACK, JOBEXEC_ERROR_NOT_HELD (a buffer that
 * the caller does not hold; with worker processes, any other payload), JOBEXEC_ERROR_NULL,
 * JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `job_id` is NULL or valid.
 */
jobexec_status jobexec_put(struct jobexec_executor *exec, void *payload, uint64_t *job_id);

/**
 * Puts a payload, waiting for room.
 *
 * Threads, ownership: as jobexec_put. Blocks: at most timeout_ns; a reset, a poll, an abort or a
 * close wakes it.
 * Answers: as jobexec_put, with JOBEXEC_TIMEOUT in place of JOBEXEC_FULL.
 *
 * # Safety
 * As jobexec_put.
 */
jobexec_status jobexec_put_wait(struct jobexec_executor *exec,
                                void *payload,
                                uint64_t timeout_ns,
                                uint64_t *job_id);

/**
 * Takes a result.
 *
 * Threads: any, any number at once. Ownership: on JOBEXEC_OK the payload is the caller's.
 * Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_EMPTY, JOBEXEC_END, JOBEXEC_CLOSED, JOBEXEC_ABORTED,
 * JOBEXEC_ERROR_NO_WORKERS, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `result` is NULL or as large as its
 * size says.
 */
jobexec_status jobexec_poll(struct jobexec_executor *exec, struct jobexec_result *result);

/**
 * Takes a result, waiting for one.
 *
 * Threads: any, any number at once; not from inside a callback of this executor. Ownership: as
 * jobexec_poll. Blocks: at most timeout_ns; a result, the end, an abort or a close wakes it.
 * Answers: as jobexec_poll, with JOBEXEC_TIMEOUT in place of JOBEXEC_EMPTY, and
 * JOBEXEC_ERROR_INSIDE_CALLBACK.
 *
 * # Safety
 * As jobexec_poll.
 */
jobexec_status jobexec_poll_wait(struct jobexec_executor *exec,
                                 uint64_t timeout_ns,
                                 struct jobexec_result *result);

/**
 * Says that this session gets no more jobs, so that pollers are told JOBEXEC_END after the last.
 *
 * Threads: any. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_CLOSED, JOBEXEC_ABORTED, JOBEXEC_ERROR_NO_WORKERS,
 * JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile.
 */
jobexec_status jobexec_finish(struct jobexec_executor *exec);

/**
 * Begins a new session. Jobs that wait never run, running ones are told that they are cancelled,
 * results that were not polled are discarded. When this returns, no poll that begins later
 * delivers anything of an earlier session, and every place that no running job holds is free.
 * session, which may be NULL, is given the new session's number.
 *
 * Threads: any; not from inside a callback of this executor. Ownership: payloads of discarded
 * jobs go to the discard callback, once each. Blocks: never, but runs the discard callbacks.
 * Answers: JOBEXEC_OK, JOBEXEC_CLOSED, JOBEXEC_ABORTED, JOBEXEC_ERROR_NO_WORKERS,
 * JOBEXEC_ERROR_EXHAUSTED, JOBEXEC_ERROR_INSIDE_CALLBACK, JOBEXEC_ERROR_NULL,
 * JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `session` is NULL or valid.
 */
jobexec_status jobexec_reset(struct jobexec_executor *exec, uint32_t *session);

/**
 * Makes every put and poll answer JOBEXEC_ABORTED, those that wait included, and tells running
 * jobs that they are cancelled. The executor can then only be closed.
 *
 * Threads: any, callbacks and signal handlers included: it is async-signal-safe. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile.
 */
jobexec_status jobexec_abort(struct jobexec_executor *exec);

/**
 * jobexec_abort for every executor of the process.
 *
 * Threads: any, callbacks and signal handlers included: it is async-signal-safe. Blocks: never.
 */
void jobexec_abort_all(void);

/**
 * 1 if a put would answer JOBEXEC_FULL, 0 if not, an error's status below 0.
 *
 * Threads: any. Blocks: never.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile.
 */
int32_t jobexec_is_full(struct jobexec_executor *exec);

/**
 * 1 if every job accepted so far has its outcome, 0 if not, an error's status below 0.
 *
 * Threads: any. Blocks: never.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile.
 */
int32_t jobexec_is_idle(struct jobexec_executor *exec);

/**
 * Puts a payload, with options.
 *
 * Threads, ownership: as jobexec_put. Blocks: at most options.wait_ns.
 * Answers: as jobexec_put, with JOBEXEC_TIMEOUT in place of JOBEXEC_FULL where it may wait;
 * JOBEXEC_ERROR_SIZE, JOBEXEC_ERROR_ARGUMENT.
 *
 * # Safety
 * As jobexec_put; `options` is NULL or as large as its size says.
 */
jobexec_status jobexec_put_with(struct jobexec_executor *exec,
                                void *payload,
                                const struct jobexec_put_options *options,
                                uint64_t *job_id);

/**
 * Cancels a job of this session, by the number that its put gave. One that waits never runs; one
 * that runs is told, see jobexec_job_is_cancelled, and no other is in its place until it returns.
 * Its result comes as JOBEXEC_OUTCOME_CANCELLED, whatever its transform answers; where the job
 * was done before, as what it is.
 *
 * Threads: any, callbacks included. Blocks: never; it takes a lock that nobody holds for longer
 * than it takes to look through a list of such jobs.
 * Answers: JOBEXEC_OK, JOBEXEC_EMPTY (no such job was put in this session; or there are no
 * workers, and jobs run inside their put), JOBEXEC_CLOSED, JOBEXEC_ABORTED,
 * JOBEXEC_ERROR_NO_WORKERS, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile.
 */
jobexec_status jobexec_cancel(struct jobexec_executor *exec, uint64_t job_id);

/**
 * Puts payloads in one call: from the front of the list, as many as there is room for, one at
 * least. accepted is given how many they are; first_id, which may be NULL, the number of the first
 * of them: the next has the next number, and so on. Costs a fraction of as many calls of
 * jobexec_put, and wakes sleeping workers at once. To put none (count = 0) is no error.
 *
 * Threads: any, any number at once; not from inside a callback of this executor. Ownership: on
 * JOBEXEC_OK the accepted payloads are the executor's, as by jobexec_put; the others, and on any
 * other answer all, stay the caller's. Blocks: never; with workers = 0 it runs the transform.
 * Answers: as jobexec_put; JOBEXEC_FULL if there was no room for one. JOBEXEC_ERROR_NOT_HELD is of
 * the first in the list; one behind it is left, and the next call is told.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `payloads` is NULL or has `count`
 * payloads; `accepted` and `first_id` are NULL or valid.
 */
jobexec_status jobexec_put_many(struct jobexec_executor *exec,
                                void *const *payloads,
                                uint64_t count,
                                uint64_t *accepted,
                                uint64_t *first_id);

/**
 * Puts payloads in one call, waiting for room for one.
 *
 * Threads, ownership: as jobexec_put_many. Blocks: at most timeout_ns; a reset, a poll, an abort
 * or a close wakes it.
 * Answers: as jobexec_put_many, with JOBEXEC_TIMEOUT in place of JOBEXEC_FULL.
 *
 * # Safety
 * As jobexec_put_many.
 */
jobexec_status jobexec_put_many_wait(struct jobexec_executor *exec,
                                     void *const *payloads,
                                     uint64_t count,
                                     uint64_t timeout_ns,
                                     uint64_t *accepted,
                                     uint64_t *first_id);

/**
 * Takes results in one call: up to count, one at least, into an array of them. The size of the
 * first is that of each; the others need none. polled is given how many they are. To take none
 * (count = 0) is no error.
 *
 * Threads: any, any number at once. Ownership: on JOBEXEC_OK the payloads of the polled results
 * are the caller's; the other results are left as they are. Blocks: never.
 * Answers: as jobexec_poll.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `results` is NULL or has `count`
 * results, each as large as the first one's size says; `polled` is NULL or valid.
 */
jobexec_status jobexec_poll_many(struct jobexec_executor *exec,
                                 struct jobexec_result *results,
                                 uint64_t count,
                                 uint64_t *polled);

/**
 * Takes results in one call, waiting for one. Where they come one every 100 ns or faster it stays
 * some 1 us for more, rather than take each from under a worker's hands.
 *
 * Threads: any, any number at once; not from inside a callback of this executor. Ownership: as
 * jobexec_poll_many. Blocks: at most timeout_ns; a result, the end, an abort or a close wakes it.
 * Answers: as jobexec_poll_many, with JOBEXEC_TIMEOUT in place of JOBEXEC_EMPTY, and
 * JOBEXEC_ERROR_INSIDE_CALLBACK.
 *
 * # Safety
 * As jobexec_poll_many.
 */
jobexec_status jobexec_poll_many_wait(struct jobexec_executor *exec,
                                      uint64_t timeout_ns,
                                      struct jobexec_result *results,
                                      uint64_t count,
                                      uint64_t *polled);

/**
 * Gives a file descriptor, for epoll, poll and event loops, that is readable when a poll would
 * answer anything but JOBEXEC_EMPTY: a result, JOBEXEC_END, JOBEXEC_CLOSED, JOBEXEC_ABORTED or
 * JOBEXEC_ERROR_NO_WORKERS. It may be readable once when a poll would answer JOBEXEC_EMPTY.
 *
 * When it is readable, poll until the answer is JOBEXEC_EMPTY, or one of the ends. That answer (or
 * a waiting poll's JOBEXEC_TIMEOUT) makes it unreadable, and what comes later makes it readable
 * again; so it may be watched by level, by edge or once at a time. An end keeps it readable. Jobs
 * cost no system call by it, but each such answer behind results one, and the first result
 * after it another.
 *
 * Threads: any. Ownership: the executor's, the same at every call (an eventfd, close-on-exec,
 * non-blocking): do not read, write or close it, and watch it no longer than until jobexec_free.
 * Blocks: never; the first call makes the descriptor.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_MEMORY (no descriptor is to be had), JOBEXEC_ERROR_NULL,
 * JOBEXEC_ERROR_HANDLE, JOBEXEC_ERROR_FORKED.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `fd` is NULL or valid.
 */
jobexec_status jobexec_event_fd(struct jobexec_executor *exec, int32_t *fd);

/**
 * Gives the caller a free buffer, known by the address of its input, of config.input_bytes bytes
 * with what an earlier job left there. Fill it in place and put that address; the transform is
 * given it as its payload, and writes jobexec_job_output in place; the result shows both, until
 * jobexec_buffer_release. There are as many buffers as jobs may be in flight. A buffer whose job
 * is discarded is free again, without a call of the discard callback.
 *
 * Threads: any. Ownership: the buffer is the caller's until it is put or released; its memory
 * stays valid until jobexec_free. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_FULL (none is free), JOBEXEC_CLOSED, JOBEXEC_ABORTED,
 * JOBEXEC_ERROR_NO_WORKERS, JOBEXEC_ERROR_NOT_HELD (the executor has no buffers),
 * JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `input` is NULL or valid.
 */
jobexec_status jobexec_buffer_acquire(struct jobexec_executor *exec, void **input);

/**
 * The same, waiting until a buffer is free.
 *
 * Threads: any; not from inside a callback of this executor. Ownership: as
 * jobexec_buffer_acquire. Blocks: at most timeout_ns; a release, an abort or a close wakes it.
 * Answers: as jobexec_buffer_acquire, with JOBEXEC_TIMEOUT in place of JOBEXEC_FULL, and
 * JOBEXEC_ERROR_INSIDE_CALLBACK.
 *
 * # Safety
 * As jobexec_buffer_acquire.
 */
jobexec_status jobexec_buffer_acquire_wait(struct jobexec_executor *exec,
                                           uint64_t timeout_ns,
                                           void **input);

/**
 * Says how many bytes of the input are filled: what jobexec_job_input_bytes answers. All, if
 * nobody says.
 *
 * Threads: whoever holds the buffer. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_NOT_HELD, JOBEXEC_ERROR_ARGUMENT (more than it can have),
 * JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile.
 */
jobexec_status jobexec_buffer_set_input(struct jobexec_executor *exec, void *input, uint64_t bytes);

/**
 * Gives header the address of the buffer's header, of JOBEXEC_HEADER_BYTES, which travels with
 * it both ways: shape and type, for example.
 *
 * Threads: whoever holds the buffer. Ownership: as the buffer. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_NOT_HELD, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `header` is NULL or valid.
 */
jobexec_status jobexec_buffer_header(struct jobexec_executor *exec, void *input, void **header);

/**
 * Gives a buffer back: one that a result showed, or one that is not to be put after all. Also
 * after a close.
 *
 * Threads: whoever holds the buffer. Ownership: it is not the caller's any more, its output
 * included. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_NOT_HELD (given back before, or put), JOBEXEC_ERROR_NULL,
 * JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile.
 */
jobexec_status jobexec_buffer_release(struct jobexec_executor *exec, void *input);

/**
 * Gives the whole memory of the buffers, to page-lock it once, for example: valid until
 * jobexec_free. NULL and 0 where there are none. Either output may be NULL.
 *
 * Threads: any. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; the outputs are NULL or valid.
 */
jobexec_status jobexec_arena(struct jobexec_executor *exec, void **base, uint64_t *bytes);

/**
 * The number that jobexec_put gave this job; 0 for NULL.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
uint64_t jobexec_job_id(const struct jobexec_job *job);

/**
 * The session the job was put in; 0 for NULL.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
uint32_t jobexec_job_session(const struct jobexec_job *job);

/**
 * How many jobs were accepted before it in its session, modulo 2^36; 0 for NULL.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
uint64_t jobexec_job_number(const struct jobexec_job *job);

/**
 * Which worker runs it, from 0; 0 for NULL.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
uint32_t jobexec_job_worker(const struct jobexec_job *job);

/**
 * A seed for this job, mixed from the executor's seed, the session and the job's number: the
 * same whichever worker runs it. 0 for NULL.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
uint64_t jobexec_job_seed(const struct jobexec_job *job);

/**
 * Which stage of a chain the job is run for, from 0, see config.stages; 0 for NULL.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
uint32_t jobexec_job_stage(const struct jobexec_job *job);

/**
 * Which try of the job this is, from 1, see config.retries; 0 for NULL.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
uint32_t jobexec_job_attempt(const struct jobexec_job *job);

/**
 * 1 if the result is no longer wanted (jobexec_cancel, the job's deadline, reset, abort, close),
 * else 0. A long transform looks now and then and returns early: it costs two loads.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
int32_t jobexec_job_is_cancelled(const struct jobexec_job *job);

/**
 * How many bytes of the input the host filled; 0 for NULL, and where the payload, which is the
 * input's address, is no buffer.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
uint64_t jobexec_job_input_bytes(const struct jobexec_job *job);

/**
 * The output, to be written in place: jobexec_job_output_bytes bytes, with what an earlier job
 * left there. NULL for NULL, and where the payload is no buffer.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
void *jobexec_job_output(const struct jobexec_job *job);

/**
 * How many bytes the output can have; 0 for NULL, and where the payload is no buffer.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
uint64_t jobexec_job_output_bytes(const struct jobexec_job *job);

/**
 * A header of JOBEXEC_HEADER_BYTES that travels with the buffer both ways: shape and type, for
 * example. NULL for NULL, and where the payload is no buffer.
 *
 * Threads: the worker's. Blocks: never.
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
void *jobexec_job_header(const struct jobexec_job *job);

/**
 * How many bytes of the output the result shows; 0 if nobody says.
 *
 * Threads: the worker's. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL,
 * JOBEXEC_ERROR_NOT_HELD (the payload is no buffer), JOBEXEC_ERROR_ARGUMENT (more than it can
 * have).
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
jobexec_status jobexec_job_set_output(const struct jobexec_job *job, uint64_t bytes);

/**
 * Makes the result carry another payload than was put. What becomes of the old one is the
 * transform's business. Not where the payload is a buffer, which its result always shows.
 *
 * Threads: the worker's. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL (the job),
 * JOBEXEC_ERROR_ARGUMENT (a buffer).
 *
 * # Safety
 * `job` is NULL, or what the transform was given.
 */
jobexec_status jobexec_job_set_payload(struct jobexec_job *job, void *payload);

/**
 * What the result says beside the code, if the transform answers one that is not 0. Copied, and
 * cut to 191 bytes; what is no UTF-8 is replaced.
 *
 * Threads: the worker's. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL.
 *
 * # Safety
 * `job` is NULL, or what the transform was given; `text` is NULL or ends in a zero byte.
 */
jobexec_status jobexec_job_set_message(struct jobexec_job *job, const char *text);

/**
 * 1 if this process was started as a worker by an executor, 0 if not: then it may be the trainer
 * that starts itself as its workers.
 *
 * Threads: any. Blocks: never.
 */
int32_t jobexec_is_worker(void);

/**
 * Serves as a worker process: calls transform with user for one job after the other, until the
 * executor closes. The transform is what it would be on a worker thread, except that it must not
 * unwind and that its worker dies with the process.
 *
 * Threads: one, and once for the process. Blocks: until the executor closes.
 * Answers: JOBEXEC_OK (closed), JOBEXEC_ERROR_NOT_WORKER (this process is none, or its executor's
 * library does not fit this one), JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_INSIDE_CALLBACK (a job is at
 * hand).
 *
 * # Safety
 * `transform` can be called with `user`.
 */
jobexec_status jobexec_worker_main(jobexec_transform transform, void *user);

/**
 * For languages that cannot be called back: gives job the next job, and input the address of its
 * input, which is what a transform's payload is. The calls for jobs (jobexec_job_output and its
 * kin) are answered for it until jobexec_worker_done.
 *
 * Threads: one at a time. Ownership: the job's buffer is the caller's until it is done. Blocks:
 * at most timeout_ns.
 * Answers: JOBEXEC_OK, JOBEXEC_CLOSED (no more will come: end the process), JOBEXEC_TIMEOUT,
 * JOBEXEC_ERROR_NOT_WORKER, JOBEXEC_ERROR_INSIDE_CALLBACK (the job before is not done),
 * JOBEXEC_ERROR_NULL.
 *
 * # Safety
 * `job` and `input` are NULL or valid.
 */
jobexec_status jobexec_worker_next(uint64_t timeout_ns, struct jobexec_job **job, void **input);

/**
 * Says what came of the job at hand: code is what a transform would answer, 0 for success. See
 * jobexec_job_set_message for what it says beside.
 *
 * Threads: one at a time. Ownership: nothing of the job is the caller's any more. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_NOT_HELD (not the job at hand).
 *
 * # Safety
 * `job` is NULL or what jobexec_worker_next gave.
 */
jobexec_status jobexec_worker_done(struct jobexec_job *job, int32_t code);

/**
 * Reads the counters.
 *
 * Threads: any. Ownership: nothing is kept. Blocks: never.
 * Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `stats` is NULL or as large as its
 * size says.
 */
jobexec_status jobexec_stats(struct jobexec_executor *exec, struct jobexec_counters *stats);

/**
 * How many jobs may be in flight in this executor, and how many may wait. Either output may be
 * NULL.
 *
 * Threads: any. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; the outputs are NULL or valid.
 */
jobexec_status jobexec_capacity(struct jobexec_executor *exec,
                                uint64_t *in_flight,
                                uint64_t *queued);

/**
 * Writes the job report, several lines for people, as a text of at most size bytes, the final
 * zero byte counted; a longer report is cut. needed, which may be NULL, is given the bytes that
 * the whole takes. text may be NULL if size is 0.
 *
 * Threads: any. Ownership: nothing is kept. Blocks: never, but allocates.
 * Answers: JOBEXEC_OK (also when cut), JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
 *
 * # Safety
 * `exec` is NULL or a handle that is not freed meanwhile; `text` is NULL or has `size` writable
 * bytes; `needed` is NULL or valid.
 */
jobexec_status jobexec_report(struct jobexec_executor *exec,
                              char *text,
                              size_t size,
                              size_t *needed);

/**
 * Writes the job report for programs, as jobexec_report does: one JSON object with state, session,
 * pinned_by, capacity (queued, in_flight), workers (each with place, cpu, stage, done, busy and
 * job, which is null or has id, session, number, running_ns and unwanted), stats (all of
 * jobexec_counters, by their names), readiness, busy and warnings.
 *
 * Threads, ownership, blocks, answers: as jobexec_report.
 *
 * # Safety
 * As jobexec_report.
 */
jobexec_status jobexec_report_json(struct jobexec_executor *exec,
                                   char *text,
                                   size_t size,
                                   size_t *needed);

/**
 * Writes what the last config.trace_jobs jobs went through whose results were polled, as
 * jobexec_report does: JSON for Perfetto (ui.perfetto.dev) or chrome://tracing, with a row for
 * each worker and its runs, and what was queued and ready, in microseconds of CLOCK_MONOTONIC. 1
 * KB a job, about.
 *
 * Threads, ownership, blocks, answers: as jobexec_report.
 *
 * # Safety
 * As jobexec_report.
 */
jobexec_status jobexec_trace_json(struct jobexec_executor *exec,
                                  char *text,
                                  size_t size,
                                  size_t *needed);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* JOBEXEC_H */
