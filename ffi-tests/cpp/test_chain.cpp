// A chain of stages, of payloads and of batches.
#include "check.hpp"

#include "jobexec_batches.hpp"

#include <string>

int main() {
    const auto config = Config().stages({1, 2, 1}).pin_off().results(8).queue_per_worker(8);
    Executor<std::string> executor(config, [](std::string& text, Job& job) {
        text += static_cast<char>('a' + job.stage());
    });
    Result<std::string> result;
    for (int round = 0; round < 100; ++round) {
        auto payload = std::make_unique<std::string>("x");
        CHECK(executor.put(payload) == Status::ok);
        CHECK(executor.poll_for(result, patience) == Status::ok);
        CHECK(result.outcome() == Outcome::done && *result.payload == "xabc");
        CHECK(result.worker() == 3);
    }
    check_close(executor);

    jobexec::BatchExecutor batches(
        Config(config).stages({1, 1}).input_bytes(16).output_bytes(16),
        [](jobexec::BatchJob& job) {
            const auto input = job.input();
            const auto output = job.output();
            std::copy(input.data, input.data + input.size, output.data);
            output.data[input.size] = static_cast<unsigned char>(job.stage());
            job.set_output(input.size + 1);
        });
    jobexec::Buffer buffer;
    jobexec::BatchResult batch;
    CHECK(batches.acquire(buffer) == Status::ok);
    for (unsigned char round = 0; round < 100; ++round) {
        buffer.input().data[0] = round;
        buffer.set_input(1);
        CHECK(batches.put(buffer) == Status::ok);
        CHECK(batches.poll_for(batch, patience) == Status::ok);
        const auto output = batch.buffer.output();
        CHECK(output.size == 3 && output.data[0] == round);
        CHECK(output.data[1] == 0 && output.data[2] == 1);
        buffer = std::move(batch.buffer);
    }
}
