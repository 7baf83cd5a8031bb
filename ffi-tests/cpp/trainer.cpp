// Trains a small network on handwritten digits while workers augment the batches to come: threads,
// or processes of this same program.
//
// Exits with 0 if the network recognises at least 95 % of the held-out digits, 1 if not or if
// something failed, 2 for wrong arguments, 130 after Ctrl-C.

#include "augment.hpp"
#include "digits.hpp"
#include "jobexec_processes.hpp"
#include "network.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <getopt.h>
#include <numeric>

namespace {

using namespace std::chrono_literals;
using jobexec::BatchExecutor;
using jobexec::Status;

struct Options {
    std::string data = "ffi-tests/data/optdigits.csv";
    bool processes = false;
    std::uint32_t count = JOBEXEC_WORKERS_AUTO;
    unsigned epochs = 40;
    std::uint64_t seed = 1;
    std::size_t batch = 32;
    bool ordered = false;
    bool quiet = false;
    std::string save, trace;
};

volatile std::sig_atomic_t interrupted = 0;

/// Wakes the host wherever it waits; the flag tells it why.
extern "C" void on_interrupt(int) {
    interrupted = 1;
    jobexec::abort_all();
}

bool are_processes(const std::string& kind) {
    if (kind != "threads" && kind != "processes")
        throw std::invalid_argument("workers are threads or processes");
    return kind == "processes";
}

Options parse(int argc, char** argv) {
    const option known[] = {
        {"workers", required_argument, nullptr, 'w'}, {"count", required_argument, nullptr, 'c'},
        {"epochs", required_argument, nullptr, 'e'},  {"seed", required_argument, nullptr, 's'},
        {"batch", required_argument, nullptr, 'b'},   {"data", required_argument, nullptr, 'd'},
        {"ordered", no_argument, nullptr, 'o'},       {"save", required_argument, nullptr, 'S'},
        {"trace", required_argument, nullptr, 't'},   {"quiet", no_argument, nullptr, 'q'},
        {nullptr, 0, nullptr, 0},
    };
    Options options;
    for (int name; (name = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
        switch (name) {
            case 'w': options.processes = are_processes(optarg); break;
            case 'c': options.count = static_cast<std::uint32_t>(std::stoul(optarg)); break;
            case 'e': options.epochs = static_cast<unsigned>(std::stoul(optarg)); break;
            case 's': options.seed = std::stoull(optarg); break;
            case 'b': options.batch = std::stoul(optarg); break;
            case 'd': options.data = optarg; break;
            case 'o': options.ordered = true; break;
            case 'S': options.save = optarg; break;
            case 't': options.trace = optarg; break;
            case 'q': options.quiet = true; break;
            default: throw std::invalid_argument("unknown option");
        }
    }
    if (optind != argc || options.epochs == 0 || options.batch == 0)
        throw std::invalid_argument("epochs and batch must be at least 1, and nothing else given");
    return options;
}

/// What an epoch came to.
struct Progress {
    double loss = 0;
    unsigned steps = 0;
    /// Steps that found a batch waiting.
    unsigned ready = 0;
};

/// Trains on every digit once, in that order. Answers Status::end; or what came before it.
Status train(BatchExecutor& executor, Network& network, const std::vector<Pick>& order,
             std::size_t batch_size, float rate, Progress& progress) {
    jobexec::BatchResult result;
    jobexec::Buffer spare;
    for (auto next = order.begin();;) {
        while (next != order.end()) {  // As many as there is room for.
            Status status = spare ? Status::ok : executor.acquire(spare);
            const auto left = static_cast<std::size_t>(order.end() - next);
            const auto count = std::min(batch_size, left);
            if (status == Status::ok) {
                std::memcpy(spare.input().data, &*next, count * sizeof(Pick));
                spare.set_input(count * sizeof(Pick));
                status = executor.put(spare);
            }
            if (status == Status::full) break;
            if (status != Status::ok) return status;
            next += static_cast<std::ptrdiff_t>(count);
            if (next != order.end()) continue;
            if (const Status finished = executor.finish(); finished != Status::ok) return finished;
        }
        Status status = executor.poll(result);
        progress.ready += status == Status::ok;
        if (status == Status::empty) status = executor.poll_for(result, 10s);
        if (status != Status::ok) return status;
        if (result.outcome() != jobexec::Outcome::done)
            throw std::runtime_error(std::string(result.message()));
        const auto digits = result.buffer.output();
        progress.loss += network.train(reinterpret_cast<const Digit*>(digits.data),
                                       digits.size / sizeof(Digit), rate);
        progress.steps += 1;
        spare = std::move(result.buffer);
    }
}

/// All epochs. Answers ok; or the status that stopped it.
Status train(BatchExecutor& executor, Network& network, std::size_t digits,
             const Options& options) {
    std::mt19937_64 random(options.seed);
    std::vector<Pick> order(digits);
    std::iota(order.begin(), order.end(), Pick{0});
    for (unsigned epoch = 1; epoch <= options.epochs; ++epoch) {
        std::shuffle(order.begin(), order.end(), random);
        const float rate = 0.05F * static_cast<float>(options.epochs - epoch + 1) /
                           static_cast<float>(options.epochs);
        Progress progress;
        const auto start = std::chrono::steady_clock::now();
        const Status status = train(executor, network, order, options.batch, rate, progress);
        if (status != Status::end) return status;
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
        if (!options.quiet) {
            std::printf("epoch %u: loss %.4f, %.0f batches/s, data ready %.0f %%\n", epoch,
                        progress.loss / progress.steps, progress.steps / time.count(),
                        100.0 * progress.ready / progress.steps);
            std::fflush(stdout);
        }
        if (const Status begun = executor.reset(); begun != Status::ok) return begun;
    }
    return Status::ok;
}

/// Whether every batch that was accepted has had exactly one outcome.
bool accounted(const jobexec::Stats& stats) {
    const auto outcomes = stats.done + stats.failed + stats.panicked + stats.crashed +
                          stats.timed_out + stats.cancelled + stats.discarded;
    return stats.accepted == outcomes + stats.outstanding && stats.outstanding == 0;
}

int run(const Options& options) {
    const Digits digits = read_digits(options.data);
    const auto transform = [&](jobexec::BatchJob& job) { augment(digits.training, job); };
    if (jobexec::is_worker()) {
        jobexec::serve_worker(transform);
        return 0;
    }
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, nullptr);

    Network network(options.seed);
    jobexec::Config config;
    config.workers(options.count).seed(options.seed).ordered(options.ordered);
    config.trace_jobs(options.trace.empty() ? 0 : 10000);
    config.input_bytes(options.batch * sizeof(Pick)).output_bytes(options.batch * sizeof(Digit));
    const jobexec::WorkerCommand ourselves({"/proc/self/exe", "--data", options.data});
    BatchExecutor executor =
        options.processes ? ourselves.start(config) : BatchExecutor(config, transform);
    if (interrupted) executor.abort();  // It came before there was an executor to abort.
    const Status status = train(executor, network, digits.training.size(), options);
    const Score score = network.score(digits.held_out);
    if (status == Status::ok)
        std::printf("accuracy on %zu held-out digits: %.2f %%, loss %.9g\n",
                    digits.held_out.size(), 100 * score.accuracy, score.loss);
    const Status closed = executor.close(1s);
    if (!options.quiet) std::fputs(executor.report().c_str(), stdout);

    if (closed != Status::ok) throw std::runtime_error(jobexec::last_error());
    if (!accounted(executor.stats())) throw std::runtime_error("batches are unaccounted for");
    if (interrupted) return 130;
    if (status != Status::ok) throw std::runtime_error(jobexec::text(status));
    if (!options.save.empty()) network.save(options.save);
    if (!options.trace.empty()) std::ofstream(options.trace) << executor.trace_json();
    return score.accuracy >= 0.95 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    try {
        options = parse(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr,
                     "%s\nusage: %s [--workers threads|processes] [--count N] [--epochs N] "
                     "[--seed N] [--ordered] [--batch N] [--data FILE] [--save FILE] "
                     "[--trace FILE] [--quiet]\n",
                     error.what(), argv[0]);
        return 2;
    }
    try {
        return run(options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return 1;
    }
}
