// Batches: filled, transformed and read in place; each buffer gives itself back, once.
#include "check.hpp"

#include "jobexec_batches.hpp"

#include <algorithm>
#include <string>

using jobexec::BatchExecutor;
using jobexec::BatchHooks;
using jobexec::BatchJob;
using jobexec::BatchResult;
using jobexec::Buffer;

static_assert(!std::is_copy_constructible_v<Buffer> && !std::is_copy_constructible_v<BatchResult>);
static_assert(std::is_nothrow_move_constructible_v<Buffer>);
static_assert(std::is_nothrow_move_assignable_v<Buffer>);
static_assert(std::is_nothrow_move_assignable_v<BatchExecutor>);

constexpr std::size_t size = 100;

static Config config(std::uint32_t workers) {
    return Config().workers(workers).pin_off().results(4).queue_per_worker(4).input_bytes(size)
        .output_bytes(2 * size);
}

static void reverse(BatchJob& job) {
    CHECK(job.output().size == 2 * size && job.header().size == 64 && !job.cancelled());
    std::reverse_copy(job.input().begin(), job.input().end(), job.output().begin());
    job.header()[1] = static_cast<unsigned char>(job.number());
    job.set_output(job.input().size);
}

static void fill(Buffer& buffer, const std::string& text) {
    CHECK(buffer.input().size == size && buffer.output().size == 0);
    std::copy(text.begin(), text.end(), buffer.input().begin());
    buffer.set_input(text.size());
}

static std::string text(jobexec::ConstBytes bytes) { return {bytes.begin(), bytes.end()}; }

/// Each accepted job has one outcome and none is outstanding; and so many buffers are free.
static void check_idle(BatchExecutor& executor, std::size_t free) {
    const auto n = executor.stats();
    CHECK(n.accepted == n.done + n.failed + n.panicked + n.crashed + n.timed_out + n.cancelled +
                            n.discarded + n.outstanding);
    CHECK(n.outstanding == 0);
    Buffer all[5];
    for (std::size_t i = 0; i < free; ++i) CHECK(executor.acquire(all[i]) == Status::ok);
    CHECK(executor.acquire(all[free]) == Status::full && !all[free]);
}

static void in_place(std::uint32_t workers) {
    BatchExecutor executor(config(workers), reverse);
    CHECK(executor.capacity().in_flight == 4);
    Buffer buffer;
    BatchResult result;
    for (unsigned char n = 0; n < 50; ++n) {
        CHECK(executor.acquire_for(buffer, patience) == Status::ok && buffer);
        fill(buffer, "batch " + std::to_string(n));
        buffer.header()[0] = n;
        const auto* input = buffer.input().data;
        std::uint64_t id = 0;
        CHECK(executor.put_for(buffer, patience, &id) == Status::ok && !buffer);
        CHECK(executor.poll_for(result, patience) == Status::ok);  // The last is given back.
        CHECK(result.id() == id && result.number() == n && result.outcome() == Outcome::done);
        CHECK(result.buffer.input().data == input && result.message().empty());
        std::string expected = "batch " + std::to_string(n);
        std::reverse(expected.begin(), expected.end());
        CHECK(text(result.buffer.output()) == expected);
        CHECK(result.buffer.header()[0] == n && result.buffer.header()[1] == n);
    }
    CHECK(executor.poll(result) == Status::empty && result.buffer);
    check_idle(executor, 3);
    result.buffer.release();
    check_idle(executor, 4);
    CHECK(executor.finish() == Status::ok && executor.poll_for(result, patience) == Status::end);
}

static void moves_and_misuse() {
    BatchExecutor executor(config(0), reverse), other(config(0), reverse);
    Buffer one, two, empty;
    CHECK(executor.acquire(one) == Status::ok && executor.acquire(two) == Status::ok);
    fill(one, "one");
    const auto* input = one.input().data;
    two = std::move(one);  // Gives back what it was.
    CHECK(!one && two.input().data == input);
    check_idle(executor, 3);
    CHECK_ERROR(Status::error_null, executor.put(one));
    CHECK_ERROR(Status::error_not_held, other.put(two));
    CHECK_ERROR(Status::error_argument, two.set_input(size + 1));
    CHECK_ERROR(Status::error_null, empty.set_input(1));
    CHECK_ERROR(Status::error_null, empty.header());
    empty.release();
    CHECK(executor.finish() == Status::ok);
    CHECK_ERROR(Status::error_finished, executor.put(two));
    CHECK(two && executor.reset() == Status::ok);
    CHECK(executor.put(two) == Status::ok && !two);
    CHECK(executor.reset() == Status::ok && executor.stats().discarded == 1);
    check_idle(executor, 4);
    check_idle(other, 4);
    CHECK_ERROR(Status::error_argument, BatchExecutor(Config(), reverse));
}

static void failures() {
    const auto fail = [counted = Counted()](BatchJob& job) {
        job.output()[0] = 'x';
        job.set_output(1);
        job.set_output(2 * size + 1);
    };
    BatchExecutor executor(config(1), fail);
    Buffer buffer;
    BatchResult result;
    CHECK(executor.acquire(buffer) == Status::ok && executor.put(buffer) == Status::ok);
    CHECK(executor.poll_for(result, patience) == Status::ok);
    CHECK(result.outcome() == Outcome::failed && result.code() == jobexec::exception_code);
    CHECK(result.message().find("201 bytes") != std::string::npos);
    CHECK(text(result.buffer.output()) == "x");
    check_idle(executor, 3);
    CHECK(executor.close(patience) == Status::ok);
}

/// The buffer outlives the executor, and another thread waits for one until it is closed.
static void ends() {
    Buffer kept, missing;
    std::atomic<int> inits{0}, exits{0};
    {
        BatchHooks hooks;
        hooks.worker_init = [&](std::uint32_t) { ++inits; };
        hooks.worker_exit = [&](std::uint32_t) { ++exits; };
        auto pages = config(2).results(1).pages(jobexec::Pages::normal).prefault(true);
        BatchExecutor first(pages, [counted = Counted()](BatchJob& job) { reverse(job); }, hooks);
        BatchExecutor executor = std::move(first);
        CHECK_ERROR(Status::error_null, first.acquire(missing));
        CHECK(executor.acquire(kept) == Status::ok);
        CHECK(executor.acquire_for(missing, 1ms) == Status::timeout && !missing);
        auto waiting = std::async(std::launch::async, [&] {
            return executor.acquire_for(missing, patience);
        });
        CHECK(executor.close(patience) == Status::ok);
        CHECK(waiting.get() == Status::closed && executor.put(kept) == Status::closed && kept);
        CHECK(inits == 2 && exits == 2 && executor.stats().accepted == 0);
    }
    CHECK(Counted::live == 0);
    std::fill(kept.input().begin(), kept.input().end(), static_cast<unsigned char>(1));
    kept.header()[0] = 1;
    kept.set_input(1);
}

int main() {
    for (std::uint32_t workers = 0; workers < 3; ++workers) in_place(workers);
    moves_and_misuse();
    failures();
    CHECK(Counted::live == 0);
    ends();
}
