// Payloads that nobody gets are deleted once, or given to the hook once.
#include "check.hpp"

struct Payload : Counted {};

/// Puts what there is room for, in several sessions; takes every other result.
static std::uint64_t churn(Executor<Payload>& executor) {
    Result<Payload> result;
    std::uint64_t polled = 0;
    for (int session = 0; session < 200; ++session) {
        for (;;) {
            auto payload = std::make_unique<Payload>();
            const Status status = executor.put(payload);
            CHECK(status == Status::ok || status == Status::full);
            if (status == Status::full) break;
            if (session % 2 == 0 && executor.poll(result) == Status::ok) ++polled;
            if (executor.stats().accepted % 16 == 0) break;
        }
        CHECK(executor.reset() == Status::ok);
    }
    auto payload = std::make_unique<Payload>();
    CHECK(executor.put_for(payload, patience) == Status::ok);  // One that close finds.
    return polled;
}

int main() {
    const auto config = Config().workers(2).pin_off().queue_per_worker(4).results(12);
    {
        Executor<Payload> executor(config, [](Payload&) {});
        const auto polled = churn(executor);
        check_close(executor);
        const auto stats = executor.stats();
        CHECK(stats.done == polled && stats.discarded == stats.accepted - polled);
        CHECK(stats.discarded > 0 && Payload::live == 0);
    }
    {
        std::atomic<std::uint64_t> discarded{0};
        Hooks<Payload> hooks;
        hooks.discard = [&](std::unique_ptr<Payload> payload) {
            CHECK(payload);
            ++discarded;
        };
        Executor<Payload> executor(config, [](Payload&) {}, hooks);
        churn(executor);
        check_close(executor);
        CHECK(discarded == executor.stats().discarded && Payload::live == 0);
    }
    {  // A free without a close of its own, of jobs that were never polled.
        Executor<Payload> executor(config, [](Payload&) {});
        churn(executor);
    }
    CHECK(Payload::live == 0);
}
