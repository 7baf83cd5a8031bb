// The textbook's bounded queue: a ring under a mutex, and two condition variables.
#ifndef BOUNDED_QUEUE_HPP
#define BOUNDED_QUEUE_HPP

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

/// Tasks on their way from some threads to others.
class BoundedQueue {
public:
    explicit BoundedQueue(std::uint64_t capacity) : ring_(capacity) {}

    /// Adds tasks, at most as many as the capacity, waiting for room.
    void push(void* const* tasks, std::uint64_t count) {
        {
            std::unique_lock lock(mutex_);
            room_.wait(lock, [&] { return ring_.size() - size_ >= count; });
            for (std::uint64_t at = 0; at < count; ++at) {
                ring_[last_] = tasks[at];
                last_ = after(last_);
            }
            size_ += count;
        }
        // Who is woken finds the mutex free.
        count == 1 ? news_.notify_one() : news_.notify_all();
    }

    /// Takes tasks, waiting for a first one: at most so many, and a fair share of what is there
    /// for one of so many takers. Answers how many, which is 0 once the queue is closed and empty.
    std::uint64_t pop(void** tasks, std::uint64_t most, std::uint64_t takers = 1) {
        std::uint64_t count;
        {
            std::unique_lock lock(mutex_);
            news_.wait(lock, [&] { return size_ > 0 || closed_; });
            count = std::min(most, (size_ + takers - 1) / takers);
            for (std::uint64_t at = 0; at < count; ++at) {
                tasks[at] = ring_[first_];
                first_ = after(first_);
            }
            size_ -= count;
        }
        count == 1 ? room_.notify_one() : room_.notify_all();
        return count;
    }

    /// Sends home who waits for tasks.
    void close() {
        {
            std::lock_guard lock(mutex_);
            closed_ = true;
        }
        news_.notify_all();
    }

private:
    std::uint64_t after(std::uint64_t place) const {
        return place + 1 == ring_.size() ? 0 : place + 1;
    }

    std::mutex mutex_;
    std::condition_variable news_, room_;
    std::vector<void*> ring_;
    std::uint64_t first_ = 0, last_ = 0, size_ = 0;
    bool closed_ = false;
};

#endif
