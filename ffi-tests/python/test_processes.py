"""The binding's worker processes: what becomes of a transform, a failure, a death. This script is
its own worker."""

import gc
import json
import os
import select
import signal
import sys
import tempfile

import jobexec
from jobexec import CRASHED, DONE, ERROR_NOT_WORKER, ERROR_WORKER, FAILED, OK
from jobexec_batches import BatchExecutor
from jobexec_processes import ProcessExecutor, serve
from support import PATIENCE, Skip, accounts, finish_and_poll, run_tests

try:
    import numpy
except ImportError:
    numpy = None

SIZE = 4096


def answer(job, value):
    text = json.dumps(value).encode()
    job.output[:len(text)] = text
    job.set_output(len(text))


def say_who(job, _):
    answer(job, [os.getpid(), os.getpgrp(), sys.argv[1:], os.environ.get("JOBEXEC_TEST")])


def add_up(job, numbers):
    answer(job, sum(numbers))


def append_stage(job, numbers):
    """What it writes is the next stage's input."""
    text = json.dumps(["append_stage", [*numbers, job.stage]]).encode() + b"\n"
    job.output[:len(text)] = text
    job.set_output(len(text))


def fail(_, text):
    raise ValueError(text)


def wait_to_be_killed(_, fifo):
    with open(fifo, "w", encoding="ascii") as file:
        print(os.getpid(), file=file)
    while True:
        signal.pause()


def double(job, count):
    """By numpy, where the numbers lie: nothing is copied."""
    given = numpy.frombuffer(job.input, numpy.float32, count, offset=SIZE // 2)
    wanted = numpy.frombuffer(job.output, numpy.float32, count)
    assert not given.flags.owndata and wanted.flags.writeable
    numpy.multiply(given, 2, out=wanted)
    job.set_output(wanted.nbytes)


def transform(job):
    """The input begins with a line: which function, and its argument."""
    name, argument = json.loads(bytes(job.input[:SIZE // 2]).split(b"\n")[0])
    globals()[name](job, argument)


def start(workers=1, arguments=(), **fields):
    return ProcessExecutor([__file__, *arguments], SIZE, SIZE, workers=workers, **fields)


def put(executor, function, argument=None, fill=None):
    status, buffer = executor.acquire_wait(PATIENCE)
    assert status == OK, status
    line = json.dumps([function.__name__, argument]).encode() + b"\n"
    buffer.input[:len(line)] = line
    if fill is not None:
        fill(buffer)
    status, _ = executor.put_wait(buffer, PATIENCE)
    assert status == OK, status


def poll(executor):
    status, result = executor.poll_wait(PATIENCE)
    assert status == OK, status
    return result


def answered(result):
    assert result.outcome == DONE, result.message
    return json.loads(bytes(result.buffer.output))


def run(executor, function, argument=None, fill=None):
    put(executor, function, argument, fill)
    return poll(executor)


def test_either_kind_answers_the_same():
    answers = []
    with BatchExecutor(transform, SIZE, SIZE, workers=1) as threads, start() as processes:
        for executor in (threads, processes):
            answers.append([answered(run(executor, add_up, [n, 1])) for n in range(20)])
            assert run(executor, fail, "no such image").message == "ValueError: no such image"
            assert (accounts(executor).done, accounts(executor).failed) == (20, 1)
    assert answers[0] == answers[1]


def test_a_worker_is_a_process():
    with start(arguments=["as", "worker"], env=["JOBEXEC_TEST=é=1"]) as executor:
        number, group, arguments, variable = answered(run(executor, say_who))
        assert number != os.getpid() and group == number
        assert (arguments, variable) == (["as", "worker"], "é=1")
    assert not jobexec.is_worker()
    try:
        serve(transform)
    except jobexec.Error as error:
        assert error.status == ERROR_NOT_WORKER
    else:
        raise AssertionError("it served")


def test_a_worker_that_raises():
    with start() as executor:
        result = run(executor, fail, "a zero \0 and é")
        assert (result.outcome, result.code) == (FAILED, 1)
        assert result.message == "ValueError: a zero   and é", result.message
        first = answered(run(executor, say_who))
        assert accounts(executor).restarts == 0 and answered(run(executor, say_who)) == first


def test_a_worker_that_is_killed():
    with tempfile.TemporaryDirectory() as folder, start() as executor:
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        put(executor, wait_to_be_killed, fifo)
        assert select.select([reader], [], [], PATIENCE)[0], "it did not begin"
        number = int(os.read(reader, 100))
        os.close(reader)
        os.kill(number, signal.SIGKILL)
        result = poll(executor)
        assert (result.outcome, result.code) == (CRASHED, -signal.SIGKILL), result.message
        assert str(number) in result.message and "signal 9" in result.message
        assert answered(run(executor, say_who))[0] != number
        n = accounts(executor)
        assert (n.done, n.crashed, n.restarts, n.outstanding) == (1, 1, 1, 0)


def test_what_cannot_start():
    lines = []
    try:
        ProcessExecutor(["-c", "print('oh'); raise SystemExit(5)"], 8, 8, workers=1,
                        log=lambda _, line: lines.append(line),
                        worker_output=jobexec.OUTPUT_LOG, restart_backoff_ns=1000)
    except jobexec.Error as error:
        assert error.status == ERROR_WORKER and "exit code 5" in str(error), error
        assert "worker 0: oh" in lines, lines
    else:
        raise AssertionError("it started")


def test_numpy_views():
    if numpy is None:
        raise Skip("there is no numpy")
    numbers = numpy.arange(100, dtype=numpy.float32)

    def fill(buffer):
        numpy.frombuffer(buffer.input, numpy.float32, 100, offset=SIZE // 2)[:] = numbers

    with start() as executor:
        result = run(executor, double, 100, fill)
        assert result.outcome == DONE, result.message
        doubled = numpy.frombuffer(result.buffer.output, numpy.float32)
        assert not doubled.flags.owndata and (doubled == 2 * numbers).all()
        del result
        gc.collect()
        assert (doubled == 2 * numbers).all()  # The view keeps the buffer.


def test_chain():
    fields = {"stages": [1, 1], "results": 8, "queue_per_worker": 8}
    with ProcessExecutor([__file__], SIZE, SIZE, **fields) as executor:
        for n in range(5):
            put(executor, append_stage, [n])
        results = finish_and_poll(executor)
        said = sorted(answered(result)[1] for result in results)
        assert said == [[n, 0, 1] for n in range(5)], said
        del results


def test_a_session_ends():
    with start(2) as executor:
        for n in range(5):
            put(executor, add_up, [n])
        results = finish_and_poll(executor)
        assert sorted(result.number for result in results) == list(range(5))
        assert accounts(executor).done == 5


if jobexec.is_worker():
    serve(transform)
run_tests(globals())
