// Workers come and go through their hooks; the log tells of one that died.
#include "check.hpp"

#include <mutex>
#include <pthread.h>
#include <set>

int main() {
    std::mutex mutex;
    std::multiset<std::uint32_t> begun, ended;
    std::atomic<int> lines{0};
    Hooks<int> hooks;
    hooks.worker_init = [&](std::uint32_t worker) {
        const std::lock_guard lock(mutex);
        begun.insert(worker);
    };
    hooks.worker_exit = [&](std::uint32_t worker) {
        const std::lock_guard lock(mutex);
        ended.insert(worker);
    };
    hooks.log = [&](jobexec::LogLevel level, std::string_view text) {
        CHECK(!text.empty());
        lines += level == jobexec::LogLevel::error;
    };
    Executor<int> executor(
        Config().workers(3).pin_off(), [](int&) { pthread_exit(nullptr); }, hooks);
    CHECK((begun == std::multiset<std::uint32_t>{0, 1, 2}) && ended.empty() && lines == 0);

    auto payload = std::make_unique<int>(0);
    CHECK(executor.put(payload) == Status::ok);
    Result<int> result;
    CHECK(executor.poll_for(result, patience) == Status::ok);
    CHECK(result.outcome() == Outcome::crashed && !result.message().empty());
    CHECK(comes_true([&] {
        const std::lock_guard lock(mutex);
        return begun.count(result.worker()) == 2;
    }));
    check_close(executor);
    CHECK(lines == 1 && begun.size() == 4);
    CHECK((ended == std::multiset<std::uint32_t>{0, 1, 2}));
}
