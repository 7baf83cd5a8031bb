// Typed payloads go round, with all that a job and its result tell.
#include "check.hpp"

#include <set>
#include <string>

struct Text {
    std::string value;
    std::uint64_t id = 0, number = 0, seed = 0;
    std::uint32_t session = 0, worker = 0;
    bool cancelled = true;
};

int main() {
    const auto config = Config().workers(2).pin_off().results(3).queue_per_worker(2).seed(7);
    Executor<Text> executor(config, [](Text& text, Job& job) {
        text.value += "!";
        text.id = job.id();
        text.number = job.number();
        text.seed = job.seed();
        text.session = job.session();
        text.worker = job.worker();
        text.cancelled = job.cancelled();
    });
    CHECK(executor.capacity().in_flight == 3 && executor.capacity().queued == 3);
    CHECK(executor.is_idle() && !executor.is_full());

    std::uint32_t session = 0;
    CHECK(executor.reset(&session) == Status::ok && session == 1);
    std::set<std::uint64_t> ids, seeds;
    for (int n = 0; n < 3; ++n) {
        auto text = std::make_unique<Text>();
        text->value = std::to_string(n);
        std::uint64_t id = 0;
        CHECK(executor.put_for(text, patience, &id) == Status::ok && !text);
        ids.insert(id);
    }
    CHECK(ids.size() == 3 && executor.is_full() && !executor.is_idle());

    auto refused = std::make_unique<Text>();
    const auto* address = refused.get();
    CHECK(executor.put(refused) == Status::full && refused.get() == address);
    CHECK(executor.put_for(refused, 1ms) == Status::timeout && refused.get() == address);

    Result<Text> result;
    for (int n = 0; n < 3; ++n) {
        CHECK(executor.poll_for(result, patience) == Status::ok);
        const Text& text = *result.payload;
        CHECK(result.outcome() == Outcome::done && result.code() == 0);
        CHECK(result.message().empty());
        CHECK(text.value == std::to_string(text.number) + "!");
        CHECK(result.id() == text.id && ids.count(text.id) == 1);
        CHECK(result.number() == text.number && result.number() < 3);
        CHECK(result.session() == text.session && result.session() == 1);
        CHECK(result.worker() == text.worker && result.worker() < 2);
        CHECK(!text.cancelled && seeds.insert(text.seed).second);
        const auto times = result.times();
        CHECK(0ns < times.created && times.created <= times.started);
        CHECK(times.started <= times.finished && times.finished <= times.queued);
        CHECK(times.queued <= times.polled);
    }
    CHECK(executor.poll(result) == Status::empty && result.payload);
    CHECK(executor.put(refused) == Status::ok && executor.finish() == Status::ok);
    CHECK(executor.poll_for(result, patience) == Status::ok && result.payload.get() == address);
    Result<Text> moved = std::move(result);
    CHECK(!result.payload && moved.payload->value == "!");
    CHECK(executor.poll_for(moved, patience) == Status::end);
    CHECK_ERROR(Status::error_finished, executor.put(moved.payload));
    CHECK(moved.payload);
    std::unique_ptr<Text> null;
    CHECK_ERROR(Status::error_null, executor.put(null));

    CHECK(executor.report().find("4 accepted") != std::string::npos);
    check_close(executor);
    CHECK(executor.put(moved.payload) == Status::closed && moved.payload);
}
