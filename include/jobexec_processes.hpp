// Worker processes of libjobexec for C++17: what a thread does with a BatchJob, a process of its
// own does as well. Needs no more than jobexec_batches.hpp, which it brings with it.

#ifndef JOBEXEC_PROCESSES_HPP
#define JOBEXEC_PROCESSES_HPP

#include "jobexec_batches.hpp"

#include <optional>

namespace jobexec {

/// Whether this process was started as a worker by an executor, perhaps of the same program: then
/// call serve_worker. Never blocks.
inline bool is_worker() noexcept { return ::jobexec_is_worker() != 0; }

/// Serves as a worker process: calls transform(BatchJob&), which a BatchExecutor with threads
/// takes too, for one job after the other. What it throws becomes a failed outcome. Returns when
/// the executor closes; then the process should end. Throws Error if this process is no worker,
/// or of an executor whose library does not fit. For one thread, once.
template <class F>
void serve_worker(F transform) {
    detail::BatchState<F> state{{}, std::move(transform)};
    detail::require(::jobexec_worker_main(detail::BatchState<F>::on_job, &state));
}

namespace detail {

/// The user pointer of an executor whose workers have the transform.
struct ElsewhereState : Callbacks<ElsewhereState, BatchHooks> {
    static constexpr ::jobexec_transform on_job = nullptr;
};

}  // namespace detail

/// The program that serves as a worker, and what it is started with.
class WorkerCommand {
public:
    /// A program, looked for in PATH unless it has a slash, and its arguments. "/proc/self/exe"
    /// is this one.
    explicit WorkerCommand(std::vector<std::string> arguments)
        : arguments_(std::move(arguments)) {}
    /// Sets a variable in its environment. Else that is this process's, with one thread for each
    /// of the usual numerical libraries (OMP_NUM_THREADS=1 and its kin).
    WorkerCommand& env(const std::string& name, const std::string& value) {
        environment_.push_back(name + "=" + value);
        return *this;
    }
    /// What it prints goes to the log, line by line. Default: where this process's output goes.
    WorkerCommand& output_to_log() {
        output_ = JOBEXEC_OUTPUT_LOG;
        return *this;
    }
    /// How long it may take from its start until it asks for work. Default 60 s.
    template <class Rep, class Period>
    WorkerCommand& start_timeout(std::chrono::duration<Rep, Period> time) {
        start_timeout_ns_ = detail::nanoseconds(time);
        return *this;
    }

    /// Starts an executor whose workers are such processes. The configuration says how many they
    /// are and how often they are replaced; log, which may be empty, is told of their health, on
    /// several threads at once, and must not throw. Blocks at most for the timeout. Throws Error:
    /// also with Status::timeout, where workers did not begin in time.
    template <class Timeout = std::chrono::seconds>
    BatchExecutor start(const Config& config, decltype(BatchHooks::log) log = {},
                        Timeout timeout = default_start_timeout) const {
        const auto arguments = pointers(arguments_), environment = pointers(environment_);
        Config ours = config;
        ours.raw_.worker_kind = JOBEXEC_WORKERS_ARE_PROCESSES;
        ours.raw_.worker_output = output_;
        ours.raw_.argv = arguments.data();
        ours.raw_.env = environment.data();
        if (start_timeout_ns_) ours.raw_.worker_start_timeout_ns = *start_timeout_ns_;
        std::unique_ptr<detail::ElsewhereState> state(new detail::ElsewhereState);
        state->hooks.log = std::move(log);
        return BatchExecutor(ours, std::move(state), timeout);
    }

private:
    /// As C takes them: valid as long as the strings, and NULL behind the last.
    static std::vector<const char*> pointers(const std::vector<std::string>& strings) {
        std::vector<const char*> list;
        for (const auto& string : strings) list.push_back(string.c_str());
        list.push_back(nullptr);
        return list;
    }
    std::vector<std::string> arguments_, environment_;
    std::uint32_t output_ = JOBEXEC_OUTPUT_INHERIT;
    std::optional<std::uint64_t> start_timeout_ns_;
};

}  // namespace jobexec

#endif
