// link:
// package: libboost-dev
// Boost.Asio's thread pool. It has no queue for results; that is one under a mutex.

#include "bounded_queue.hpp"
#include "places.hpp"
#include "pool.h"
#include "shares.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace {

struct Pool {
    Pool(std::uint64_t workers, std::uint64_t window, const Places& places, pool_run run)
        : count(workers), run(run), done(window), threads(workers) {
        pin(places);
    }

    ~Pool() { threads.join(); }

    /// The threads belong to asio, so that they are pinned by jobs of which each thread gets one:
    /// none ends before all have begun.
    void pin(const Places& places) {
        std::mutex mutex;
        std::condition_variable changed;
        std::uint64_t begun = 0, ended = 0;
        for (std::uint64_t job = 0; job < count; ++job) {
            boost::asio::post(threads, [&] {
                std::unique_lock lock(mutex);
                places.pin(begun++);
                changed.notify_all();
                changed.wait(lock, [&] { return begun == count; });
                ++ended;
                changed.notify_all();
            });
        }
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return ended == count; });
    }

    const std::uint64_t count;
    const pool_run run;
    BoundedQueue done;
    boost::asio::thread_pool threads;
};

Pool& at(void* pool) { return *static_cast<Pool*>(pool); }

}  // namespace

void* pool_start(std::uint64_t workers, std::uint64_t window, const std::int32_t* cpus,
                 std::uint64_t cpu_count, pool_run run) {
    return new Pool(workers, window, Places(cpus, cpu_count), run);
}

void pool_put(void* pool, void* task) {
    boost::asio::post(at(pool).threads, [pool = &at(pool), task] {
        pool->run(task);
        pool->done.push(&task, 1);
    });
}

void* pool_get(void* pool) {
    void* task = nullptr;
    at(pool).done.pop(&task, 1);
    return task;
}

void pool_put_many(void* pool, void** tasks, std::uint64_t count) {
    in_shares(tasks, count, at(pool).count, [pool = &at(pool)](Share share) {
        boost::asio::post(pool->threads, [pool, share = std::move(share)] {
            for (void* task : share) pool->run(task);
            pool->done.push(share.data(), share.size());
        });
    });
}

std::uint64_t pool_get_many(void* pool, void** tasks, std::uint64_t most) {
    return at(pool).done.pop(tasks, most);
}

void pool_stop(void* pool) { delete &at(pool); }
