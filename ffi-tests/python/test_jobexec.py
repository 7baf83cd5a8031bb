"""The ctypes binding: results, failures, reset, end, close, and that no payload is kept."""

import gc
import json
import threading
import weakref

import jobexec
from jobexec import (CANCELLED, CLOSED, EMPTY, END, FAILED, FULL, OK, TIMED_OUT, TIMEOUT,
                     Executor)
from support import PATIENCE, accounts, finish_and_poll, run_tests


class Payload:
    """Something that can be watched."""

    def __init__(self, value):
        self.value = value


def test_results():
    def transform(payload, job):
        if payload.value == 13:
            raise ValueError("unlucky")
        if payload.value == 14:
            return "replaced"
        payload.value += job.number

    watched = weakref.WeakSet()
    with Executor(transform, workers=2) as executor:
        assert executor.capacity() == (6, 4)
        results, ids = [], []
        for value in range(100):
            payload = Payload(value)
            watched.add(payload)
            while True:
                status, job_id = executor.put(payload)
                if status == OK:
                    break
                assert status == FULL
                status, result = executor.poll_wait(PATIENCE)
                assert status == OK
                results.append(result)
            ids.append(job_id)
        results += finish_and_poll(executor)
        assert sorted(result.job_id for result in results) == sorted(set(ids)) and len(ids) == 100
        for result in results:
            if result.number == 13:
                assert (result.outcome, result.code) == (FAILED, 1)
                assert result.message == "ValueError: unlucky" and result.payload.value == 13
            elif result.number == 14:
                assert result.payload == "replaced"
            else:
                assert result.payload.value == 2 * result.number and result.message == ""
            # The clock of a result is that of the process.
            assert result.finished_ns <= result.queued_ns <= result.polled_ns
        assert "100 accepted = 99 done + 1 failed" in executor.report()
        assert accounts(executor).outstanding == 0
    results.clear()
    del payload, result
    gc.collect()
    assert len(watched) == 0


def test_order():
    def transform(payload, job):
        payload.value = job.seed

    def epoch(workers, first_number=0):
        fields = {"ordered": 1, "seed": 3, "first_session": 5, "first_number": first_number}
        with Executor(transform, workers=workers, results=100, **fields) as executor:
            for _ in range(100 - first_number):
                assert executor.put_wait(Payload(0), PATIENCE)[0] == OK
            results = finish_and_poll(executor)
            assert accounts(executor).outstanding == 0
        assert [result.number for result in results] == list(range(first_number, 100))
        assert {result.session for result in results} == {5}
        return [result.payload.value for result in results]

    whole = epoch(workers=1)
    assert epoch(workers=3) == whole and epoch(workers=2, first_number=40) == whole[40:]


def test_reset_and_close():
    at_work, seen, discarded = threading.Semaphore(0), threading.Event(), []

    def transform(payload, job):
        at_work.release()
        while not job.cancelled:
            pass
        seen.set()

    watched = weakref.WeakSet()
    executor = Executor(transform, lambda payload: discarded.append(payload.value), workers=1)
    for value in range(3):
        payload = Payload(value)
        watched.add(payload)
        assert executor.put_wait(payload, PATIENCE)[0] == OK
    assert at_work.acquire(timeout=PATIENCE)
    assert executor.put(None)[0] == FULL
    assert executor.put_wait(None, 0.01)[0] == TIMEOUT
    assert executor.poll() == (EMPTY, None) and executor.poll_wait(0.01) == (TIMEOUT, None)
    assert executor.reset() == OK
    assert seen.wait(PATIENCE)
    assert executor.put(Payload(3))[0] == OK
    assert executor.close(PATIENCE) == OK
    assert sorted(discarded) == [0, 1, 2, 3]
    assert executor.put(None) == (CLOSED, None) and executor.poll() == (CLOSED, None)
    assert accounts(executor).discarded == 4
    assert executor.free() == OK
    del payload, executor
    gc.collect()
    assert len(watched) == 0 and not jobexec._sides


def test_chain():
    def transform(payload, job):
        return payload + [job.stage]

    with Executor(transform, stages=[1, 2, 1], results=8, queue_per_worker=8) as executor:
        for _ in range(8):
            assert executor.put([])[0] == OK
        assert [result.payload for result in finish_and_poll(executor)] == [[0, 1, 2]] * 8
        assert accounts(executor).workers == 4


def test_report():
    at_work, let_go = threading.Event(), threading.Event()

    def transform(payload, job):
        at_work.set()
        let_go.wait(PATIENCE)

    with Executor(transform, workers=1, results=4, queue_per_worker=4) as executor:
        for _ in range(3):
            executor.put(None)
        assert at_work.wait(PATIENCE) and executor.poll() == (EMPTY, None)
        report = json.loads(executor.report_json())
        stats = accounts(executor)
        assert report["state"] == "open" and report["session"] == 0
        assert report["capacity"] == {"queued": 4, "in_flight": 4}
        assert set(report["stats"]) == {name for name, _ in jobexec.Counters._fields_} - {"size"}
        assert report["stats"]["accepted"] == 3 == stats.accepted
        assert report["stats"]["polls_empty"] == 1 == stats.polls_empty
        worker, = report["workers"]
        assert worker["done"] == 0 and worker["job"]["number"] == 0
        assert worker["job"]["running_ns"] >= 0 and worker["job"]["unwanted"] is None
        executor.cancel(worker["job"]["id"])
        worker, = json.loads(executor.report_json())["workers"]
        assert worker["job"]["unwanted"] == "cancelled"
        let_go.set()
        finish_and_poll(executor)
        report = json.loads(executor.report_json())
        assert report["workers"][0]["job"] is None and report["workers"][0]["done"] == 3
        assert 0 < report["busy"] <= 1 and 0 <= accounts(executor).readiness < 1
        assert abs(report["readiness"] - accounts(executor).readiness) < 1e-3


def test_deadline_and_cancel():
    at_work, let_go, discarded = threading.Event(), threading.Event(), []

    def transform(payload, job):
        at_work.set()
        if payload.value == "hangs":
            let_go.wait(PATIENCE)
        while payload.value == "listens" and not job.cancelled:
            pass

    fields = {"workers": 1, "results": 4, "queue_per_worker": 4, "job_timeout_ns": 2**64 - 1,
              "abandon_after_ns": 10_000_000}
    executor = Executor(transform, lambda payload: discarded.append(payload.value), **fields)
    ids = [executor.put(Payload(value))[1] for value in ("listens", "waits")]
    assert at_work.wait(PATIENCE)
    assert [executor.cancel(job_id) for job_id in reversed(ids)] == [OK, OK]
    for value in ("listens", "waits"):
        status, result = executor.poll_wait(PATIENCE)
        assert (status, result.outcome, result.payload.value) == (OK, CANCELLED, value)
    assert executor.cancel(ids[1] + 1) == EMPTY
    for value in ("listens", "hangs"):
        assert executor.put_limited(Payload(value), 0.01, wait=PATIENCE)[0] == OK
        status, result = executor.poll_wait(PATIENCE)
        assert (status, result.outcome) == (OK, TIMED_OUT)
        assert (result.payload is None) == (value == "hangs")
    assert executor.put(Payload("others"))[0] == OK
    assert executor.poll_wait(PATIENCE)[1].payload.value == "others"
    assert accounts(executor).abandoned == 1 and not discarded
    let_go.set()
    assert executor.close(PATIENCE) == OK and executor.free() == OK
    assert discarded == ["hangs"]


def test_stuck():
    let_go, at_work = threading.Event(), threading.Event()

    def transform(payload, job):
        at_work.set()
        let_go.wait(PATIENCE)

    executor = Executor(transform, workers=1)
    assert executor.put("held")[0] == OK
    assert at_work.wait(PATIENCE)
    assert executor.close(0.05) == TIMEOUT
    assert "no longer wanted" in executor.report()
    assert executor.free() == OK
    let_go.set()
    # The worker leaves by itself, and the binding forgets it then.
    waits = threading.Event()
    for _ in range(2000):
        if not jobexec._sides:
            return
        waits.wait(0.01)
    raise AssertionError("the executor was never destroyed")


def test_errors():
    def refused(**fields):
        try:
            Executor(lambda payload, job: None, **fields)
        except jobexec.Error as error:
            return error
        raise AssertionError(fields)

    assert refused(workers=5000).status == jobexec.ERROR_ARGUMENT
    assert "spin_ns" in str(refused(spin_ns=2**40))
    assert "empty" in str(refused(cpus=[]))
    assert not jobexec._sides
    inside = []

    def transform(payload, job):
        try:
            executor.reset()
        except jobexec.Error as error:
            inside.append(error.status)

    with Executor(transform, workers=1) as executor:
        assert executor.put(None)[0] == OK
        finish_and_poll(executor)
        try:
            executor.put(None)
            raise AssertionError("the session is finished")
        except jobexec.Error as error:
            assert error.status == jobexec.ERROR_FINISHED
    assert inside == [jobexec.ERROR_INSIDE_CALLBACK]


def test_threads():
    """Each payload comes back once, from several threads on both sides."""
    jobs, sums, lock = 2000, [], threading.Lock()

    def transform(payload, job):
        return payload + 1

    def put(first):
        for value in range(first, jobs, 2):
            assert executor.put_wait(value, PATIENCE)[0] == OK

    def poll():
        while True:
            status, result = executor.poll_wait(PATIENCE)
            if status == END:
                return
            assert status == OK
            with lock:
                sums.append(result.payload)

    with Executor(transform, workers=2) as executor:
        putters = [threading.Thread(target=put, args=(first,)) for first in range(2)]
        pollers = [threading.Thread(target=poll) for _ in range(2)]
        for thread in putters + pollers:
            thread.start()
        for thread in putters:
            thread.join(PATIENCE)
        assert executor.finish() == OK
        for thread in pollers:
            thread.join(PATIENCE)
        assert sorted(sums) == list(range(1, jobs + 1))
        assert accounts(executor).done == jobs


run_tests(globals())
