// What the C++ tests share. A failed check names itself and ends the program with 1.
#ifndef CHECK_HPP
#define CHECK_HPP

#include "jobexec.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>
#include <unistd.h>

#define CHECK(expression)                                                                \
    do {                                                                                 \
        if (!(expression)) {                                                             \
            std::fprintf(stderr, "%s:%d: %s is not true\n", __FILE__, __LINE__, #expression); \
            std::_Exit(1);                                                               \
        }                                                                                \
    } while (false)

/// The statement throws jobexec::Error with that status.
#define CHECK_ERROR(expected, statement)                       \
    do {                                                       \
        auto seen = jobexec::Status::ok;                       \
        try {                                                  \
            static_cast<void>(statement);                      \
        } catch (const jobexec::Error& error) {                \
            CHECK(error.what()[0] != '\0');                    \
            seen = error.status();                             \
        }                                                      \
        CHECK(seen == expected);                               \
    } while (false)

using namespace std::chrono_literals;
using jobexec::Config;
using jobexec::Executor;
using jobexec::Hooks;
using jobexec::Job;
using jobexec::Outcome;
using jobexec::Result;
using jobexec::Status;

/// The deadline of every wait that is to succeed.
constexpr auto patience = 10s;

/// A test that hangs in spite of that dies.
inline const unsigned watchdog = alarm(60);

/// What some thread opens and others wait for.
class Gate {
public:
    void open() { promise_.set_value(); }
    bool wait() const { return future_.wait_for(patience) == std::future_status::ready; }

private:
    std::promise<void> promise_;
    std::shared_future<void> future_ = promise_.get_future().share();
};

/// Counts those of its kind that live, whichever way they came.
struct Counted {
    static inline std::atomic<int> live{0};
    Counted() { ++live; }
    Counted(const Counted&) { ++live; }
    Counted& operator=(const Counted&) = default;
    ~Counted() { --live; }
};

/// Waits for a condition that no event tells of.
template <class Condition>
bool comes_true(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

/// Every job that was accepted has exactly one outcome, or is outstanding: so many.
template <class T>
void check_accounts(const Executor<T>& executor, std::uint64_t outstanding = 0) {
    const auto stats = executor.stats();
    const auto outcomes = stats.done + stats.failed + stats.panicked + stats.crashed +
                          stats.timed_out + stats.cancelled + stats.discarded;
    CHECK(stats.accepted == outcomes + stats.outstanding);
    CHECK(stats.outstanding == outstanding);
}

/// Closes, and checks the accounts of what is over.
template <class T>
void check_close(Executor<T>& executor) {
    CHECK(executor.close(patience) == Status::ok);
    check_accounts(executor);
}

#endif
