// An abort from another thread wakes those that wait, and tells the running job.
#include "check.hpp"

#include <fstream>
#include <string>
#include <sys/syscall.h>

/// Whether a thread of this process sleeps.
static bool sleeps(long thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string line;
    std::getline(file, line);
    return line.find(") S ") != std::string::npos;
}

int main() {
    Gate running;
    const auto config = Config().workers(1).pin_off().results(1).waiting(jobexec::Waiting::power);
    Executor<int> executor(config, [&](int& value, Job& job) {
        running.open();
        value = comes_true([&] { return job.cancelled(); });
    });
    auto payload = std::make_unique<int>(0);
    CHECK(executor.put(payload) == Status::ok && running.wait());

    const auto start = std::chrono::steady_clock::now();
    std::atomic<long> poller{0}, putter{0};
    auto polled = std::async(std::launch::async, [&] {
        poller = syscall(SYS_gettid);
        Result<int> result;
        return executor.poll_for(result, patience);
    });
    auto put = std::async(std::launch::async, [&] {
        putter = syscall(SYS_gettid);
        auto more = std::make_unique<int>(0);
        const Status status = executor.put_for(more, patience);
        CHECK(more);
        return status;
    });
    CHECK(comes_true([&] { return poller != 0 && sleeps(poller); }));
    CHECK(comes_true([&] { return putter != 0 && sleeps(putter); }));
    executor.abort();
    CHECK(polled.get() == Status::aborted);
    CHECK(put.get() == Status::aborted);
    CHECK(std::chrono::steady_clock::now() - start < patience / 2);

    Result<int> result;
    CHECK(executor.poll(result) == Status::aborted && !result.payload);
    CHECK(executor.finish() == Status::aborted && executor.reset() == Status::aborted);
    check_close(executor);
    CHECK(executor.stats().discarded == 1);

    Executor<int> another(Config().workers(1).pin_off(), [](int&) {});
    jobexec::abort_all();
    payload = std::make_unique<int>(0);
    CHECK(another.put(payload) == Status::aborted && payload);
    check_close(another);
}
