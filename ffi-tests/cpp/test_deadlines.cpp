// Jobs are cancelled, and limited in time; one that hangs does not keep its worker.
#include "check.hpp"

#include "jobexec_batches.hpp"

int main() {
    std::atomic<bool> open{false};
    std::atomic<int> discarded{0};
    Hooks<int> hooks;
    hooks.discard = [&](std::unique_ptr<int> payload) { discarded += *payload; };
    const auto transform = [&](int& payload, Job& job) {
        if (payload == 1) CHECK(comes_true([&] { return job.cancelled(); }));
        if (payload == 2) CHECK(comes_true([&] { return open.load(); }));
        payload += 10;
    };
    const auto config = Config().workers(1).pin_off().results(8).queue_per_worker(8);
    Executor<int> executor(
        Config(config).job_timeout_by_put().abandon_after(10ms), transform, hooks);
    const auto put = [&](int value, auto limit) {
        auto payload = std::make_unique<int>(value);
        std::uint64_t id = 0;
        CHECK(executor.put_limited(payload, limit, patience, &id) == Status::ok && !payload);
        return id;
    };
    Result<int> result;
    const auto first = put(1, 1h), second = put(0, 1h);
    CHECK(comes_true([&] { return executor.stats().running == 1; }));
    CHECK(executor.cancel(second) == Status::ok && executor.cancel(first) == Status::ok);
    for (int value : {11, 0}) {  // The second never ran.
        CHECK(executor.poll_for(result, patience) == Status::ok);
        CHECK(result.outcome() == Outcome::cancelled && *result.payload == value);
    }
    CHECK(executor.cancel(second + 1) == Status::empty);

    put(1, 10ms);
    CHECK(executor.poll_for(result, patience) == Status::ok);
    CHECK(result.outcome() == Outcome::timed_out && *result.payload == 11);

    put(2, 10ms);
    CHECK(executor.poll_for(result, patience) == Status::ok);
    CHECK(result.outcome() == Outcome::timed_out && !result.payload);
    CHECK(executor.stats().abandoned == 1 && discarded == 0);
    CHECK(jobexec::readiness(executor.stats()) < 1 && executor.report_json().back() == '}');
    put(0, 10s);
    CHECK(executor.poll_for(result, patience) == Status::ok && *result.payload == 10);
    open = true;
    check_close(executor);
    CHECK(discarded == 12);

    Executor<int> unlimited(config, transform, hooks);
    auto payload = std::make_unique<int>(0);
    CHECK_ERROR(Status::error_argument, unlimited.put_limited(payload, 1s));
    CHECK(payload);

    jobexec::BatchExecutor batches(
        Config(config).job_timeout(10ms).input_bytes(8), [](jobexec::BatchJob& job) {
            CHECK(comes_true([&] { return job.cancelled(); }));
        });
    jobexec::Buffer buffer;
    CHECK(batches.acquire(buffer) == Status::ok);
    CHECK(batches.put_limited(buffer, 20ms) == Status::ok);
    jobexec::BatchResult batch;
    CHECK(batches.poll_for(batch, patience) == Status::ok);
    CHECK(batch.outcome() == Outcome::timed_out && batch.buffer);
}
