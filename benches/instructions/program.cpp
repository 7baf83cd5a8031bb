// The program whose instructions are counted: ./program JOBS ANSWER. The transforms in C answer 0;
// with another answer their jobs fail, which costs more, so that there is something to notice.
//
// Nothing waits while it is counted. Puts come while the only worker stands in a gate, which is a
// job; polls come while it stands in a second one, when all jobs between the two have their result.
// Each count is a dump of callgrind's with the row's name.

#include <jobexec.hpp>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <valgrind/callgrind.h>
#include <vector>

namespace {

constexpr std::chrono::seconds patience{20};
/// How many go by one call of those for many.
constexpr int row_of = 8;
int jobs, answer;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

void dump(const std::string& row) { CALLGRIND_DUMP_STATS_AT(row.c_str()); }

/// Counts what a body does, once for each job.
template <class Body>
void count(const std::string& row, const Body& body) {
    CALLGRIND_TOGGLE_COLLECT;
    for (int at = 0; at < jobs; ++at) body(at);
    CALLGRIND_TOGGLE_COLLECT;
    dump(row);
}

/// Where a worker stands until it is let go. It is counted, as threads are for themselves, from
/// the first gate to the last.
class Gate {
public:
    explicit Gate(bool is_first) : is_first_(is_first) {}
    void stand() {
        if (!is_first_) CALLGRIND_TOGGLE_COLLECT;
        set(stands_);
        await(open_);
        if (is_first_) CALLGRIND_TOGGLE_COLLECT;
    }
    void await_worker() { await(stands_); }
    void open() { set(open_); }

private:
    void set(bool& flag) {
        std::lock_guard lock(mutex_);
        flag = true;
        changed_.notify_all();
    }
    void await(const bool& flag) {
        std::unique_lock lock(mutex_);
        require(changed_.wait_for(lock, patience, [&] { return flag; }), "nobody came");
    }
    const bool is_first_;
    bool stands_ = false, open_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
};

/// Longer than anything takes that is counted.
void lag() { std::this_thread::sleep_for(std::chrono::milliseconds(700)); }

struct Job {
    Gate* gate = nullptr;
    int runs = 0;
    bool lags = false;
    void run() {
        if (gate) gate->stand();
        if (lags) lag();
        ++runs;
    }
};

/// The executor in C.
class InC {
public:
    InC(std::uint32_t workers, bool timed) {
        jobexec_config config = {};
        config.size = sizeof config;
        jobexec_config_init(&config);
        config.workers = workers;
        config.timing = timed;
        config.pinning = JOBEXEC_PIN_OFF;
        config.results = config.queue_per_worker = static_cast<std::uint32_t>(jobs) + 2;
        config.transform = [](void*, void* payload, jobexec_job*) {
            static_cast<Job*>(payload)->run();
            return answer;
        };
        const auto started = jobexec_start(&config, jobexec::detail::nanoseconds(patience), &exec_);
        require(started == JOBEXEC_OK, jobexec_last_error());
        result_.size = sizeof result_;
    }
    ~InC() {
        jobexec_close(exec_, jobexec::detail::nanoseconds(patience));
        jobexec_free(exec_);
    }
    bool put(Job* job) { return jobexec_put(exec_, job, nullptr) == JOBEXEC_OK; }
    bool put_row(Job** row) {
        std::uint64_t accepted = 0;
        const auto list = reinterpret_cast<void**>(row);
        return jobexec_put_many(exec_, list, row_of, &accepted, nullptr) == JOBEXEC_OK &&
               accepted == row_of;
    }
    bool poll_row(Job** row) {
        std::uint64_t polled = 0;
        results_[0].size = sizeof results_[0];
        if (jobexec_poll_many(exec_, results_, row_of, &polled) != JOBEXEC_OK) return false;
        for (std::uint64_t at = 0; at < polled; ++at) {
            row[at] = static_cast<Job*>(results_[at].payload);
        }
        return polled == row_of;
    }
    Job* poll() { return taken(jobexec_poll(exec_, &result_)); }
    Job* await() {
        const auto timeout = jobexec::detail::nanoseconds(patience);
        return taken(jobexec_poll_wait(exec_, timeout, &result_));
    }

private:
    Job* taken(jobexec_status status) const {
        return status == JOBEXEC_OK ? static_cast<Job*>(result_.payload) : nullptr;
    }
    jobexec_executor* exec_ = nullptr;
    jobexec_result result_ = {}, results_[row_of] = {};
};

/// The executor in C++.
class InCpp {
public:
    InCpp(std::uint32_t workers, bool timed)
        : executor_(config(workers, timed), [](Job& job) { job.run(); }) {}
    bool put(Job* job) {
        std::unique_ptr<Job> payload(job);
        return executor_.put(payload) == jobexec::Status::ok;
    }
    Job* poll() { return taken(executor_.poll(result_)); }
    Job* await() { return taken(executor_.poll_for(result_, patience)); }

private:
    Job* taken(jobexec::Status status) {
        return status == jobexec::Status::ok ? result_.payload.release() : nullptr;
    }
    static jobexec::Config config(std::uint32_t workers, bool timed) {
        const auto places = static_cast<std::uint32_t>(jobs) + 2;
        return jobexec::Config().workers(workers).timing(timed).pin_off().results(places)
            .queue_per_worker(places);
    }
    jobexec::Executor<Job> executor_;
    jobexec::Result<Job> result_;
};

/// Jobs on their way, each of which must come back once.
class Batch {
public:
    Batch() : back_(static_cast<std::size_t>(jobs)) {
        for (int at = 0; at < jobs; ++at) out_.push_back(new Job);
    }
    ~Batch() {
        require(all_accepted_, "a job was not accepted");
        require(back_ == out_, "jobs did not come back in order");
        for (Job* job : back_) {
            require(job->runs == 1, "a job did not run once");
            delete job;
        }
    }
    template <class Executor>
    void put(Executor& executor, int at) {
        all_accepted_ &= executor.put(out_[static_cast<std::size_t>(at)]);
    }
    template <class Executor>
    void poll(Executor& executor, int at) {
        back_[static_cast<std::size_t>(at)] = executor.poll();
    }

    /// Each time that a row is due.
    void put_many(InC& executor, int at) {
        if (at % row_of != 0) return;
        all_accepted_ &= executor.put_row(&out_[static_cast<std::size_t>(at)]);
    }
    void poll_many(InC& executor, int at) {
        if (at % row_of != 0) return;
        all_accepted_ &= executor.poll_row(&back_[static_cast<std::size_t>(at)]);
    }

private:
    bool all_accepted_ = true;
    std::vector<Job*> out_, back_;
};

/// Jobs that wait, run and lie longer than any other, so that no other is the longest: which of them
/// was would depend on the machine's speed, and a longest job is counted with some instructions more.
template <class Executor>
void lag_first(Executor& executor) {
    for (int at = 0; at < 2; ++at) {
        const auto job = new Job;
        job->lags = true;
        require(executor.put(job), "a job that lags was not accepted");
    }
    for (int at = 0; at < 3; ++at) lag();
    for (int at = 0; at < 2; ++at) delete executor.await();
}

std::string called(const char* row, bool timed) {
    return std::string(row) + (timed ? ", timed" : ", untimed");
}

/// Jobs that are put and polled by `put` and `poll`, in rows of that name.
template <class Executor, class Put, class Poll>
void count_with_worker(const std::string& api, bool timed, const std::string& many, const Put& put,
                       const Poll& poll) {
    Gate first(true), last(false);
    const auto first_job = new Job{&first}, last_job = new Job{&last};
    Batch batch;
    Executor executor(1, timed);
    if (timed) lag_first(executor);
    require(executor.put(first_job), "the first gate was not accepted");
    first.await_worker();
    count(api + called(("put" + many).c_str(), timed), [&](int at) { put(batch, executor, at); });
    require(executor.put(last_job), "the last gate was not accepted");
    first.open();
    last.await_worker();
    dump(api + called(("worker" + many).c_str(), timed));
    require(executor.await() == first_job, "the first gate did not come back");
    count(api + called(("poll" + many).c_str(), timed), [&](int at) { poll(batch, executor, at); });
    last.open();
    require(executor.await() == last_job, "the last gate did not come back");
    delete first_job;
    delete last_job;
}

void count_inline(bool timed) {
    Batch batch;
    InC executor(0, timed);
    if (timed) lag_first(executor);
    count(called("put and poll without workers", timed), [&](int at) {
        batch.put(executor, at);
        batch.poll(executor, at);
    });
}

}  // namespace

int main(int count_of_arguments, char** arguments) {
    require(count_of_arguments == 3, "usage: program JOBS ANSWER");
    jobs = std::atoi(arguments[1]);
    answer = std::atoi(arguments[2]);
    count("loop", [](int at) { asm volatile("" : : "r"(at)); });
    for (const bool timed : {false, true}) {
        const auto put = [](Batch& batch, auto& executor, int at) { batch.put(executor, at); };
        const auto poll = [](Batch& batch, auto& executor, int at) { batch.poll(executor, at); };
        count_with_worker<InC>("", timed, "", put, poll);
        count_inline(timed);
        count_with_worker<InCpp>("C++ ", timed, "", put, poll);
        const auto put_many = [](Batch& batch, InC& to, int at) { batch.put_many(to, at); };
        const auto poll_many = [](Batch& batch, InC& from, int at) { batch.poll_many(from, at); };
        count_with_worker<InC>("", timed, " many", put_many, poll_many);
    }
}
