"""The trace: JSON that says what each job went through, of threads and of worker processes. This
script is its own worker."""

import json
import threading

import jobexec
from jobexec import ERROR_ARGUMENT, OK, Error, Executor
from jobexec_processes import ProcessExecutor, serve
from support import PATIENCE, accounts, finish_and_poll, run_tests

JOBS, KEPT = 100, 40


def check(trace, results, workers):
    """One slice for each run, and two waits; none of a worker's overlap."""
    events = json.loads(trace)["traceEvents"]
    names = {event["args"]["name"] for event in events if event["ph"] == "M"}
    assert {"workers", "queued", "ready"} <= names
    runs = [event for event in events if event["ph"] == "X"]
    expected = {result.job_id: result for result in results}
    assert {run["args"]["id"] for run in runs} == set(expected) and len(runs) == len(expected)
    ends = {}
    for run in sorted(runs, key=lambda run: run["ts"]):
        result, args = expected[run["args"]["id"]], run["args"]
        assert abs(run["ts"] - result.started_ns / 1000) < 1
        assert abs(run["ts"] + run["dur"] - result.finished_ns / 1000) < 1
        assert run["tid"] == result.worker + 1 <= workers
        assert (args["session"], args["number"]) == (result.session, result.number)
        assert args["outcome"] == ("failed" if result.outcome else "done")
        assert args["attempts"] == result.attempts == 1
        assert run["ts"] >= ends.get(run["tid"], 0)
        ends[run["tid"]] = run["ts"] + run["dur"] - 0.002
    for name, begin, end in (("queued", "created_ns", "started_ns"),
                             ("ready", "finished_ns", "polled_ns")):
        waits = [event for event in events if event.get("cat") == name]
        assert len(waits) == 2 * len(expected)
        for wait in waits:
            stamp = getattr(expected[int(wait["id"])], begin if wait["ph"] == "b" else end)
            assert abs(wait["ts"] - stamp / 1000) < 1


def test_threads():
    def transform(payload, job):
        if payload % 10 == 3:
            raise ValueError("on purpose")

    fields = {"workers": 2, "results": JOBS, "queue_per_worker": JOBS, "trace_jobs": KEPT}
    with Executor(transform, **fields) as executor:
        assert json.loads(executor.trace_json())["traceEvents"]
        for number in range(JOBS):
            assert executor.put(number)[0] == OK
        results = finish_and_poll(executor)
        assert len(results) == JOBS
        check(executor.trace_json(), results[-KEPT:], 2)
        accounts(executor)


def test_pollers_at_once():
    fields = {"workers": 2, "results": 60, "queue_per_worker": 60, "trace_jobs": 1000}
    with Executor(lambda payload, job: None, **fields) as executor:
        results = []
        pollers = [threading.Thread(target=lambda: results.extend(finish_and_poll(executor)))
                   for _ in range(3)]
        for number in range(60):
            assert executor.put(number)[0] == OK
        for poller in pollers:
            poller.start()
        for poller in pollers:
            poller.join()
        check(executor.trace_json(), results, 2)


def test_processes():
    with ProcessExecutor([__file__], 64, 64, workers=2, trace_jobs=KEPT,
                         results=16) as executor:
        results = []
        for number in range(JOBS):
            status, buffer = executor.acquire_wait(PATIENCE)
            assert status == OK and executor.put_wait(buffer, PATIENCE)[0] == OK
            status, result = executor.poll_wait(PATIENCE)
            assert status == OK
            result.buffer = None  # It is free for the next.
            results.append(result)
        check(executor.trace_json(), results[-KEPT:], 2)


def test_chain():
    """A slice for each stage, one after the other; one wait before the first and behind the last."""
    fields = {"stages": [1, 2], "results": 20, "queue_per_worker": 20, "trace_jobs": 100}
    with Executor(lambda payload, job: None, **fields) as executor:
        for number in range(20):
            assert executor.put(number)[0] == OK
        ids = {result.job_id for result in finish_and_poll(executor)}
        events = json.loads(executor.trace_json())["traceEvents"]
    runs = sorted((event["args"]["id"], event["args"]["stage"], event["ts"], event["dur"])
                  for event in events if event["ph"] == "X")
    assert len(runs) == 40 and {run[0] for run in runs} == ids
    for first, second in zip(runs[::2], runs[1::2]):
        assert first[:2] == (second[0], 0) and second[1] == 1
        assert first[2] + first[3] <= second[2] + 0.002
    for name in ("queued", "ready"):
        assert sum(event.get("cat") == name for event in events) == 40


def test_off():
    with Executor(lambda payload, job: None, workers=1) as executor:
        executor.put(None)
        finish_and_poll(executor)
        events = json.loads(executor.trace_json())["traceEvents"]
        assert all(event["ph"] == "M" for event in events)
    for fields in ({"timing": 0}, {"trace_jobs": 2**20 + 1}):
        try:
            Executor(lambda payload, job: None, **({"workers": 1, "trace_jobs": 1} | fields))
        except Error as error:
            assert error.status == ERROR_ARGUMENT
        else:
            raise AssertionError("it starts")


if jobexec.is_worker():
    serve(lambda job: None)
run_tests(globals())
