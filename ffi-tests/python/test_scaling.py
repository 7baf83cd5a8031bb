"""Two worker processes do pure Python at least 1.5 times as fast as one, where the machine lets two
processes do so. This script is its own worker, and its own plain process to compare with."""

import subprocess
import sys
import time

import jobexec
from jobexec import OK
from jobexec_processes import ProcessExecutor, serve
from support import PATIENCE, Skip, accounts, run_tests

JOBS, AT_ONCE = 20, 8


def burn():
    """Work that holds the interpreter's lock."""
    total = 0
    for n in range(100_000):
        total += n * n % 7


def waited_for_core():
    """Nanoseconds in which this process could have run but others did; 0 where nobody counts."""
    try:
        with open("/proc/self/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1])
    except OSError:
        return 0


def transform(job):
    before = waited_for_core()
    burn()
    job.output.cast("Q")[0] = waited_for_core() - before
    job.set_output(8)


def time_of(executor):
    """Of all jobs, less the share of it in which the workers had to wait for a core, since other
    programs are at work here too."""
    begin, busy, waited, sent = time.perf_counter(), 0, 0, 0
    for got in range(JOBS):
        while sent < min(JOBS, got + AT_ONCE):
            status, buffer = executor.acquire_wait(PATIENCE)
            assert status == OK and executor.put(buffer)[0] == OK
            sent += 1
        status, result = executor.poll_wait(PATIENCE)
        assert status == OK and result.outcome == jobexec.DONE, (status, result.message)
        busy += result.finished_ns - result.started_ns
        waited += result.buffer.output.cast("Q")[0]
    return (time.perf_counter() - begin) * (1 - waited / busy)


def plain_time_of(processes):
    """The same work without us."""
    begin = time.perf_counter()
    for process in processes:
        process.stdin.write(f"{JOBS // len(processes)}\n")
        process.stdin.flush()
    for process in processes:
        process.stdout.readline()
    return time.perf_counter() - begin


def be_plain():
    for line in sys.stdin:
        for _ in range(int(line)):
            burn()
        print(flush=True)


def best(times):
    """How much faster two are, by the shortest time of each."""
    return min(one for one, _ in times) / min(two for _, two in times)


def test_python_scales_with_workers():
    def start(workers):
        # One more than at the workers: the result at hand.
        return ProcessExecutor([__file__], 0, 8, workers=workers, pinning=jobexec.PIN_OFF,
                               results=AT_ONCE + 1, queue_per_worker=AT_ONCE + 1)

    with start(jobexec.WORKERS_AUTO) as all_there_are:
        if all_there_are.stats().workers < 2:
            raise Skip("there is one core")
    command = [sys.executable, "-B", __file__, "plain"]
    plain = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
             for _ in range(2)]
    with plain[0], plain[1], start(1) as one, start(2) as two:
        times, plain_times = [], []
        while len(times) < 3 or best(times) < 1.5 and len(times) < 10:
            times.append((time_of(one), time_of(two)))
            plain_times.append((plain_time_of(plain[:1]), plain_time_of(plain)))
        says = (f"two workers are {best(times):.2f} times as fast as one, two plain processes "
                f"{best(plain_times):.2f} times, after {len(times)} rounds")
        assert accounts(two).done == len(times) * JOBS
    if best(times) < 1.5 and best(plain_times) < 1.75:
        raise Skip("the machine is busy: " + says)
    print(says)
    assert best(times) >= 1.5, times


if jobexec.is_worker():
    serve(transform)
if sys.argv[1:] == ["plain"]:
    sys.exit(be_plain())
run_tests(globals())
