// Calls that would wait for their own thread are errors, not deadlocks.
#include "check.hpp"

#include <string>

int main() {
    Executor<int>* self = nullptr;
    const auto config = Config().workers(1).pin_off();
    Executor<int> executor(config, [&self](int& value) {
        CHECK_ERROR(Status::error_inside_callback, self->reset());
        auto payload = std::make_unique<int>(1);
        CHECK_ERROR(Status::error_inside_callback, self->put(payload));
        Result<int> result;
        CHECK_ERROR(Status::error_inside_callback, self->poll_for(result, patience));
        value = static_cast<int>(self->stats().accepted);
        static_cast<void>(self->close(patience));
    });
    self = &executor;
    auto payload = std::make_unique<int>(0);
    CHECK(executor.put(payload) == Status::ok);
    Result<int> result;
    CHECK(executor.poll_for(result, patience) == Status::ok);
    CHECK(result.outcome() == Outcome::failed && *result.payload == 1);
    CHECK(result.message().find("callback") != std::string_view::npos);
    check_close(executor);

    // With no workers the transform runs in the put, on this thread.
    Executor<int> inline_executor(Config().workers(0), [&self](int&) {
        static_cast<void>(self->close(patience));
    });
    self = &inline_executor;
    payload = std::make_unique<int>(0);
    CHECK(inline_executor.put(payload) == Status::ok);
    CHECK(inline_executor.poll(result) == Status::ok && result.outcome() == Outcome::failed);
    check_close(inline_executor);
}
