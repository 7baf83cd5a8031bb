// The trainer, named by the first argument, reaches its accuracy; and a Ctrl-C in the middle of
// an epoch ends it within a second, in good order; both with threads and with processes.
#include "check.hpp"

#include <csignal>
#include <poll.h>
#include <string>
#include <sys/wait.h>

using Clock = std::chrono::steady_clock;

struct Process {
    pid_t id = -1;
    int output = -1;
};

static Process start(const char* program, const char* workers, const char* epochs) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t id = fork();
    CHECK(id >= 0);
    if (id == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, "--workers", workers, "--epochs", epochs, nullptr);
        _exit(127);
    }
    close(ends[1]);
    return {id, ends[0]};
}

/// What a process says up to that text, or up to its end.
static std::string read_until(const Process& process, const char* text, Clock::duration timeout) {
    const auto deadline = Clock::now() + timeout;
    std::string said;
    while (said.find(text) == std::string::npos) {
        using std::chrono::milliseconds;
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
        pollfd ready{process.output, POLLIN, 0};
        CHECK(left > 0 && poll(&ready, 1, static_cast<int>(left)) == 1);
        char bytes[4096];
        const auto count = read(process.output, bytes, sizeof bytes);
        CHECK(count >= 0);
        if (count == 0) break;
        said.append(bytes, static_cast<std::size_t>(count));
    }
    return said;
}

/// The exit code of a process that has closed its output.
static int exit_code(const Process& process) {
    int status = 0;
    CHECK(waitpid(process.id, &status, 0) == process.id);
    close(process.output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void check(const char* program, const char* workers) {
    const auto whole = start(program, workers, "40");
    const auto said = read_until(whole, "\f", 45s);
    CHECK(exit_code(whole) == 0);
    CHECK(said.find("epoch 40:") != std::string::npos);
    CHECK(said.find("accuracy") != std::string::npos);
    CHECK(said.find(" 0 outstanding") != std::string::npos);

    const auto endless = start(program, workers, "1000000");
    CHECK(read_until(endless, "\n", patience).find("epoch 1:") == 0);
    const auto interrupted = Clock::now();
    CHECK(kill(endless.id, SIGINT) == 0);
    const auto rest = read_until(endless, "\f", 1s);
    CHECK(exit_code(endless) == 130);
    const std::chrono::duration<double, std::milli> latency = Clock::now() - interrupted;
    CHECK(latency < 1s);
    CHECK(rest.find(" 0 outstanding") != std::string::npos);
    CHECK(rest.find("accuracy") == std::string::npos);
    std::printf("%s: Ctrl-C took %.1f ms\n", workers, latency.count());
}

int main(int argc, char** argv) {
    if (argc < 2) return 77;
    check(argv[1], "threads");
    check(argv[1], "processes");
}
