// Trains a small network on handwritten digits while workers augment the batches to come.
//
// Exits with 0 if the network recognises at least 95 % of the held-out digits, 1 if not or if
// something failed, 2 for wrong arguments, 130 after Ctrl-C.

#include "augment.hpp"
#include "digits.hpp"
#include "jobexec.hpp"
#include "network.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <getopt.h>
#include <numeric>

namespace {

using namespace std::chrono_literals;
using jobexec::Status;
using Executor = jobexec::Executor<Batch>;

struct Options {
    std::string data = "ffi-tests/data/optdigits.csv";
    std::uint32_t workers = JOBEXEC_WORKERS_AUTO;
    unsigned epochs = 40;
    std::uint64_t seed = 1;
    std::size_t batch = 32;
    bool quiet = false;
};

volatile std::sig_atomic_t interrupted = 0;

/// Wakes the host wherever it waits; the flag tells it why.
extern "C" void on_interrupt(int) {
    interrupted = 1;
    jobexec::abort_all();
}

Options parse(int argc, char** argv) {
    const option known[] = {
        {"workers", required_argument, nullptr, 'w'}, {"epochs", required_argument, nullptr, 'e'},
        {"seed", required_argument, nullptr, 's'},    {"batch", required_argument, nullptr, 'b'},
        {"data", required_argument, nullptr, 'd'},    {"quiet", no_argument, nullptr, 'q'},
        {nullptr, 0, nullptr, 0},
    };
    Options options;
    for (int name; (name = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
        switch (name) {
            case 'w': options.workers = static_cast<std::uint32_t>(std::stoul(optarg)); break;
            case 'e': options.epochs = static_cast<unsigned>(std::stoul(optarg)); break;
            case 's': options.seed = std::stoull(optarg); break;
            case 'b': options.batch = std::stoul(optarg); break;
            case 'd': options.data = optarg; break;
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
Status train(Executor& executor, Network& network, const std::vector<std::size_t>& order,
             std::size_t batch_size, float rate, Progress& progress) {
    jobexec::Result<Batch> result;
    std::unique_ptr<Batch> spare;
    for (auto next = order.begin();;) {
        while (next != order.end()) {  // As many as there is room for.
            if (!spare) spare = std::make_unique<Batch>();
            const auto left = static_cast<std::size_t>(order.end() - next);
            const auto last = next + static_cast<std::ptrdiff_t>(std::min(batch_size, left));
            spare->picks.assign(next, last);
            const Status status = executor.put(spare);
            if (status == Status::full) break;
            if (status != Status::ok) return status;
            next = last;
            if (next != order.end()) continue;
            if (const Status finished = executor.finish(); finished != Status::ok) return finished;
        }
        Status status = executor.poll(result);
        progress.ready += status == Status::ok;
        if (status == Status::empty) status = executor.poll_for(result, 10s);
        if (status != Status::ok) return status;
        if (result.outcome() != jobexec::Outcome::done)
            throw std::runtime_error(std::string(result.message()));
        progress.loss += network.train(result.payload->digits, rate);
        progress.steps += 1;
        spare = std::move(result.payload);
    }
}

/// All epochs. Answers ok; or the status that stopped it.
Status train(Executor& executor, Network& network, std::size_t digits, const Options& options) {
    std::mt19937_64 random(options.seed);
    std::vector<std::size_t> order(digits);
    std::iota(order.begin(), order.end(), std::size_t{0});
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
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, nullptr);

    Network network(options.seed);
    Executor executor(jobexec::Config().workers(options.workers).seed(options.seed),
                      [&](Batch& batch, jobexec::Job& job) {
                          augment(digits.training, batch, job.seed());
                      });
    if (interrupted) executor.abort();  // It came before there was an executor to abort.
    const Status status = train(executor, network, digits.training.size(), options);
    const double accuracy = network.accuracy(digits.held_out);
    if (status == Status::ok)
        std::printf("accuracy on %zu held-out digits: %.2f %%\n", digits.held_out.size(),
                    100 * accuracy);
    const Status closed = executor.close(1s);
    if (!options.quiet) std::fputs(executor.report().c_str(), stdout);

    if (closed != Status::ok) throw std::runtime_error(jobexec::last_error());
    if (!accounted(executor.stats())) throw std::runtime_error("batches are unaccounted for");
    if (interrupted) return 130;
    if (status != Status::ok) throw std::runtime_error(jobexec::text(status));
    return accuracy >= 0.95 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    try {
        options = parse(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr,
                     "%s\nusage: %s [--workers N] [--epochs N] [--seed N] [--batch N] "
                     "[--data FILE] [--quiet]\n",
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
