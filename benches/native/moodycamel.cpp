// link: -Wno-stringop-overflow
// package: libconcurrentqueue-dev
// Threads between two of moodycamel's blocking concurrent queues, used through tokens and in bulk
// as its author advises.

#include "places.hpp"
#include "pool.h"

#include <atomic>
#include <concurrentqueue/blockingconcurrentqueue.h>
#include <map>
#include <mutex>
#include <thread>

namespace {

using Queue = moodycamel::BlockingConcurrentQueue<void*>;

void require(bool queued) {
    if (!queued) std::abort();  // There was no memory.
}

/// A thread's place at a queue that it puts to, and at one that it takes from.
struct Tokens {
    Tokens(Queue& to, Queue& from) : put(to), get(from) {}
    moodycamel::ProducerToken put;
    moodycamel::ConsumerToken get;
};

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
        require(jobs.enqueue(nullptr));
        for (auto& thread : threads) thread.join();
    }

    /// Until it takes a null, which it leaves to the next worker.
    void work(std::uint64_t window, pool_run run) {
        std::vector<void*> tasks(window);
        Tokens tokens(done, jobs);
        for (;;) {
            const auto taken = jobs.wait_dequeue_bulk(tokens.get, tasks.begin(), share());
            if (!tasks[0]) {
                require(jobs.enqueue(nullptr));
                return;
            }
            for (std::uint64_t at = 0; at < taken; ++at) run(tasks[at]);
            if (taken == 1) {
                require(done.enqueue(tokens.put, tasks[0]));
            } else {
                require(done.enqueue_bulk(tokens.put, tasks.begin(), taken));
            }
        }
    }

    /// How many tasks a worker takes at once: a fair share of what is there, and not more than
    /// are put at once.
    std::uint64_t share() const {
        const auto most = batch.load(std::memory_order_relaxed);
        if (most == 1) return 1;
        const std::uint64_t fair = (jobs.size_approx() + count - 1) / count;
        return std::min(std::max<std::uint64_t>(fair, 1), most);
    }

    /// The calling thread's. Kept here, for they must not outlive the queues; each thread
    /// remembers the ones that it used last.
    Tokens& tokens() {
        thread_local std::pair<std::uint64_t, Tokens*> last;
        if (last.first != number) {
            std::lock_guard lock(mutex);
            const auto thread = std::this_thread::get_id();
            last = {number, &all_tokens.try_emplace(thread, jobs, done).first->second};
        }
        return *last.second;
    }

    static inline std::atomic<std::uint64_t> pools{0};

    /// Of no other pool, whereas addresses come again.
    const std::uint64_t number = ++pools;
    const std::uint64_t count;
    Queue jobs, done;
    std::atomic<std::uint64_t> batch{1};
    std::mutex mutex;
    std::map<std::thread::id, Tokens> all_tokens;
    std::vector<std::thread> threads;
};

Pool& at(void* pool) { return *static_cast<Pool*>(pool); }

}  // namespace

void* pool_start(std::uint64_t workers, std::uint64_t window, const std::int32_t* cpus,
                 std::uint64_t cpu_count, pool_run run) {
    return new Pool(workers, window, Places(cpus, cpu_count), run);
}

void pool_put(void* pool, void* task) {
    require(at(pool).jobs.enqueue(at(pool).tokens().put, task));
}

void* pool_get(void* pool) {
    void* task = nullptr;
    at(pool).done.wait_dequeue(at(pool).tokens().get, task);
    return task;
}

void pool_put_many(void* pool, void** tasks, std::uint64_t count) {
    auto& batch = at(pool).batch;
    if (count > batch.load(std::memory_order_relaxed)) batch = count;
    require(at(pool).jobs.enqueue_bulk(at(pool).tokens().put, tasks, count));
}

std::uint64_t pool_get_many(void* pool, void** tasks, std::uint64_t most) {
    return at(pool).done.wait_dequeue_bulk(at(pool).tokens().get, tasks, most);
}

void pool_stop(void* pool) { delete &at(pool); }
