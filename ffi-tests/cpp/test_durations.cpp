// Every duration of chrono is a timeout: the past does not wait, what is too long waits for ever.
#include "check.hpp"

#include <limits>

int main() {
    using Seconds = std::chrono::duration<double>;
    using Steady = std::chrono::steady_clock;
    using std::chrono::hours;
    constexpr auto infinite = Seconds(std::numeric_limits<double>::infinity());
    constexpr auto none = Seconds(std::numeric_limits<double>::quiet_NaN());

    // A start that waits for ever comes back when the workers run.
    Executor<int> executor(Config().workers(1).pin_off(), [](int&) {}, {}, hours::max());
    Result<int> result;
    CHECK(executor.poll_for(result, -1s) == Status::timeout);
    CHECK(executor.poll_for(result, hours::min()) == Status::timeout);
    CHECK(executor.poll_for(result, -infinite) == Status::timeout);
    CHECK(executor.poll_for(result, none) == Status::timeout);
    CHECK(executor.poll_until(result, Steady::time_point::min()) == Status::timeout);
    CHECK(executor.poll_until(result, Steady::now()) == Status::timeout);

    const auto start = Steady::now();
    CHECK(executor.poll_for(result, Seconds(0.02)) == Status::timeout);
    CHECK(executor.poll_until(result, start + 40ms) == Status::timeout);
    CHECK(Steady::now() - start >= 40ms);

    auto payload = std::make_unique<int>(0);
    CHECK(executor.put_for(payload, hours::max()) == Status::ok);
    CHECK(executor.poll_for(result, hours::max()) == Status::ok);
    CHECK(executor.put_for(result.payload, infinite) == Status::ok);
    CHECK(executor.poll_until(result, Steady::time_point::max()) == Status::ok);
    using System = std::chrono::system_clock;
    CHECK(executor.put_until(result.payload, System::time_point::max()) == Status::ok);
    CHECK(executor.poll_until(result, System::now() + patience) == Status::ok);
    CHECK(executor.close(hours::max()) == Status::ok);
    check_accounts(executor);
}
