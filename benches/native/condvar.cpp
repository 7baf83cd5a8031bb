// link:
// package: libstdc++-dev
// Threads between two bounded queues, each a mutex and condition variables: what one writes by
// hand.

#include "bounded_queue.hpp"
#include "places.hpp"
#include "pool.h"

#include <atomic>
#include <thread>

namespace {

struct Pool {
    Pool(std::uint64_t workers, std::uint64_t window, Places places, pool_run run)
        : count(workers), jobs(window), done(window) {
        for (std::uint64_t worker = 0; worker < workers; ++worker) {
            threads.emplace_back([=] {
                places.pin(worker);
                work(window, run);
            });
        }
    }

    ~Pool() {
        jobs.close();
        for (auto& thread : threads) thread.join();
    }

    void work(std::uint64_t window, pool_run run) {
        std::vector<void*> tasks(window);
        for (;;) {
            const auto most = batch.load(std::memory_order_relaxed);
            const auto taken = jobs.pop(tasks.data(), most, count);
            if (taken == 0) return;
            for (std::uint64_t at = 0; at < taken; ++at) run(tasks[at]);
            done.push(tasks.data(), taken);
        }
    }

    const std::uint64_t count;
    BoundedQueue jobs, done;
    /// How many tasks a worker takes at once: as many as are put at once.
    std::atomic<std::uint64_t> batch{1};
    std::vector<std::thread> threads;
};

Pool& at(void* pool) { return *static_cast<Pool*>(pool); }

}  // namespace

void* pool_start(std::uint64_t workers, std::uint64_t window, const std::int32_t* cpus,
                 std::uint64_t cpu_count, pool_run run) {
    return new Pool(workers, window, Places(cpus, cpu_count), run);
}

void pool_put(void* pool, void* task) { at(pool).jobs.push(&task, 1); }

void* pool_get(void* pool) {
    void* task = nullptr;
    at(pool).done.pop(&task, 1);
    return task;
}

void pool_put_many(void* pool, void** tasks, std::uint64_t count) {
    auto& batch = at(pool).batch;
    if (count > batch.load(std::memory_order_relaxed)) batch = count;
    at(pool).jobs.push(tasks, count);
}

std::uint64_t pool_get_many(void* pool, void** tasks, std::uint64_t most) {
    return at(pool).done.pop(tasks, most);
}

void pool_stop(void* pool) { delete &at(pool); }
