// A range-for over results ends, and tells why.
#include "check.hpp"

static Executor<int> make() {
    return {Config().workers(2).pin_off(), [](int& value) { value += 1; }};
}

static void put(Executor<int>& executor, int value) {
    auto payload = std::make_unique<int>(value);
    CHECK(executor.put_for(payload, patience) == Status::ok);
}

int main() {
    auto executor = make();
    for (int session = 0; session < 3; ++session) {
        for (int value = 1; value <= 4; ++value) put(executor, value);
        CHECK(executor.finish() == Status::ok);
        int sum = 0;
        auto results = executor.results(patience);
        for (auto& result : results) sum += *result.payload;
        CHECK(sum == 14 && results.status() == Status::end);
        CHECK(executor.reset() == Status::ok);
    }

    for (auto& result : executor.results(0s)) CHECK(!result.payload);  // Nothing was put.

    put(executor, 1);
    CHECK(comes_true([&] { return executor.stats().ready == 1; }));
    std::unique_ptr<int> kept;
    auto waiting = executor.results(20ms);
    for (auto& result : waiting) kept = std::move(result.payload);
    CHECK(waiting.status() == Status::timeout && *kept == 2);

    put(executor, 2);
    put(executor, 3);
    auto interrupted = executor.results(patience);
    for (auto& result : interrupted) {
        CHECK(result.outcome() == Outcome::done);
        executor.abort();
    }
    CHECK(interrupted.status() == Status::aborted);
    check_close(executor);

    auto late = executor.results(patience);
    for (auto& result : late) CHECK(!result.payload);
    CHECK(late.status() == Status::closed);
}
