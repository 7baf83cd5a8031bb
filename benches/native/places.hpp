// Where workers run.
#ifndef PLACES_HPP
#define PLACES_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sched.h>
#include <vector>

/// The CPUs of a pool's workers.
class Places {
public:
    Places(const std::int32_t* cpus, std::uint64_t count) : cpus_(cpus, cpus + count) {}

    /// Pins the calling thread as that worker, unless it is pinned so already; a CPU that cannot
    /// be had ends the program.
    void pin(std::uint64_t worker) const {
        thread_local std::int32_t last = -1;
        const std::int32_t cpu = cpus_[worker % cpus_.size()];
        if (cpu == last) return;
        last = cpu;
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        if (const int error = pthread_setaffinity_np(pthread_self(), sizeof set, &set)) {
            std::fprintf(stderr, "CPU %d cannot be had: %s\n", cpu, std::strerror(error));
            std::abort();
        }
    }

private:
    std::vector<std::int32_t> cpus_;
};

#endif
