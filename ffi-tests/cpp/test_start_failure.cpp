// A start that fails destroys the transform and the hooks exactly once.
#include "check.hpp"

#include <string>

/// A transform that is counted, and may be moved only.
struct Transform {
    std::unique_ptr<Counted> counted = std::make_unique<Counted>();
    void operator()(int&) const {}
};

int main() {
    // Invalid: the library never had it.
    CHECK_ERROR(Status::error_argument,
                Executor<int>(Config().workers(1).queue_per_worker(0), Transform()));
    CHECK(Counted::live == 0);
    CHECK_ERROR(Status::error_argument, Executor<int>(Config().pin_to({1 << 20}), Transform()));
    CHECK(Counted::live == 0);

    // Refused by a worker: the library had it.
    std::string reason;
    Hooks<int> refusing;
    refusing.worker_init = [](std::uint32_t) { throw std::runtime_error("no such device"); };
    refusing.log = [&reason](jobexec::LogLevel level, std::string_view text) {
        CHECK(level == jobexec::LogLevel::error);
        if (reason.empty()) reason = text;
    };
    CHECK_ERROR(Status::error_worker, Executor<int>(Config().workers(1), Transform(), refusing));
    CHECK(comes_true([] { return Counted::live == 0; }));
    CHECK(reason == "no such device");

    // Stuck beyond the deadline: the worker still has it, and the last to leave destroys it.
    auto begun = std::make_shared<Gate>(), release = std::make_shared<Gate>();
    Hooks<int> stuck;
    stuck.worker_init = [begun, release](std::uint32_t) {
        begun->open();
        CHECK(release->wait());
    };
    CHECK_ERROR(Status::timeout, Executor<int>(Config().workers(1), Transform(), stuck, 20ms));
    CHECK(begun->wait() && Counted::live == 1);
    release->open();
    CHECK(comes_true([] { return Counted::live == 0; }));

    // And one that succeeds.
    Executor<int> executor(Config().workers(1).pin_off(), Transform());
    CHECK(Counted::live == 1);
    check_close(executor);
    CHECK(Counted::live == 0);
}
