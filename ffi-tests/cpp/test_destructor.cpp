// A destructor cancels the running job, waits for it no longer than the grace time, and leaks
// nothing, even if the job outlives it.
#include "check.hpp"

struct Payload : Counted {};

int main() {
    const auto config = Config().workers(1).pin_off();
    {  // A job that listens.
        Gate running;
        std::atomic<bool> cancelled{false};
        {
            Executor<Payload> executor(config, [&](Payload&, Job& job) {
                running.open();
                cancelled = comes_true([&] { return job.cancelled(); });
            });
            auto payload = std::make_unique<Payload>();
            CHECK(executor.put(payload) == Status::ok);
            CHECK(running.wait());
            check_accounts(executor, 1);
        }
        CHECK(cancelled && Payload::live == 0);
    }
    {  // A job that does not: it keeps its payload and the transform until it returns.
        auto running = std::make_shared<Gate>(), release = std::make_shared<Gate>();
        auto start = std::chrono::steady_clock::now();
        {
            Executor<Payload> executor(config, [running, release, counted = Counted()](Payload&) {
                running->open();
                CHECK(release->wait());
            });
            executor.grace(50ms);
            auto payload = std::make_unique<Payload>();
            CHECK(executor.put(payload) == Status::ok);
            CHECK(running->wait());
            check_accounts(executor, 1);
            CHECK(executor.close(0s) == Status::timeout);
            CHECK(jobexec::last_error().find("worker 0") != std::string::npos);
            start = std::chrono::steady_clock::now();
        }
        const auto waited = std::chrono::steady_clock::now() - start;
        CHECK(waited >= 50ms && waited < 5s);
        CHECK(Counted::live == 2);
        release->open();
        CHECK(comes_true([] { return Counted::live == 0; }));
        CHECK(comes_true([&] { return release.use_count() == 1; }));
    }
}
