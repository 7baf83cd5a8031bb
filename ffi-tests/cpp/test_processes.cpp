// Worker processes: the transform of threads serves as a process too; what becomes of one that
// throws, dies, prints or cannot be started. This program is its own worker.
#include "check.hpp"

#include "jobexec_processes.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>

using jobexec::BatchExecutor;
using jobexec::BatchJob;
using jobexec::BatchResult;
using jobexec::Buffer;
using jobexec::WorkerCommand;

constexpr std::size_t size = 100;

/// What a job is to do, in the first byte of its header.
enum Order : unsigned char { reverse, fail, misbehave, die, die_twice, print, hang, look };

static std::string text(jobexec::ConstBytes bytes) { return {bytes.begin(), bytes.end()}; }

static void answer(BatchJob& job, const std::string& text) {
    std::copy(text.begin(), text.end(), job.output().begin());
    job.set_output(text.size());
}

static std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "(unset)";
}

/// For threads and processes, as far as it does not end either.
static void transform(BatchJob& job) {
    const auto tries = ++job.header()[1];
    switch (job.header()[0]) {
        case reverse: {
            const auto input = text(job.input());
            return answer(job, {input.rbegin(), input.rend()});
        }
        case fail: throw std::runtime_error("no such image");
        case misbehave: return job.set_output(2 * size + 1);
        case die: std::abort();
        case die_twice:
            if (tries < 3) std::abort();
            return answer(job, "third time lucky");
        case print:
            std::printf("one\ntwo\n");
            std::fflush(stdout);
            return;
        case hang:
            while (!job.cancelled()) {}
            return;
        case look:
            answer(job, std::to_string(getpid()) + " " + std::to_string(getpgrp()) + " " +
                            variable("JOBEXEC_TEST") + " " + variable("OMP_NUM_THREADS"));
    }
}

static Config config(std::uint32_t workers) {
    return Config().workers(workers).input_bytes(size).output_bytes(2 * size);
}

static WorkerCommand ourselves() { return WorkerCommand({"/proc/self/exe"}); }

static void put(BatchExecutor& executor, Order order, const std::string& input = "") {
    Buffer buffer;
    CHECK(executor.acquire_for(buffer, patience) == Status::ok);
    buffer.header()[0] = order;
    buffer.header()[1] = 0;
    std::copy(input.begin(), input.end(), buffer.input().begin());
    buffer.set_input(input.size());
    CHECK(executor.put_for(buffer, patience) == Status::ok);
}

static BatchResult poll(BatchExecutor& executor) {
    BatchResult result;
    CHECK(executor.poll_for(result, patience) == Status::ok);
    return result;
}

static BatchResult run(BatchExecutor& executor, Order order, const std::string& input = "") {
    put(executor, order, input);
    return poll(executor);
}

/// It closes, each accepted job has had one outcome, and these.
static void check_end(BatchExecutor& executor, std::uint64_t done, std::uint64_t failed,
                      std::uint64_t crashed, std::uint64_t discarded = 0) {
    CHECK(executor.close(patience) == Status::ok);
    const auto n = executor.stats();
    CHECK(n.accepted == n.done + n.failed + n.panicked + n.crashed + n.timed_out + n.cancelled +
                            n.discarded + n.outstanding);
    CHECK(n.outstanding == 0 && n.done == done && n.failed == failed && n.crashed == crashed);
    CHECK(n.discarded == discarded);
}

/// Either kind answers the same.
static void a_transform_serves_as_either(BatchExecutor executor) {
    for (int n = 0; n < 50; ++n) {
        std::string sent = "batch " + std::to_string(n);
        const auto result = run(executor, reverse, sent);
        std::reverse(sent.begin(), sent.end());
        CHECK(result.outcome() == Outcome::done && text(result.buffer.output()) == sent);
        CHECK(result.buffer.header()[1] == 1);
    }
    const auto failed = run(executor, fail);
    CHECK(failed.outcome() == Outcome::failed && failed.code() == jobexec::exception_code);
    CHECK(failed.message() == "no such image");
    CHECK(run(executor, misbehave).message().find("201 bytes") != std::string::npos);
    CHECK_ERROR(Status::error_not_worker, jobexec::serve_worker(transform));
    check_end(executor, 50, 2, 0);
}

static void a_worker_is_a_process_of_its_own() {
    auto executor = ourselves().env("JOBEXEC_TEST", "a=b").start(config(1));
    int number = 0, group = 0;
    char ours[16] = "", threads[16] = "";
    const auto seen = text(run(executor, look).buffer.output());
    CHECK(std::sscanf(seen.c_str(), "%d %d %15s %15s", &number, &group, ours, threads) == 4);
    CHECK(number != getpid() && group == number);  // Ctrl-C is the trainer's.
    CHECK(std::strcmp(ours, "a=b") == 0 && std::strcmp(threads, "1") == 0);
    check_end(executor, 1, 0, 0);
}

static void a_death_is_an_outcome() {
    auto executor = ourselves().start(config(1));
    const auto result = run(executor, die);
    CHECK(result.outcome() == Outcome::crashed);
    CHECK(result.message().find("killed by signal 6") != std::string::npos);
    CHECK(text(run(executor, reverse, "on").buffer.output()) == "no");
    CHECK(executor.stats().restarts == 1);
    check_end(executor, 1, 0, 1);

    auto trying = ourselves().start(config(1).retries(2).restart_window(1min).restart_backoff(1ms));
    const auto third = run(trying, die_twice);
    CHECK(third.outcome() == Outcome::done);
    CHECK(text(third.buffer.output()) == "third time lucky" && trying.stats().restarts == 2);
    check_end(trying, 1, 0, 0);
}

static void what_it_prints_can_be_logged() {
    std::mutex lock;
    std::string lines;
    auto executor = ourselves().output_to_log().start(
        config(1), [&](jobexec::LogLevel, std::string_view line) {
            const std::lock_guard<std::mutex> guard(lock);
            lines.append(line).append("\n");
        });
    run(executor, print);
    check_end(executor, 1, 0, 0);
    CHECK(lines.find("worker 0: one\nworker 0: two\n") != std::string::npos);
}

static void a_reset_is_seen_by_what_runs() {
    auto executor = ourselves().start(config(2).results(4));
    for (int n = 0; n < 4; ++n) put(executor, hang);
    CHECK(executor.reset() == Status::ok);
    CHECK(run(executor, reverse, "new").session() == 1);
    for (int n = 0; n < 3; ++n) put(executor, hang);
    check_end(executor, 1, 0, 0, 7);
}

static void what_cannot_start_says_why() {
    const auto starts = [](std::vector<std::string> arguments) {
        return WorkerCommand(std::move(arguments)).start(config(1).restart_backoff(1ms));
    };
    CHECK_ERROR(Status::error_worker, starts({"no-such-program"}));
    CHECK_ERROR(Status::error_worker, starts({"sh", "-c", "exit 5"}));
    CHECK(jobexec::last_error().find("exit code 5") != std::string::npos);
    CHECK_ERROR(Status::error_argument, starts({}));
    CHECK_ERROR(Status::error_argument, ourselves().start(config(0)));
    CHECK_ERROR(Status::error_argument, ourselves().start(Config()));
    CHECK_ERROR(Status::error_worker,
                WorkerCommand({"sleep", "1000"}).start_timeout(10ms).start(config(1)));
    CHECK_ERROR(Status::timeout, WorkerCommand({"sleep", "1000"}).start(config(1), {}, 10ms));
}

int main() {
    if (jobexec::is_worker()) {
        jobexec::serve_worker(transform);
        return 0;
    }
    a_transform_serves_as_either(BatchExecutor(config(2), transform));
    a_transform_serves_as_either(ourselves().start(config(2)));
    a_worker_is_a_process_of_its_own();
    a_death_is_an_outcome();
    what_it_prints_can_be_logged();
    a_reset_is_seen_by_what_runs();
    what_cannot_start_says_why();
}
