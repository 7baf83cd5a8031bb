// libjobexec for C++17: typed payloads, exceptions as failed jobs, no void pointers. Header only;
// link with the library. It brings jobexec.h with it, so include this file instead of that one.
//
// Functions may be called from any thread unless they say otherwise. Ordinary states are
// returned as a Status; what is an error in C (below 0) is thrown as a jobexec::Error.

#ifndef JOBEXEC_HPP
#define JOBEXEC_HPP

#include "jobexec.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace jobexec {

/// What a call came to; the numbers are those of jobexec.h.
enum class [[nodiscard]] Status : std::int32_t {
    ok = JOBEXEC_OK,
    full = JOBEXEC_FULL,
    empty = JOBEXEC_EMPTY,
    end = JOBEXEC_END,
    closed = JOBEXEC_CLOSED,
    aborted = JOBEXEC_ABORTED,
    timeout = JOBEXEC_TIMEOUT,
    error_null = JOBEXEC_ERROR_NULL,
    error_size = JOBEXEC_ERROR_SIZE,
    error_argument = JOBEXEC_ERROR_ARGUMENT,
    error_handle = JOBEXEC_ERROR_HANDLE,
    error_inside_callback = JOBEXEC_ERROR_INSIDE_CALLBACK,
    error_finished = JOBEXEC_ERROR_FINISHED,
    error_memory = JOBEXEC_ERROR_MEMORY,
    error_worker = JOBEXEC_ERROR_WORKER,
    error_no_workers = JOBEXEC_ERROR_NO_WORKERS,
    error_exhausted = JOBEXEC_ERROR_EXHAUSTED,
    error_internal = JOBEXEC_ERROR_INTERNAL,
    error_not_held = JOBEXEC_ERROR_NOT_HELD,
    error_not_worker = JOBEXEC_ERROR_NOT_WORKER,
    error_forked = JOBEXEC_ERROR_FORKED,
};

/// What became of a job.
enum class Outcome : std::int32_t {
    done = JOBEXEC_OUTCOME_DONE,
    failed = JOBEXEC_OUTCOME_FAILED,
    panicked = JOBEXEC_OUTCOME_PANICKED,
    crashed = JOBEXEC_OUTCOME_CRASHED,
    timed_out = JOBEXEC_OUTCOME_TIMED_OUT,
    cancelled = JOBEXEC_OUTCOME_CANCELLED,
};

/// How serious a line for the log hook is.
enum class LogLevel : std::int32_t {
    info = JOBEXEC_LOG_INFO,
    warning = JOBEXEC_LOG_WARNING,
    error = JOBEXEC_LOG_ERROR,
};

/// Pages of the memory of batches.
enum class Pages : std::uint32_t {
    normal = JOBEXEC_PAGES_NORMAL,
    transparent = JOBEXEC_PAGES_TRANSPARENT,
    huge = JOBEXEC_PAGES_HUGE,
};

/// Jobs that may be in flight, and of these, that may wait for a worker.
struct Capacity {
    std::uint64_t in_flight = 0;
    std::uint64_t queued = 0;
};

/// Counts since the start: accepted = outcomes + discarded + outstanding. See jobexec.h.
using Stats = ::jobexec_counters;

/// The share of results that were there when a poll looked for one, from 0 to 1: below 1 the host
/// waits for data. 1 before the first poll.
inline double readiness(const Stats& stats) {
    const auto all = stats.polls_found + stats.polls_waited + stats.polls_empty;
    return all == 0 ? 1.0 : static_cast<double>(stats.polls_found) / static_cast<double>(all);
}

/// How long a start waits for its workers, unless told otherwise.
inline constexpr std::chrono::seconds default_start_timeout{10};
/// How long a destructor waits for running jobs, unless told otherwise.
inline constexpr std::chrono::seconds default_grace{5};
/// Result::code() of a job whose transform threw.
inline constexpr std::int32_t exception_code = 1;

/// A short text that says what a status means. Static, never null.
inline const char* text(Status status) noexcept {
    return ::jobexec_status_text(static_cast<std::int32_t>(status));
}

/// What a call of this thread that threw, or a close() that timed out, says about why.
inline std::string last_error() { return ::jobexec_last_error(); }

/// Aborts every executor of the process. Async-signal-safe; never blocks.
inline void abort_all() noexcept { ::jobexec_abort_all(); }

/// A call that cannot be answered: wrong arguments, a use that is not allowed, a failed start.
class Error : public std::runtime_error {
public:
    Error(Status status, const std::string& what) : std::runtime_error(what), status_(status) {}
    Status status() const noexcept { return status_; }

private:
    Status status_;
};

class BatchExecutor;
class WorkerCommand;

namespace detail {

class Handle;
class Rows;

inline Status check(::jobexec_status status) {
    if (status < 0) throw Error(static_cast<Status>(status), last_error());
    return static_cast<Status>(status);
}

inline void require(::jobexec_status status) { static_cast<void>(check(status)); }

/// A duration for the library: the past is 0, and what is too long is "for ever".
template <class Rep, class Period>
std::uint64_t nanoseconds(std::chrono::duration<Rep, Period> duration) {
    const auto count = std::chrono::duration<long double, std::nano>(duration).count();
    if (!(count > 0)) return 0;
    return count < 18446744073709551615.0L ? static_cast<std::uint64_t>(count) : UINT64_MAX;
}

/// From now to then, without the overflow that subtracting extreme time points would have.
template <class Clock, class Duration>
auto until(std::chrono::time_point<Clock, Duration> then) {
    using Exact = std::chrono::duration<long double, std::nano>;
    return Exact(then.time_since_epoch()) - Exact(Clock::now().time_since_epoch());
}

}  // namespace detail

/// What a thread that finds nothing to do does before it sleeps.
enum class Waiting : std::uint32_t {
    /// It looks for Config::spin, and for less while that is in vain.
    balanced = JOBEXEC_WAITING_BALANCED,
    /// It looks for 50 times as long, without pausing, where workers leave a core free.
    latency = JOBEXEC_WAITING_LATENCY,
    /// It sleeps at once.
    power = JOBEXEC_WAITING_POWER,
};

/// What an executor is started with. Begins with the library's defaults; the start checks.
class Config {
public:
    Config() {
        raw_.size = sizeof raw_;
        detail::require(::jobexec_config_init(&raw_));
    }
    /// Workers; 0 runs the transform inside put. Default: one for each usable CPU.
    Config& workers(std::uint32_t count) { return set(raw_.workers, count); }
    /// Jobs that may wait in the queue, for each worker. Default 2.
    Config& queue_per_worker(std::uint32_t count) { return set(raw_.queue_per_worker, count); }
    /// Places for jobs in flight, for each worker. Default 3.
    Config& results_per_worker(std::uint32_t count) { return set(raw_.results_per_worker, count); }
    /// Places for jobs in flight in all; overrides results_per_worker unless 0. Default 0.
    Config& results(std::uint32_t count) { return set(raw_.results, count); }
    /// Whether the start returns only when every worker runs. Default true.
    Config& wait_until_workers_run(bool wait) { return set(raw_.wait_until_workers_run, wait); }
    /// Whether jobs are timed. Default true.
    Config& timing(bool timed) { return set(raw_.timing, timed); }
    /// Of how many jobs what they went through is kept, for trace_json(). Default 0.
    Config& trace_jobs(std::uint64_t count) { return set(raw_.trace_jobs, count); }
    /// Where job seeds come from. Default 0.
    Config& seed(std::uint64_t seed) { return set(raw_.seed, seed); }
    /// What a thread that finds nothing to do does before it sleeps. Default: balanced.
    Config& waiting(Waiting way) {
        return set(raw_.waiting, static_cast<std::uint32_t>(way));
    }
    /// How long it goes on looking, at most 10 ms. Default 20 us.
    template <class Rep, class Period>
    Config& spin(std::chrono::duration<Rep, Period> time) {
        return set(raw_.spin_ns, detail::nanoseconds(time));
    }
    /// Workers that died and may be replaced, in all or within restart_window. Default 64.
    Config& max_restarts(std::uint32_t count) { return set(raw_.max_restarts, count); }
    /// Within what time max_restarts count. Default 0: the executor's life.
    template <class Rep, class Period>
    Config& restart_window(std::chrono::duration<Rep, Period> time) {
        return set(raw_.restart_window_ns, detail::nanoseconds(time));
    }
    /// How long a worker process that died before it did a job waits for its second replacement
    /// in a row; then twice as long each time, up to 100 times. Default 10 ms.
    template <class Rep, class Period>
    Config& restart_backoff(std::chrono::duration<Rep, Period> time) {
        return set(raw_.restart_backoff_ns, detail::nanoseconds(time));
    }
    /// How often a job is tried again whose worker process died while it ran it; with retry_failed,
    /// also one whose transform threw. Default 0; at most 1000.
    Config& retries(std::uint32_t count) { return set(raw_.retries, count); }
    /// Whether a job that failed is tried again, with its payload as the transform left it. Default
    /// false.
    Config& retry_failed(bool again) { return set(raw_.retry_failed, again); }
    /// How long a job waits for its second try; for each next twice as long, up to 100 times. Default
    /// 0.
    template <class Rep, class Period>
    Config& retry_backoff(std::chrono::duration<Rep, Period> time) {
        return set(raw_.retry_backoff_ns, detail::nanoseconds(time));
    }
    /// Where nobody got a result for so long though a poller waited, the job report goes to the log,
    /// once a stall. Default 30 s; 0 is never.
    template <class Rep, class Period>
    Config& stall_report(std::chrono::duration<Rep, Period> time) {
        return set(raw_.stall_report_ns, detail::nanoseconds(time));
    }
    /// How long a job may run; then it is told, and comes as timed out when its transform returns; a
    /// worker process is killed and replaced. Default 0: for ever, and no put may say otherwise.
    template <class Rep, class Period>
    Config& job_timeout(std::chrono::duration<Rep, Period> time) {
        return set(raw_.job_timeout_ns, detail::nanoseconds(time));
    }
    /// For ever, unless a put says otherwise.
    Config& job_timeout_by_put() { return set(raw_.job_timeout_ns, UINT64_MAX); }
    /// How long a worker process may go on with a job that was cancelled before it is killed.
    /// Default 0: for ever.
    template <class Rep, class Period>
    Config& cancel_kill(std::chrono::duration<Rep, Period> time) {
        return set(raw_.cancel_kill_ns, detail::nanoseconds(time));
    }
    /// How long a worker's thread may go on with a job that is past its deadline: then the job comes
    /// as timed out without its payload, and another thread takes its place. Default 1 s; 0: for
    /// ever. And how many threads may be set aside so at a time. Default 4.
    template <class Rep, class Period>
    Config& abandon_after(std::chrono::duration<Rep, Period> time, std::uint32_t most = 4) {
        return set(raw_.abandon_after_ns, detail::nanoseconds(time)).set(raw_.max_abandoned, most);
    }
    /// Whether results come in the order in which their jobs were put; what is done before its turn
    /// is held, and its place with it. Default false: as they are done.
    Config& ordered(bool in_order) { return set(raw_.ordered, in_order); }
    /// The numbers of the first session and of its first job, for a program that goes on where
    /// another left off. Default 0 and 0.
    Config& first(std::uint32_t session, std::uint64_t number) {
        return set(raw_.first_session, session).set(raw_.first_number, number);
    }
    /// Each worker on a core of its own; so many cores are left to the host. The default, with 0.
    Config& pin_auto(std::uint32_t reserve_cores) {
        return set(raw_.reserve_cores, reserve_cores).set(raw_.pinning, JOBEXEC_PIN_AUTO);
    }
    /// The scheduler decides where workers run.
    Config& pin_off() { return set(raw_.pinning, JOBEXEC_PIN_OFF); }
    /// Worker i on cpus[i]; workers beyond the list begin it again.
    Config& pin_to(std::vector<std::uint32_t> cpus) {
        return set(cpus_, std::move(cpus)).set(raw_.pinning, JOBEXEC_PIN_LIST);
    }
    /// How many workers each stage of a chain has; Job::stage() says which one a transform is called
    /// for. See jobexec_config.stages. Default: one stage, with all workers.
    Config& stages(std::vector<std::uint32_t> counts) {
        return set(stages_, std::move(counts));
    }
    /// This process among those of this machine that pin workers. Default 0 of 1.
    Config& local(std::uint32_t rank, std::uint32_t size) {
        return set(raw_.local_rank, rank).set(raw_.local_size, size);
    }
    /// Bytes of a batch's input, for the BatchExecutor of jobexec_batches.hpp. Default 0.
    Config& input_bytes(std::uint64_t bytes) { return set(raw_.input_bytes, bytes); }
    /// Bytes of a batch's output. Default 0.
    Config& output_bytes(std::uint64_t bytes) { return set(raw_.output_bytes, bytes); }
    /// Pages of the memory of batches. Default Pages::transparent.
    Config& pages(Pages pages) { return set(raw_.pages, static_cast<std::uint32_t>(pages)); }
    /// Whether the start touches that memory, so that no later touch faults. Default false.
    Config& prefault(bool touched) { return set(raw_.prefault, touched); }

private:
    friend class detail::Handle;
    friend class BatchExecutor;
    friend class WorkerCommand;
    template <class Field, class Value>
    Config& set(Field& field, Value&& value) {
        field = std::forward<Value>(value);
        return *this;
    }
    ::jobexec_config raw_;
    std::vector<std::uint32_t> cpus_, stages_;
};

/// The job that a transform is at. Valid for the call, on the worker's thread; never blocks.
class Job {
public:
    explicit Job(const ::jobexec_job* raw) noexcept : raw_(raw) {}
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    /// The number that put gave it.
    std::uint64_t id() const noexcept { return ::jobexec_job_id(raw_); }
    /// The session it was put in.
    std::uint32_t session() const noexcept { return ::jobexec_job_session(raw_); }
    /// How many jobs were accepted before it in its session.
    std::uint64_t number() const noexcept { return ::jobexec_job_number(raw_); }
    /// Which worker runs it, from 0.
    std::uint32_t worker() const noexcept { return ::jobexec_job_worker(raw_); }
    /// Which stage of a chain it is run for, from 0.
    std::uint32_t stage() const noexcept { return ::jobexec_job_stage(raw_); }
    /// Which try of the job this is, from 1.
    std::uint32_t attempt() const noexcept { return ::jobexec_job_attempt(raw_); }
    /// A seed of its own, the same whichever worker runs it.
    std::uint64_t seed() const noexcept { return ::jobexec_job_seed(raw_); }
    /// Whether nobody wants the result any more: a long transform returns early then.
    bool cancelled() const noexcept { return ::jobexec_job_is_cancelled(raw_) != 0; }

protected:
    const ::jobexec_job* raw_;
};

/// What an executor may tell its owner of. Empty ones are not called. They run on several
/// threads at once; what discard and log throw ends the process.
template <class T>
struct Hooks {
    /// A worker begins, on its thread. Throwing makes the start fail; log is told the reason.
    std::function<void(std::uint32_t worker)> worker_init;
    /// A worker ends, on its thread. Must not throw.
    std::function<void(std::uint32_t worker)> worker_exit;
    /// A payload that nobody will get. If empty, the payload is deleted.
    std::function<void(std::unique_ptr<T> payload)> discard;
    /// A line about the executor's health. The text is valid for the call.
    std::function<void(LogLevel level, std::string_view text)> log;
};

/// When things happened to a job, by CLOCK_MONOTONIC. All 0 where jobs are not timed.
struct Times {
    std::chrono::nanoseconds created{0}, started{0}, finished{0}, queued{0}, polled{0};
};

/// What results of all kinds tell.
class ResultBase {
public:
    Outcome outcome() const noexcept { return static_cast<Outcome>(raw_.outcome); }
    /// exception_code where the outcome is Outcome::failed, else 0.
    std::int32_t code() const noexcept { return raw_.code; }
    /// The exception's what(), of at most 191 bytes, or how the worker died. Lives as long as
    /// this object, until the next poll into it.
    std::string_view message() const noexcept { return raw_.message; }
    /// The number that put gave the job.
    std::uint64_t id() const noexcept { return raw_.job_id; }
    std::uint32_t session() const noexcept { return raw_.session; }
    /// Which worker ran it, from 0.
    std::uint32_t worker() const noexcept { return raw_.worker; }
    /// How often the job was begun.
    std::uint32_t attempts() const noexcept { return raw_.attempts; }
    /// How many jobs were accepted before it in its session.
    std::uint64_t number() const noexcept { return raw_.number; }
    Times times() const noexcept {
        const auto time = [](std::uint64_t ns) {
            return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(ns));
        };
        return {time(raw_.created_ns), time(raw_.started_ns), time(raw_.finished_ns),
                time(raw_.queued_ns), time(raw_.polled_ns)};
    }

protected:
    friend class detail::Rows;
    ResultBase() { raw_.size = sizeof raw_; }
    ::jobexec_result raw_{};
};

/// A job's result, filled by a poll. One object may be used for many polls.
template <class T>
class Result : public ResultBase {
public:
    /// The payload, the caller's. A next poll into this object deletes one that is still here. Null
    /// only where the job timed out and a thread that was set aside has it still.
    std::unique_ptr<T> payload;

private:
    template <class>
    friend class Executor;
    template <class>
    friend class Results;
    void fill() { payload.reset(static_cast<T*>(raw_.payload)); }
    Status take(::jobexec_status status) {
        if (status == JOBEXEC_OK) fill();
        return detail::check(status);
    }
};

/// The results of a session, for a range-for on one thread. Ends at what is no result: the end,
/// a close, an abort, or a wait that was too long; status() says which. Each result lives until
/// the next one is taken. Must not outlive the executor; moving that is no harm.
template <class T>
class Results {
public:
    struct End {};
    class Iterator {
    public:
        explicit Iterator(Results& results) : results_(&results) {}
        Result<T>& operator*() const { return results_->current_; }
        Result<T>* operator->() const { return &results_->current_; }
        Iterator& operator++() {
            results_->next();
            return *this;
        }
        bool operator!=(End) const { return results_->status_ == Status::ok; }

    private:
        Results* results_;
    };
    Results(::jobexec_executor* executor, std::uint64_t timeout_ns)
        : executor_(executor), timeout_ns_(timeout_ns) {}
    /// Takes a first result. Blocks, as every step does, at most for the timeout.
    Iterator begin() {
        next();
        return Iterator(*this);
    }
    End end() const noexcept { return {}; }
    /// Why the loop ended; ok while it has not.
    Status status() const noexcept { return status_; }

private:
    void next() {
        status_ = current_.take(::jobexec_poll_wait(executor_, timeout_ns_, &current_.raw_));
    }
    ::jobexec_executor* executor_;
    std::uint64_t timeout_ns_;
    Result<T> current_;
    Status status_ = Status::ok;
};

namespace detail {

/// Closes, waiting for running jobs. Then it is freed, unless a buffer needs its memory.
struct Closer {
    std::uint64_t grace_ns = nanoseconds(default_grace);
    std::shared_ptr<::jobexec_executor> memory;
    void operator()(::jobexec_executor* executor) const noexcept {
        ::jobexec_close(executor, grace_ns);
    }
};

/// Answers what C understands, and tells what was thrown.
template <class Body, class Tell>
std::int32_t guarded(const Body& body, const Tell& tell) {
    try {
        body();
        return 0;
    } catch (const std::exception& error) {
        tell(error.what());
    } catch (...) {
        // What pthread_exit and pthread_cancel unwind with is no exception of C++, and must
        // go through to the end of the thread.
        if (!std::current_exception()) throw;
        tell("unknown exception");
    }
    return exception_code;
}

/// The hooks of an executor whose user pointer is a Self, as C knows them.
template <class Self, class H>
struct Callbacks {
    H hooks;

    static std::int32_t on_init(void* user, std::uint32_t worker) {
        auto& hooks = static_cast<Self*>(user)->hooks;
        return guarded([&] { hooks.worker_init(worker); }, [&](const char* what) {
            if (hooks.log) on_log(user, JOBEXEC_LOG_ERROR, what);
        });
    }
    static void on_exit(void* user, std::uint32_t worker) {
        static_cast<Self*>(user)->hooks.worker_exit(worker);
    }
    static void on_log(void* user, std::int32_t level, const char* text) noexcept {
        static_cast<Self*>(user)->hooks.log(static_cast<LogLevel>(level), text);
    }
    static void on_end(void* user) noexcept { delete static_cast<Self*>(user); }
};

/// The user pointer of an executor of T.
template <class T, class F>
struct State : Callbacks<State<T, F>, Hooks<T>> {
    F transform;

    static std::int32_t on_job(void* user, void* payload, ::jobexec_job* raw) {
        const auto run = [&] {
            auto& transform = static_cast<State*>(user)->transform;
            T& value = *static_cast<T*>(payload);
            if constexpr (std::is_invocable_v<F&, T&, Job&>) {
                Job job(raw);
                transform(value, job);
            } else {
                transform(value);
            }
        };
        return guarded(run, [&](const char* what) { ::jobexec_job_set_message(raw, what); });
    }
    static void on_discard(void* user, void* payload) noexcept {
        std::unique_ptr<T> owned(static_cast<T*>(payload));
        const auto& discard = static_cast<State*>(user)->hooks.discard;
        if (discard) discard(std::move(owned));
    }
};

/// What executors of all kinds have.
class Handle {
public:
    /// Says that this session gets no more jobs: ok, closed, aborted. Never blocks.
    Status finish() { return check(::jobexec_finish(get())); }
    /// Begins a new session, whose number session is given; what is left of the old one is
    /// discarded: ok, closed, aborted. Never blocks, but runs the discard hook.
    Status reset(std::uint32_t* session = nullptr) {
        return check(::jobexec_reset(get(), session));
    }
    /// Cancels a job of this session: one that waits never runs, one that runs is told; either comes
    /// as cancelled, and one that is done as what it is. empty if there was no such job in this
    /// session. Never blocks; allowed in callbacks.
    Status cancel(std::uint64_t id) { return check(::jobexec_cancel(get(), id)); }
    /// Stops the executor and waits for running jobs: ok, or timeout, after which last_error()
    /// names them and it may be called again. Throws Error from inside a callback.
    template <class Rep, class Period>
    Status close(std::chrono::duration<Rep, Period> timeout) {
        return check(::jobexec_close(get(), nanoseconds(timeout)));
    }
    /// Makes every put and poll answer aborted, those that wait included, and cancels running
    /// jobs; only a close can follow. Async-signal-safe, allowed in callbacks; never blocks.
    void abort() noexcept { ::jobexec_abort(get()); }
    /// How long the destructor and a move to this object wait for running jobs.
    template <class Rep, class Period>
    void grace(std::chrono::duration<Rep, Period> time) {
        handle_.get_deleter().grace_ns = nanoseconds(time);
    }

    /// Whether a put would answer full. Never blocks.
    bool is_full() const { return holds(::jobexec_is_full(get())); }
    /// Whether every job accepted so far has its outcome. Never blocks.
    bool is_idle() const { return holds(::jobexec_is_idle(get())); }
    /// A descriptor for event loops that is readable when a poll would answer anything but empty,
    /// and perhaps once when it would: then poll until empty, which makes it unreadable again. It
    /// is the executor's, and the same at every call. Never blocks. See jobexec_event_fd.
    int event_fd() const {
        std::int32_t fd = -1;
        require(::jobexec_event_fd(get(), &fd));
        return fd;
    }
    /// Reads the counters. Never blocks.
    Stats stats() const {
        Stats stats{};
        stats.size = sizeof stats;
        require(::jobexec_stats(get(), &stats));
        return stats;
    }
    /// How much it takes. Never blocks.
    Capacity capacity() const {
        Capacity answer;
        require(::jobexec_capacity(get(), &answer.in_flight, &answer.queued));
        return answer;
    }
    /// The job report: lines for people. Never blocks.
    std::string report() const { return text(::jobexec_report); }
    /// The same as one JSON object, see jobexec_report_json. Never blocks.
    std::string report_json() const { return text(::jobexec_report_json); }
    /// What the last jobs went through, see Config::trace_jobs and jobexec_trace_json. Never blocks.
    std::string trace_json() const { return text(::jobexec_trace_json); }

protected:
    /// Starts an executor whose user pointer is the state, with what the state's hooks ask for.
    template <class State, class Timeout>
    void start(const Config& config, std::unique_ptr<State> state, Timeout timeout,
               ::jobexec_discard discard) {
        ::jobexec_config raw = config.raw_;
        raw.cpus = config.cpus_.data();
        raw.cpu_count = static_cast<std::uint32_t>(config.cpus_.size());
        raw.stages = config.stages_.data();
        raw.stage_count = static_cast<std::uint32_t>(config.stages_.size());
        raw.transform = State::on_job;
        if (state->hooks.worker_init) raw.worker_init = State::on_init;
        if (state->hooks.worker_exit) raw.worker_exit = State::on_exit;
        raw.discard = discard;
        if (state->hooks.log) raw.log = State::on_log;
        raw.user = state.get();
        raw.user_destructor = State::on_end;
        ::jobexec_executor* started = nullptr;
        const auto answer = ::jobexec_start(&raw, nanoseconds(timeout), &started);
        const bool kept = answer < 0 && answer != JOBEXEC_ERROR_WORKER;
        if (!kept) static_cast<void>(state.release());
        if (answer != JOBEXEC_OK) throw Error(static_cast<Status>(answer), last_error());
        handle_.get_deleter().memory = {started, ::jobexec_free};
        handle_.reset(started);
    }
    ::jobexec_executor* get() const noexcept { return handle_.get(); }
    /// What keeps it from being freed.
    const std::shared_ptr<::jobexec_executor>& memory() const noexcept {
        return handle_.get_deleter().memory;
    }

private:
    template <class Write>
    std::string text(const Write& write) const {
        std::string text;
        for (std::size_t needed = 1; text.size() < needed;) {
            text.resize(needed);  // It may grow between two looks.
            require(write(get(), text.data(), text.size(), &needed));
        }
        return text.c_str();
    }
    static bool holds(std::int32_t answer) {
        require(answer);
        return answer != 0;
    }
    std::unique_ptr<::jobexec_executor, Closer> handle_;
};

/// Many jobs in one call, for lists of any kind.
class Rows {
public:
    /// Puts what raw(item) makes of the items, and takes the accepted off the front of the list,
    /// each after leave(item).
    template <class Item, class Raw, class Leave, class Put>
    static Status give(std::vector<Item>& items, const Raw& raw, const Leave& leave,
                       const Put& put) {
        std::vector<void*> list;
        list.reserve(items.size());
        for (const Item& item : items) list.push_back(raw(item));
        std::uint64_t accepted = 0;  // As it is unless the answer is ok.
        const Status status = check(put(list.data(), list.size(), &accepted));
        const auto end = items.begin() + static_cast<std::ptrdiff_t>(accepted);
        std::for_each(items.begin(), end, leave);
        items.erase(items.begin(), end);
        return status;
    }
    /// Appends up to `most` results to the list, each after fill(result).
    template <class Entry, class Poll, class Fill>
    static Status take(std::vector<Entry>& results, std::size_t most, const Poll& poll,
                       const Fill& fill) {
        const std::unique_ptr<::jobexec_result[]> list(new ::jobexec_result[most]);
        if (most > 0) list[0].size = sizeof list[0];
        // Before the poll: nothing may be thrown once they are the caller's.
        if (results.capacity() - results.size() < most)
            results.reserve(std::max(results.size() + most, 2 * results.capacity()));
        std::uint64_t polled = 0;
        const Status status = check(poll(list.get(), most, &polled));
        for (std::uint64_t i = 0; i < polled; ++i) {
            results.emplace_back();
            ::jobexec_result& raw = results.back().raw_;
            raw = list[i];
            raw.size = sizeof raw;
            fill(results.back());
        }
        return status;
    }
};

}  // namespace detail

/// An executor of jobs whose payload is a T. Move-only; a moved-from one answers every call with
/// Error (Status::error_null). Its destructor closes it, blocking for at most the grace time, and
/// frees it; a job that runs longer keeps what it uses, the transform included, until it returns.
/// It must not be destroyed by its own transform or hooks.
template <class T>
class [[nodiscard]] Executor : public detail::Handle {
public:
    /// Starts workers that call transform(T&) or transform(T&, Job&), several at once. What it
    /// throws becomes a failed outcome. The transform and the hooks are destroyed, once, when no
    /// call of them can come any more: by a close, by the last worker, or by a failed start.
    /// Blocks at most for the timeout. Throws Error: also with Status::timeout, where workers
    /// did not begin in time.
    template <class F, class Timeout = std::chrono::seconds>
    Executor(const Config& config, F transform, Hooks<T> hooks = {},
             Timeout timeout = default_start_timeout) {
        using Answer = std::conditional_t<std::is_invocable_v<F&, T&, Job&>,
                                          std::invoke_result<F&, T&, Job&>,
                                          std::invoke_result<F&, T&>>;
        static_assert(std::is_void_v<typename Answer::type>, "what it returned would be lost");
        using State = detail::State<T, F>;
        std::unique_ptr<State> state(new State{{std::move(hooks)}, std::move(transform)});
        start(config, std::move(state), timeout, State::on_discard);
    }

    /// Puts a payload. On ok it is the executor's, payload is null, and id, if given, the job's
    /// number; else it stays the caller's: full, closed, aborted. Throws Error for a null
    /// payload, a finished session, and from inside a callback. Never blocks.
    Status put(std::unique_ptr<T>& payload, std::uint64_t* id = nullptr) {
        return give(payload, [&](T* raw) { return ::jobexec_put(get(), raw, id); });
    }
    /// Puts a payload, waiting for room: put's answers with timeout in place of full.
    template <class Rep, class Period>
    Status put_for(std::unique_ptr<T>& payload, std::chrono::duration<Rep, Period> timeout,
                   std::uint64_t* id = nullptr) {
        const auto ns = detail::nanoseconds(timeout);
        return give(payload, [&](T* raw) { return ::jobexec_put_wait(get(), raw, ns, id); });
    }
    /// Puts a payload whose job may run for so long, waiting for room: as put_for. Throws Error
    /// where the configuration has no job_timeout.
    template <class Rep, class Period, class WaitRep = std::int64_t,
              class WaitPeriod = std::nano>
    Status put_limited(std::unique_ptr<T>& payload, std::chrono::duration<Rep, Period> job_timeout,
                       std::chrono::duration<WaitRep, WaitPeriod> wait =
                           std::chrono::duration<WaitRep, WaitPeriod>::zero(),
                       std::uint64_t* id = nullptr) {
        const ::jobexec_put_options options{sizeof(::jobexec_put_options),
                                            detail::nanoseconds(job_timeout),
                                            detail::nanoseconds(wait)};
        return give(payload,
                    [&](T* raw) { return ::jobexec_put_with(get(), raw, &options, id); });
    }
    /// The same with an instant, of which only the distance from now counts.
    template <class Clock, class Duration>
    Status put_until(std::unique_ptr<T>& payload, std::chrono::time_point<Clock, Duration> then,
                     std::uint64_t* id = nullptr) {
        return put_for(payload, detail::until(then), id);
    }

    /// Puts payloads in one call: from the front of the list, as many as there is room for, one at
    /// least. On ok these are the executor's and off the list, and first_id, if given, is the
    /// number of the first: the next has the next number, and so on. Else the list stays as it is:
    /// full, closed, aborted. To put none is ok. Throws Error as put does, with the list as it is.
    /// Never blocks.
    Status put_many(std::vector<std::unique_ptr<T>>& payloads, std::uint64_t* first_id = nullptr) {
        return give_many(payloads, [&](void** list, std::uint64_t count, std::uint64_t* accepted) {
            return ::jobexec_put_many(get(), list, count, accepted, first_id);
        });
    }
    /// The same, waiting for room for one: put_many's answers with timeout in place of full.
    template <class Rep, class Period>
    Status put_many_for(std::vector<std::unique_ptr<T>>& payloads,
                        std::chrono::duration<Rep, Period> timeout,
                        std::uint64_t* first_id = nullptr) {
        const auto ns = detail::nanoseconds(timeout);
        return give_many(payloads, [&](void** list, std::uint64_t count, std::uint64_t* accepted) {
            return ::jobexec_put_many_wait(get(), list, count, ns, accepted, first_id);
        });
    }

    /// Takes a result: ok, empty, end, closed, aborted. Whatever is not ok leaves the result as
    /// it was. Never blocks.
    Status poll(Result<T>& result) { return result.take(::jobexec_poll(get(), &result.raw_)); }
    /// Takes a result, waiting for one: poll's answers with timeout in place of empty.
    template <class Rep, class Period>
    Status poll_for(Result<T>& result, std::chrono::duration<Rep, Period> timeout) {
        const auto ns = detail::nanoseconds(timeout);
        return result.take(::jobexec_poll_wait(get(), ns, &result.raw_));
    }
    /// The same with an instant, of which only the distance from now counts.
    template <class Clock, class Duration>
    Status poll_until(Result<T>& result, std::chrono::time_point<Clock, Duration> then) {
        return poll_for(result, detail::until(then));
    }
    /// Takes results in one call: up to `most`, one at least, and appends them to the list; poll's
    /// answers. What it needs for `most` is allocated first. Never blocks.
    Status poll_many(std::vector<Result<T>>& results, std::size_t most) {
        return take_many(results, most, [&](::jobexec_result* list, std::uint64_t count,
                                            std::uint64_t* polled) {
            return ::jobexec_poll_many(get(), list, count, polled);
        });
    }
    /// The same, waiting for one result: poll_many's answers with timeout in place of empty.
    template <class Rep, class Period>
    Status poll_many_for(std::vector<Result<T>>& results, std::size_t most,
                         std::chrono::duration<Rep, Period> timeout) {
        const auto ns = detail::nanoseconds(timeout);
        return take_many(results, most, [&](::jobexec_result* list, std::uint64_t count,
                                            std::uint64_t* polled) {
            return ::jobexec_poll_many_wait(get(), ns, list, count, polled);
        });
    }
    /// The results to come, for a range-for that waits for each at most for the timeout.
    template <class Rep, class Period>
    Results<T> results(std::chrono::duration<Rep, Period> timeout) {
        return Results<T>(get(), detail::nanoseconds(timeout));
    }

private:
    static T* raw(const std::unique_ptr<T>& payload) {
        if (!payload) throw Error(Status::error_null, "the payload is null");
        return payload.get();
    }
    template <class Put>
    static Status give(std::unique_ptr<T>& payload, const Put& put) {
        const Status status = detail::check(put(raw(payload)));
        if (status == Status::ok) static_cast<void>(payload.release());
        return status;
    }
    template <class Put>
    static Status give_many(std::vector<std::unique_ptr<T>>& payloads, const Put& put) {
        const auto leave = [](auto& payload) { static_cast<void>(payload.release()); };
        return detail::Rows::give(payloads, raw, leave, put);
    }
    template <class Poll>
    static Status take_many(std::vector<Result<T>>& results, std::size_t most, const Poll& poll) {
        return detail::Rows::take(results, most, poll, [](auto& result) { result.fill(); });
    }
};

}  // namespace jobexec

#endif
