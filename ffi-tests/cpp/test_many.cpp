// Many jobs in one call: the list keeps what was not accepted, and nothing is deleted twice.
#include "check.hpp"

#include "jobexec_batches.hpp"

#include <stdexcept>

using jobexec::BatchExecutor;
using jobexec::BatchJob;
using jobexec::BatchResult;
using jobexec::Buffer;

struct Item : Counted {
    explicit Item(int number) : number(number) {}
    int number;
};

using Items = std::vector<std::unique_ptr<Item>>;
using Results = std::vector<Result<Item>>;

static Items items(int first, int end) {
    Items list;
    for (int n = first; n < end; ++n) list.push_back(std::make_unique<Item>(n));
    return list;
}

static Config config(std::uint32_t workers) {
    return Config().workers(workers).pin_off().results(5).queue_per_worker(5);
}

static void rows() {
    Gate gate;
    Executor<Item> executor(config(1), [&](Item& item) {
        CHECK(gate.wait());
        if (item.number == 3) throw std::runtime_error("three");
    });
    auto list = items(0, 8);
    std::uint64_t id = 99;
    CHECK(executor.put_many(list, &id) == Status::ok && id == 0);
    CHECK(list.size() == 3 && list[0]->number == 5 && list[2]->number == 7);
    CHECK(executor.put_many(list, &id) == Status::full && list.size() == 3);
    CHECK(executor.put_many_for(list, 1ms) == Status::timeout && list.size() == 3);
    Results results;
    CHECK(executor.poll_many(results, 9) == Status::empty);
    CHECK(executor.poll_many_for(results, 9, 1ms) == Status::timeout && results.empty());
    gate.open();
    CHECK(comes_true([&] { return executor.stats().ready == 5; }));
    CHECK(executor.poll_many(results, 2) == Status::ok && results.size() == 2);
    CHECK(executor.put_many_for(list, patience, &id) == Status::ok && id == 5);
    CHECK(list.size() == 1 && executor.finish() == Status::ok);
    CHECK_ERROR(Status::error_finished, executor.put_many(list));
    CHECK(list.size() == 1 && list[0]->number == 7);
    auto status = Status::ok;
    while (status == Status::ok) status = executor.poll_many_for(results, 3, patience);
    CHECK(status == Status::end && results.size() == 7);
    for (int n = 0; n < 7; ++n) {
        const auto& result = results[static_cast<std::size_t>(n)];
        CHECK(result.payload->number == n && result.number() == static_cast<std::uint64_t>(n));
        CHECK(result.outcome() == (n == 3 ? Outcome::failed : Outcome::done));
        CHECK(result.message() == (n == 3 ? "three" : ""));
    }
    check_close(executor);
    CHECK(executor.put_many(list) == Status::closed && list.size() == 1);
    CHECK(executor.poll_many(results, 3) == Status::closed && results.size() == 7);
}

static void nothing_and_null() {
    Executor<Item> executor(config(0), [](Item&) {});
    Items list;
    Results results;
    CHECK(executor.put_many(list) == Status::ok && executor.poll_many(results, 0) == Status::ok);
    list = items(0, 3);
    list[1].reset();
    CHECK_ERROR(Status::error_null, executor.put_many(list));
    CHECK(list.size() == 3 && list[0]->number == 0 && executor.is_idle());
    list.erase(list.begin() + 1);
    CHECK(executor.put_many(list) == Status::ok && list.empty());
    CHECK(executor.poll_many(results, 1) == Status::ok && results.size() == 1);
    Executor<Item> moved = std::move(executor);
    list = items(0, 1);
    CHECK_ERROR(Status::error_null, executor.put_many(list));
    CHECK_ERROR(Status::error_null, executor.poll_many(results, 1));
    CHECK(moved.reset() == Status::ok && moved.stats().discarded == 1);
    check_close(moved);
}

static std::vector<Buffer> buffers(BatchExecutor& executor, unsigned char count) {
    std::vector<Buffer> list(count);
    for (unsigned char n = 0; n < count; ++n) {
        CHECK(executor.acquire(list[n]) == Status::ok);
        list[n].input()[0] = n;
    }
    return list;
}

static void batches(std::uint32_t workers) {
    const auto transform = [](BatchJob& job) {
        job.output()[0] = static_cast<unsigned char>(job.input()[0] + 1);
        job.set_output(1);
    };
    const auto sized = config(workers).input_bytes(8).output_bytes(8);
    BatchExecutor executor(sized, transform), other(sized, transform);
    for (int round = 0; round < 50; ++round) {
        auto list = buffers(executor, 5);
        std::uint64_t id = 0;
        CHECK(executor.put_many(list, &id) == Status::ok && list.empty());
        CHECK(id == static_cast<std::uint64_t>(5 * round));
        std::vector<BatchResult> results;
        while (results.size() < 5)
            CHECK(executor.poll_many_for(results, 5 - results.size(), patience) == Status::ok);
        int sum = 0;
        for (auto& result : results) {
            CHECK(result.buffer.output().size == 1);
            CHECK(result.buffer.output()[0] == result.buffer.input()[0] + 1);
            sum += result.buffer.output()[0];
        }
        CHECK(sum == 15);
    }
    auto list = buffers(executor, 4);
    CHECK(other.acquire(list[2]) == Status::ok);  // What it was is given back.
    CHECK_ERROR(Status::error_not_held, executor.put_many(list));
    list[2].release();
    CHECK_ERROR(Status::error_null, executor.put_many_for(list, patience));
    CHECK(list.size() == 4 && list[0] && executor.stats().outstanding == 0);
    list.erase(list.begin() + 2);
    CHECK(executor.put_many_for(list, patience) == Status::ok && list.empty());
    CHECK(executor.close(patience) == Status::ok);
    CHECK(executor.stats().discarded == 3 && other.stats().accepted == 0);
}

int main() {
    rows();
    nothing_and_null();
    CHECK(Counted::live == 0);
    batches(0);
    batches(2);
}
