// An executor moves; what is left behind answers errors; results go on.
#include "check.hpp"

static_assert(!std::is_copy_constructible_v<Executor<int>>);
static_assert(std::is_nothrow_move_constructible_v<Executor<int>>);
static_assert(std::is_nothrow_move_assignable_v<Executor<int>>);
static_assert(!std::is_copy_constructible_v<Result<int>>);
static_assert(std::is_nothrow_move_constructible_v<Result<int>>);

static Executor<int> make(int factor) {
    return {Config().workers(1).pin_off(),
            [factor, counted = Counted()](int& value) { value *= factor; }};
}

static int ask(Executor<int>& executor, int value) {
    auto payload = std::make_unique<int>(value);
    CHECK(executor.put_for(payload, patience) == Status::ok);
    Result<int> result;
    CHECK(executor.poll_for(result, patience) == Status::ok);
    return *result.payload;
}

int main() {
    {
        auto first = make(2);
        CHECK(ask(first, 21) == 42);
        auto results = first.results(patience);
        auto second = std::move(first);
        auto payload = std::make_unique<int>(5);
        CHECK_ERROR(Status::error_null, first.put(payload));
        CHECK(payload);
        Result<int> result;
        CHECK_ERROR(Status::error_null, first.poll(result));
        CHECK_ERROR(Status::error_null, first.poll_for(result, 1s));
        CHECK_ERROR(Status::error_null, first.finish());
        CHECK_ERROR(Status::error_null, first.reset());
        CHECK_ERROR(Status::error_null, first.close(1s));
        CHECK_ERROR(Status::error_null, first.is_full());
        CHECK_ERROR(Status::error_null, first.is_idle());
        CHECK_ERROR(Status::error_null, first.stats());
        CHECK_ERROR(Status::error_null, first.report());
        CHECK_ERROR(Status::error_null, first.capacity());
        first.abort();
        first.grace(1s);

        CHECK(second.put(payload) == Status::ok && second.finish() == Status::ok);
        int seen = 0;
        for (auto& each : results) seen += *each.payload;
        CHECK(seen == 10 && results.status() == Status::end);
        CHECK(second.reset() == Status::ok);

        CHECK(Counted::live == 1);
        auto third = make(3);
        CHECK(Counted::live == 2);
        second = std::move(third);  // Closes and frees what it was.
        CHECK(Counted::live == 1);
        CHECK(ask(second, 2) == 6);
        auto& same = second;
        second = std::move(same);
        CHECK(ask(second, 3) == 9);
        check_close(second);
        CHECK(Counted::live == 0);
        first = make(4);
        CHECK(ask(first, 2) == 8);
        check_accounts(first);
    }
    CHECK(Counted::live == 0);
}
