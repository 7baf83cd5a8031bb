// The descriptor for event loops, of both kinds of executors.
#include "check.hpp"

#include "jobexec_batches.hpp"

#include <poll.h>

using jobexec::BatchExecutor;
using jobexec::BatchJob;

static bool is_readable(int fd, int timeout_ms = 0) {
    pollfd place{fd, POLLIN, 0};
    return ::poll(&place, 1, timeout_ms) == 1;
}

int main() {
    Executor<int> executor(Config().workers(1).pin_off(), [](int& value) { value += 1; });
    const int fd = executor.event_fd();
    CHECK(fd >= 0 && fd == executor.event_fd() && !is_readable(fd));
    auto payload = std::make_unique<int>(1);
    CHECK(executor.put(payload) == Status::ok && is_readable(fd, 20'000));
    Result<int> result;
    CHECK(executor.poll(result) == Status::ok && *result.payload == 2 && is_readable(fd));
    CHECK(executor.poll(result) == Status::empty && !is_readable(fd));
    CHECK(executor.stats().event_fd_rings == 1);

    BatchExecutor batches(Config().workers(1).pin_off().input_bytes(8), [](BatchJob&) {});
    const int other = batches.event_fd();
    CHECK(other != fd && !is_readable(other));
    CHECK(batches.finish() == Status::ok && is_readable(other));
}
