// Batches of libjobexec for C++17: memory that the host fills, a worker reads and writes, and the
// host reads, without a copy. A Buffer gives itself back. Brings jobexec.hpp with it.

#ifndef JOBEXEC_BATCHES_HPP
#define JOBEXEC_BATCHES_HPP

#include "jobexec.hpp"

#include <cstddef>

namespace jobexec {

/// Bytes in place, of a buffer that outlives this.
template <class Byte>
struct Span {
    Byte* data = nullptr;
    std::size_t size = 0;
    Byte* begin() const noexcept { return data; }
    Byte* end() const noexcept { return data + size; }
    Byte& operator[](std::size_t index) const noexcept { return data[index]; }
};
using Bytes = Span<unsigned char>;
using ConstBytes = Span<const unsigned char>;

/// A buffer that the host holds: an input to be filled, or a result to be read. Move-only; given
/// back when it is destroyed. One that is moved from, released or put is empty. Its memory stays
/// valid, whatever becomes of the executor. For one thread at a time; never blocks.
class [[nodiscard]] Buffer {
public:
    Buffer() noexcept = default;
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer&& other) noexcept {
        Buffer old(std::move(other));
        swap(old);
        return *this;
    }
    ~Buffer() { release(); }
    /// Whether there is one.
    explicit operator bool() const noexcept { return input_.data != nullptr; }
    /// All of the input.
    Bytes input() const noexcept { return input_; }
    /// How many bytes of it the transform sees; all, if nobody says. Throws Error if it cannot
    /// have so many, and where the buffer is empty.
    void set_input(std::size_t bytes) {
        detail::require(::jobexec_buffer_set_input(memory_.get(), input_.data, bytes));
    }
    /// What the transform said it wrote; nothing before it did.
    ConstBytes output() const noexcept { return output_; }
    /// JOBEXEC_HEADER_BYTES that travel with the buffer, both ways. Throws Error where it is empty.
    Bytes header() const {
        void* header = nullptr;
        detail::require(::jobexec_buffer_header(memory_.get(), input_.data, &header));
        return {static_cast<unsigned char*>(header), JOBEXEC_HEADER_BYTES};
    }
    /// Gives it back, now.
    void release() noexcept {
        if (*this) ::jobexec_buffer_release(memory_.get(), input_.data);
        forget();
    }

private:
    friend class BatchExecutor;
    Buffer(std::shared_ptr<::jobexec_executor> memory, Bytes input, ConstBytes output) noexcept
        : memory_(std::move(memory)), input_(input), output_(output) {}
    void swap(Buffer& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(input_, other.input_);
        std::swap(output_, other.output_);
    }
    void forget() noexcept {
        input_ = {};
        output_ = {};
        memory_.reset();
    }
    std::shared_ptr<::jobexec_executor> memory_;
    Bytes input_;
    ConstBytes output_;
};

/// The job that a transform is at, and its batch. Valid for the call, on the worker's thread.
class BatchJob : public Job {
public:
    BatchJob(void* input, ::jobexec_job* raw) noexcept
        : Job(raw), input_(static_cast<const unsigned char*>(input)) {}
    /// What the host filled.
    ConstBytes input() const noexcept {
        return {input_, static_cast<std::size_t>(::jobexec_job_input_bytes(raw_))};
    }
    /// All of the output, with what an earlier job left there.
    Bytes output() const noexcept {
        return {static_cast<unsigned char*>(::jobexec_job_output(raw_)),
                static_cast<std::size_t>(::jobexec_job_output_bytes(raw_))};
    }
    /// How many bytes of it the result shows; none if nobody says. Throws Error if it cannot have
    /// so many.
    void set_output(std::size_t bytes) {
        detail::require(::jobexec_job_set_output(raw_, bytes));
    }
    /// JOBEXEC_HEADER_BYTES that travel with the buffer, both ways.
    Bytes header() const noexcept {
        return {static_cast<unsigned char*>(::jobexec_job_header(raw_)), JOBEXEC_HEADER_BYTES};
    }

private:
    const unsigned char* input_;
};

/// As Hooks; there is no discard, for a buffer whose job is discarded is free again.
struct BatchHooks {
    std::function<void(std::uint32_t worker)> worker_init;
    std::function<void(std::uint32_t worker)> worker_exit;
    std::function<void(LogLevel level, std::string_view text)> log;
};

/// A batch's result, filled by a poll. One object may be used for many polls.
class BatchResult : public ResultBase {
public:
    /// The buffer, the caller's. A next poll into this object gives one back that is still here.
    /// Empty only where the job timed out and a thread that was set aside has it still.
    Buffer buffer;

private:
    friend class BatchExecutor;
};

namespace detail {

/// The user pointer of an executor of batches.
template <class F>
struct BatchState : Callbacks<BatchState<F>, BatchHooks> {
    static_assert(std::is_void_v<std::invoke_result_t<F&, BatchJob&>>,
                  "what it returned would be lost");
    F transform;

    static std::int32_t on_job(void* user, void* payload, ::jobexec_job* raw) {
        const auto run = [&] {
            BatchJob job(payload, raw);
            static_cast<BatchState*>(user)->transform(job);
        };
        return guarded(run, [&](const char* what) { ::jobexec_job_set_message(raw, what); });
    }
};

}  // namespace detail

/// An executor of batches, of which there are as many as jobs may be in flight. Otherwise as
/// Executor; the last buffer frees what is left when the executor is destroyed.
class [[nodiscard]] BatchExecutor : public detail::Handle {
public:
    /// Starts workers that call transform(BatchJob&), several at once; see Executor. The sizes
    /// are those of the configuration.
    template <class F, class Timeout = std::chrono::seconds>
    BatchExecutor(const Config& config, F transform, BatchHooks hooks = {},
                  Timeout timeout = default_start_timeout)
        : input_bytes_(static_cast<std::size_t>(config.raw_.input_bytes)) {
        if (config.raw_.input_bytes == 0 && config.raw_.output_bytes == 0)
            throw Error(Status::error_argument, "a batch without an input and an output");
        using State = detail::BatchState<F>;
        std::unique_ptr<State> state(new State{{std::move(hooks)}, std::move(transform)});
        start(config, std::move(state), timeout, nullptr);
    }

    /// A free buffer: ok, full, closed, aborted. What buffer held is given back on ok only, after
    /// the new one came. Never blocks.
    Status acquire(Buffer& buffer) {
        return acquired(buffer, [&](void** input) { return ::jobexec_buffer_acquire(get(), input); });
    }
    /// A free buffer, waiting for one: acquire's answers with timeout in place of full.
    template <class Rep, class Period>
    Status acquire_for(Buffer& buffer, std::chrono::duration<Rep, Period> timeout) {
        const auto ns = detail::nanoseconds(timeout);
        return acquired(buffer, [&](void** input) {
            return ::jobexec_buffer_acquire_wait(get(), ns, input);
        });
    }

    /// Puts a buffer of this executor. On ok it is empty, and id, if given, the job's number; else
    /// it stays the caller's: full, closed, aborted. Throws Error for an empty one, one of another
    /// executor, a finished session, and from inside a callback. Never blocks.
    Status put(Buffer& buffer, std::uint64_t* id = nullptr) {
        return give(buffer, [&](void* input) { return ::jobexec_put(get(), input, id); });
    }
    /// Puts a buffer, waiting for room: put's answers with timeout in place of full.
    template <class Rep, class Period>
    Status put_for(Buffer& buffer, std::chrono::duration<Rep, Period> timeout,
                   std::uint64_t* id = nullptr) {
        const auto ns = detail::nanoseconds(timeout);
        return give(buffer, [&](void* in) { return ::jobexec_put_wait(get(), in, ns, id); });
    }

    /// Puts a buffer whose job may run for so long, see Executor::put_limited.
    template <class Rep, class Period, class WaitRep = std::int64_t,
              class WaitPeriod = std::nano>
    Status put_limited(Buffer& buffer, std::chrono::duration<Rep, Period> job_timeout,
                       std::chrono::duration<WaitRep, WaitPeriod> wait =
                           std::chrono::duration<WaitRep, WaitPeriod>::zero(),
                       std::uint64_t* id = nullptr) {
        const ::jobexec_put_options options{sizeof(::jobexec_put_options),
                                            detail::nanoseconds(job_timeout),
                                            detail::nanoseconds(wait)};
        return give(buffer,
                    [&](void* in) { return ::jobexec_put_with(get(), in, &options, id); });
    }

    /// Puts buffers in one call: from the front of the list, as many as there is room for, one at
    /// least; see Executor::put_many. Throws Error as put does, also for one in the middle, with
    /// the list as it is. Never blocks.
    Status put_many(std::vector<Buffer>& buffers, std::uint64_t* first_id = nullptr) {
        return give_many(buffers, [&](void** list, std::uint64_t count, std::uint64_t* accepted) {
            return ::jobexec_put_many(get(), list, count, accepted, first_id);
        });
    }
    /// The same, waiting for room for one: put_many's answers with timeout in place of full.
    template <class Rep, class Period>
    Status put_many_for(std::vector<Buffer>& buffers, std::chrono::duration<Rep, Period> timeout,
                        std::uint64_t* first_id = nullptr) {
        const auto ns = detail::nanoseconds(timeout);
        return give_many(buffers, [&](void** list, std::uint64_t count, std::uint64_t* accepted) {
            return ::jobexec_put_many_wait(get(), list, count, ns, accepted, first_id);
        });
    }

    /// Takes a result: ok, empty, end, closed, aborted. Whatever is not ok leaves the result as
    /// it was. Never blocks.
    Status poll(BatchResult& result) {
        return take(result, ::jobexec_poll(get(), &result.raw_));
    }
    /// Takes a result, waiting for one: poll's answers with timeout in place of empty.
    template <class Rep, class Period>
    Status poll_for(BatchResult& result, std::chrono::duration<Rep, Period> timeout) {
        const auto ns = detail::nanoseconds(timeout);
        return take(result, ::jobexec_poll_wait(get(), ns, &result.raw_));
    }
    /// Takes results in one call: up to `most`, one at least, and appends them to the list; poll's
    /// answers. What it needs for `most` is allocated first. Never blocks.
    Status poll_many(std::vector<BatchResult>& results, std::size_t most) {
        return take_many(results, most, [&](::jobexec_result* list, std::uint64_t count,
                                            std::uint64_t* polled) {
            return ::jobexec_poll_many(get(), list, count, polled);
        });
    }
    /// The same, waiting for one result: poll_many's answers with timeout in place of empty.
    template <class Rep, class Period>
    Status poll_many_for(std::vector<BatchResult>& results, std::size_t most,
                         std::chrono::duration<Rep, Period> timeout) {
        const auto ns = detail::nanoseconds(timeout);
        return take_many(results, most, [&](::jobexec_result* list, std::uint64_t count,
                                            std::uint64_t* polled) {
            return ::jobexec_poll_many_wait(get(), ns, list, count, polled);
        });
    }

private:
    friend class WorkerCommand;
    /// With workers that transform elsewhere.
    template <class State, class Timeout>
    BatchExecutor(const Config& config, std::unique_ptr<State> state, Timeout timeout)
        : input_bytes_(static_cast<std::size_t>(config.raw_.input_bytes)) {
        start(config, std::move(state), timeout, nullptr);
    }
    Buffer made(void* input, ConstBytes output) const noexcept {
        return {memory(), {static_cast<unsigned char*>(input), input_bytes_}, output};
    }
    template <class Acquire>
    Status acquired(Buffer& buffer, const Acquire& acquire) {
        void* input = nullptr;
        const Status status = detail::check(acquire(&input));
        if (status == Status::ok) buffer = made(input, {});
        return status;
    }
    void* raw(const Buffer& buffer) const {
        if (!buffer) throw Error(Status::error_null, "the buffer is empty");
        if (buffer.memory_ != memory())
            throw Error(Status::error_not_held, "the buffer is not of this executor");
        return buffer.input_.data;
    }
    template <class Put>
    Status give(Buffer& buffer, const Put& put) {
        const Status status = detail::check(put(raw(buffer)));
        if (status == Status::ok) buffer.forget();
        return status;
    }
    template <class Put>
    Status give_many(std::vector<Buffer>& buffers, const Put& put) {
        const auto leave = [](Buffer& buffer) { buffer.forget(); };
        return detail::Rows::give(buffers, [&](const Buffer& one) { return raw(one); }, leave, put);
    }
    void fill(BatchResult& result) const noexcept {
        const auto* output = static_cast<const unsigned char*>(result.raw_.output);
        const auto bytes = static_cast<std::size_t>(result.raw_.output_bytes);
        result.buffer =
            result.raw_.payload == nullptr ? Buffer() : made(result.raw_.payload, {output, bytes});
    }
    Status take(BatchResult& result, ::jobexec_status status) {
        if (status == JOBEXEC_OK) fill(result);
        return detail::check(status);
    }
    template <class Poll>
    Status take_many(std::vector<BatchResult>& results, std::size_t most, const Poll& poll) {
        return detail::Rows::take(results, most, poll, [&](BatchResult& one) { fill(one); });
    }
    std::size_t input_bytes_;
};

}  // namespace jobexec

#endif
