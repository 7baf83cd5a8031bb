"""The binding's batches: nothing is copied, every buffer comes back, views keep memory alive."""

import gc
import threading

import jobexec
from jobexec import ABORTED, CLOSED, END, FAILED, FULL, OK, TIMEOUT
from jobexec_batches import BatchExecutor
from support import PATIENCE, accounts, finish_and_poll, run_tests


def upper(job):
    text = bytes(job.input).upper()
    job.output[:len(text)] = text
    job.set_output(len(text))
    job.header[0] += 1


def acquired(executor):
    status, buffer = executor.acquire()
    assert status == OK, status
    return buffer


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        return error
    raise AssertionError(f"{call} raised no {kind}")


def free_buffers(executor):
    """How many can be acquired; all are given back."""
    gc.collect()
    buffers = []
    while True:
        status, buffer = executor.acquire()
        if status != OK:
            assert status == FULL, status
            return len(buffers)
        buffers.append(buffer)


def test_in_place():
    with BatchExecutor(upper, 100, 200, workers=2) as executor:
        seen = set()
        for n in range(50):
            text = b"batch %d" % n
            buffer = acquired(executor)
            view = buffer.input
            assert (len(view), view.format, view.readonly, len(buffer.output)) == (100, "B", False, 0)
            view[:len(text)] = text
            buffer.header[0] = n
            buffer.set_input(len(text))
            status, job_id = executor.put_wait(buffer, PATIENCE)
            assert status == OK and job_id not in seen
            seen.add(job_id)
            status, result = executor.poll_wait(PATIENCE)
            assert status == OK and result.job_id == job_id, status
            assert result.buffer.output == text.upper() and result.buffer.header[0] == n + 1
            assert bytes(result.buffer.input[:len(text)]) == text
            result.buffer.release()
        assert accounts(executor).done == 50
        assert free_buffers(executor) == executor.capacity()[0] == 6
        assert executor.finish() == OK and executor.poll_wait(PATIENCE) == (END, None)


def test_misuse():
    with BatchExecutor(upper, 8, 8, workers=0) as executor, \
            BatchExecutor(upper, 8, 8, workers=0) as other:
        buffer = acquired(executor)
        raises(ValueError, other.put, buffer)
        raises(ValueError, buffer.set_input, -1)
        assert raises(jobexec.Error, buffer.set_input, 9).status == jobexec.ERROR_ARGUMENT
        assert executor.put(buffer)[0] == OK
        for call in (buffer.release, lambda: executor.put(buffer), lambda: buffer.input,
                     lambda: buffer.output, lambda: buffer.header, lambda: buffer.set_input(1)):
            raises(ValueError, call)
        (result,) = finish_and_poll(executor)
        # A put that is refused leaves the buffer where it was.
        refused = acquired(executor)
        assert raises(jobexec.Error, executor.put, refused).status == jobexec.ERROR_FINISHED
        refused.input[0] = 1
        result.buffer.release()
        raises(ValueError, result.buffer.release)
        assert accounts(executor).done == 1
        del refused
        assert free_buffers(executor) == 3 and free_buffers(other) == 3
    raises(ValueError, BatchExecutor, upper, 0, 0)


def test_failures():
    def fail(job):
        job.output[0] = 7
        job.set_output(1)
        job.set_output(9)

    with BatchExecutor(fail, 0, 8, workers=1) as executor:
        buffer = acquired(executor)
        assert len(buffer.input) == 0 and executor.put(buffer)[0] == OK
        (result,) = finish_and_poll(executor)
        assert result.outcome == FAILED and "9 bytes" in result.message
        assert bytes(result.buffer.output) == b"\7"
        assert accounts(executor).failed == 1


def test_views_keep_their_buffer():
    with BatchExecutor(upper, 8, 8, workers=1, results=1) as executor:
        view = acquired(executor).input[2:4]
        gc.collect()
        assert executor.acquire() == (FULL, None)
        view[0] = 1
        del view
        assert free_buffers(executor) == 1
        kept = acquired(executor).input
    # And the memory, when the executor is gone.
    gc.collect()
    kept[:] = bytes(range(8))
    assert bytes(kept) == bytes(range(8))
    del kept
    gc.collect()
    assert not jobexec._sides


def test_waiting_and_ends():
    executor = BatchExecutor(upper, 8, 8, workers=1, results=1)
    buffer = acquired(executor)
    assert executor.acquire_wait(0.01) == (TIMEOUT, None)
    answers = []

    def wait():
        answers.append(executor.acquire_wait(PATIENCE)[0])

    def during(act, expected):
        thread = threading.Thread(target=wait)
        thread.start()
        act()
        thread.join(PATIENCE)
        assert answers.pop() == expected and not thread.is_alive()

    during(buffer.release, OK)
    gc.collect()
    buffer = acquired(executor)
    assert executor.put(buffer)[0] == OK and executor.reset() == OK
    status, buffer = executor.acquire_wait(PATIENCE)  # The reset gave it back.
    assert status == OK and accounts(executor).discarded == 1
    during(executor.abort, ABORTED)
    assert executor.put(buffer) == (ABORTED, None)
    assert executor.close() == OK and executor.acquire() == (CLOSED, None)
    buffer.release()
    assert executor.free() == OK


def test_threads():
    """Every byte of every batch is the one that was put, from several threads."""
    rounds, size = 200, 64

    def fill(job):
        job.output[:] = bytes(byte ^ 0xFF for byte in job.input)
        job.set_output(size)

    failures = []

    def work(first):
        try:
            for n in range(rounds):
                status, buffer = executor.acquire_wait(PATIENCE)
                assert status == OK, status
                pattern = bytes([(first + n) % 256]) * size
                buffer.input[:] = pattern
                assert executor.put_wait(buffer, PATIENCE)[0] == OK
                status, result = executor.poll_wait(PATIENCE)
                assert status == OK, status
                given = bytes(result.buffer.input)
                assert given == given[:1] * size
                assert bytes(result.buffer.output) == bytes([given[0] ^ 0xFF]) * size
        except BaseException as error:
            failures.append(error)

    with BatchExecutor(fill, size, size, workers=2) as executor:
        threads = [threading.Thread(target=work, args=(100 * first,)) for first in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert not failures, failures
        assert accounts(executor).done == 3 * rounds
        assert free_buffers(executor) == 6


run_tests(globals())
