// link: -ltbb
// package: libtbb-dev
// oneTBB: functions enqueued to an arena of pinned workers. Results come through its bounded queue.

#include "places.hpp"
#include "pool.h"
#include "shares.hpp"

#include <condition_variable>
#include <mutex>
#include <new>
#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_scheduler_observer.h>

namespace {

namespace tbb = oneapi::tbb;

/// The arenas say how many workers there are; by itself oneTBB has one less than CPUs.
const tbb::global_control enough(tbb::global_control::max_allowed_parallelism, CPU_SETSIZE);

/// Pins the workers of an arena, and knows when all have left it: they do when there is no work
/// for a while.
class Watch : public tbb::task_scheduler_observer {
public:
    Watch(tbb::task_arena& arena, std::uint64_t workers, Places places)
        : task_scheduler_observer(arena), workers_(workers), places_(std::move(places)) {
        observe(true);
    }

    ~Watch() override { observe(false); }

    void on_scheduler_entry(bool) override {
        // An arena of one worker has two seats for it.
        const auto seat = static_cast<std::uint64_t>(tbb::this_task_arena::current_thread_index());
        places_.pin(seat % workers_);
        std::lock_guard lock(mutex_);
        ++inside_;
    }

    void on_scheduler_exit(bool) override {
        std::lock_guard lock(mutex_);
        if (--inside_ == 0) left_.notify_all();
    }

    void wait_until_left() {
        std::unique_lock lock(mutex_);
        left_.wait(lock, [&] { return inside_ == 0; });
    }

private:
    const std::uint64_t workers_;
    const Places places_;
    std::mutex mutex_;
    std::condition_variable left_;
    int inside_ = 0;
};

struct Pool {
    Pool(std::uint64_t workers, std::uint64_t window, Places places, pool_run run)
        : count(workers), run(run), arena(static_cast<int>(workers), 0),
          watch(arena, workers, std::move(places)) {
        done.set_capacity(static_cast<std::ptrdiff_t>(window));
    }

    /// The last function of a worker may still be at the queue when its task was taken.
    ~Pool() { watch.wait_until_left(); }

    const std::uint64_t count;
    const pool_run run;
    tbb::concurrent_bounded_queue<void*> done;
    tbb::task_arena arena;
    Watch watch;
};

Pool& at(void* pool) { return *static_cast<Pool*>(pool); }

}  // namespace

void* pool_start(std::uint64_t workers, std::uint64_t window, const std::int32_t* cpus,
                 std::uint64_t cpu_count, pool_run run) {
    return new Pool(workers, window, Places(cpus, cpu_count), run);
}

void pool_put(void* pool, void* task) {
    at(pool).arena.enqueue([pool = &at(pool), task] {
        pool->run(task);
        pool->done.push(task);
    });
}

void* pool_get(void* pool) {
    void* task = nullptr;
    at(pool).done.pop(task);
    return task;
}

void pool_put_many(void* pool, void** tasks, std::uint64_t count) {
    in_shares(tasks, count, at(pool).count, [pool = &at(pool)](Share share) {
        pool->arena.enqueue([pool, share = std::move(share)] {
            for (void* task : share) {
                pool->run(task);
                pool->done.push(task);
            }
        });
    });
}

std::uint64_t pool_get_many(void* pool, void** tasks, std::uint64_t most) {
    at(pool).done.pop(tasks[0]);
    std::uint64_t taken = 1;
    while (taken < most && at(pool).done.try_pop(tasks[taken])) ++taken;
    return taken;
}

void pool_stop(void* pool) {
    delete &at(pool);
    // Ends oneTBB's own threads, unless another pool has some.
    tbb::task_scheduler_handle scheduler{tbb::attach{}};
    tbb::finalize(scheduler, std::nothrow);
}
