// What a transform throws becomes a failed job; a thread's forced end goes through it.
#include "check.hpp"

#include <pthread.h>
#include <string>

struct Step {
    enum { standard, other, lengthy, leave, cancel } kind;
};

int main() {
    std::atomic<int> unwound{0};
    Executor<Step> executor(Config().workers(1).pin_off(), [&](Step& step) {
        struct Guard {
            std::atomic<int>& count;
            ~Guard() { ++count; }
        } guard{unwound};
        switch (step.kind) {
            case Step::standard: throw std::runtime_error("no such digit");
            case Step::other: throw 42;
            case Step::lengthy: throw std::runtime_error(std::string(1000, 'x'));
            case Step::leave: pthread_exit(nullptr);
            case Step::cancel:
                pthread_cancel(pthread_self());
                pthread_testcancel();
        }
    });
    Result<Step> result;
    const auto outcome_of = [&](Step step) {
        auto payload = std::make_unique<Step>(step);
        const auto* address = payload.get();
        CHECK(executor.put_for(payload, patience) == Status::ok);
        CHECK(executor.poll_for(result, patience) == Status::ok);
        CHECK(result.payload.get() == address);
        return result.outcome();
    };

    CHECK(outcome_of({Step::standard}) == Outcome::failed);
    CHECK(result.message() == "no such digit" && result.code() == jobexec::exception_code);
    CHECK(outcome_of({Step::other}) == Outcome::failed);
    CHECK(result.message() == "unknown exception" && result.code() == jobexec::exception_code);
    CHECK(outcome_of({Step::lengthy}) == Outcome::failed);
    CHECK(result.message() == std::string(191, 'x'));
    CHECK(unwound == 3);

    CHECK(outcome_of({Step::leave}) == Outcome::crashed && result.code() == 0);
    CHECK(outcome_of({Step::cancel}) == Outcome::crashed);
    CHECK(unwound == 5);
    CHECK(outcome_of({Step::standard}) == Outcome::failed);

    const auto stats = executor.stats();
    CHECK(stats.failed == 4 && stats.crashed == 2 && stats.restarts == 2);
    check_close(executor);
}
