"""Many jobs in one call: the list keeps what was not accepted, and nothing is kept too long."""

import gc
import threading
import weakref

import jobexec
from jobexec import CLOSED, DONE, EMPTY, END, FAILED, FULL, OK, TIMEOUT, Executor
from jobexec_batches import BatchExecutor
from support import PATIENCE, accounts, run_tests

FIVE = {"results": 5, "queue_per_worker": 5}


class Payload:
    """Something that can be watched."""

    def __init__(self, value):
        self.value = value


def test_rows():
    let_go = threading.Event()

    def transform(payload, job):
        let_go.wait(PATIENCE)
        if payload.value == 3:
            raise ValueError("three")

    payloads = [Payload(value) for value in range(8)]
    watched = weakref.WeakSet(payloads)
    with Executor(transform, workers=1, **FIVE) as executor:
        assert executor.put_many([]) == (OK, range(0)) and executor.poll_many(0) == (OK, [])
        assert executor.put_many(payloads) == (OK, range(5))
        assert executor.put_many(payloads) == (FULL, None)
        assert executor.put_many_wait(payloads, 0.01) == (TIMEOUT, None)
        assert executor.poll_many(4) == (EMPTY, None)
        assert executor.poll_many_wait(4, 0.01) == (TIMEOUT, None)
        assert [payload.value for payload in payloads] == [5, 6, 7]
        let_go.set()
        status, results = executor.poll_many_wait(4, PATIENCE)
        assert status == OK and 1 <= len(results) <= 4
        status, ids = executor.put_many_wait(payloads, PATIENCE)
        assert status == OK and ids[0] == 5 and len(ids) + len(payloads) == 3
        while payloads:
            results += executor.poll_many_wait(4, PATIENCE)[1]
            assert executor.put_many_wait(payloads, PATIENCE)[0] == OK
        assert executor.finish() == OK
        while True:
            status, more = executor.poll_many_wait(4, PATIENCE)
            if status == END:
                break
            results += more
        assert [result.payload.value for result in results] == list(range(8))
        assert [result.job_id for result in results] == list(range(8))
        for result in results:
            three = result.number == 3
            assert result.outcome == (FAILED if three else DONE)
            assert result.message == ("ValueError: three" if three else "")
        assert accounts(executor).outstanding == 0
        del result, results, more
        gc.collect()
        assert len(watched) == 0
        payloads = [Payload(9)]
        try:
            executor.put_many(payloads)
            raise AssertionError("the session is finished")
        except jobexec.Error as error:
            assert error.status == jobexec.ERROR_FINISHED and len(payloads) == 1
        assert executor.close(PATIENCE) == OK
        assert executor.put_many(payloads) == (CLOSED, None)
        assert executor.poll_many(1) == (CLOSED, None) and not executor._side.payloads


def test_discarded():
    discarded = []
    with Executor(lambda payload, job: None, discarded.append, workers=0, **FIVE) as executor:
        payloads = list("abcdefgh")
        assert executor.put_many(payloads) == (OK, range(5)) and payloads == list("fgh")
        assert executor.reset() == OK and discarded == list("abcde")
        assert not executor._side.payloads


def test_buffers():
    def transform(job):
        job.output[0] = job.input[0] + 1
        job.set_output(1)

    def acquired(executor, count):
        buffers = [executor.acquire()[1] for _ in range(count)]
        for number, buffer in enumerate(buffers):
            buffer.input[0] = number
        return buffers

    def refused(buffers):
        try:
            executor.put_many(buffers)
        except ValueError:
            return len(buffers)
        raise AssertionError("a buffer that is not held was put")

    with BatchExecutor(transform, 8, 8, workers=2, **FIVE) as executor:
        for _ in range(50):
            buffers, outputs = acquired(executor, 5), []
            assert executor.put_many(buffers)[0] == OK and not buffers
            while len(outputs) < 5:
                status, results = executor.poll_many_wait(5, PATIENCE)
                assert status == OK
                for result in results:
                    outputs.append(result.buffer.output[0])
                    result.buffer.release()
            assert sorted(outputs) == [1, 2, 3, 4, 5]
        buffers = acquired(executor, 3)
        buffers[1].release()
        assert refused(buffers) == 3 and buffers[0].input[0] == 0
        with BatchExecutor(transform, 8, 8, workers=0) as other:
            buffers[1] = other.acquire()[1]
            assert refused(buffers) == 3
        buffers[1] = buffers[0]
        assert executor.put_many(buffers) == (OK, range(250, 251)) and refused(buffers) == 2
        del buffers[0]
        assert executor.put_many_wait(buffers, PATIENCE) == (OK, range(251, 252))
        assert not buffers and executor.reset() == OK
        assert accounts(executor).accepted == 252


run_tests(globals())
