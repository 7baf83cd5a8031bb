"""The pools of Python that benches compare with. Reads lines of what to run and with which numbers,
and answers each with the nanoseconds that it took, or with why it cannot. The host's CPU is the
first argument, the workers' are the others.
"""

import ctypes
import multiprocessing
import os
import sys
import time

HOST_CPU, *WORKER_CPUS = map(int, sys.argv[1:])
VALUES_OF_A_PAGE = 4096 // 4

try:
    import numpy
except ImportError:
    numpy = None
try:
    import torch
    from torch.utils.data import DataLoader, Dataset
except ImportError:
    torch, Dataset = None, object


def pin(number):
    os.sched_setaffinity(0, {WORKER_CPUS[number % len(WORKER_CPUS)]})


def begin(counter):
    ctypes.CDLL(None).prctl(1, 9)  # It is killed if the script is.
    with counter.get_lock():
        pin(counter.value)
        counter.value += 1


def echo(payload):
    return payload


def fill(job):
    """A batch of that many bytes: floats where there is numpy."""
    number, size = job
    if numpy is None:
        return bytes([number % 255 + 1]) * size
    return numpy.full(size // 4, number, numpy.float32)


def consume(batch):
    """Reads one value of each page."""
    if numpy is None:
        return sum(batch[::4096])
    return float(batch[::VALUES_OF_A_PAGE].sum())


pools = {}


def pool(workers):
    if workers not in pools:
        counter = multiprocessing.Value("i", 0)
        pools[workers] = multiprocessing.Pool(workers, begin, (counter,))
    return pools[workers]


def pool_round_trip(times, size):
    total, payload, one = 0, bytes(size), pool(1)
    for _ in range(times):
        time.sleep(0.0002)
        start = time.monotonic_ns()
        one.apply(echo, (payload,))
        total += time.monotonic_ns() - start
    return total


def pool_stream(jobs, size, workers, chunk):
    """Payloads are objects of their own: pickle writes one that comes again only once a chunk."""
    pool(workers).apply(echo, (bytes(size),))
    start = time.monotonic_ns()
    for _ in pool(workers).imap(echo, (bytes(size) for _ in range(jobs)), chunk):
        pass
    return time.monotonic_ns() - start


def pool_batches(batches, size, workers):
    """One more in flight than there are workers: imap would take all that there are."""
    start, waiting = time.monotonic_ns(), []
    for number in range(batches):
        waiting.append(pool(workers).apply_async(fill, ((number, size),)))
        if len(waiting) == workers + 1:
            consume(waiting.pop(0).get())
    for one in waiting:
        consume(one.get())
    return time.monotonic_ns() - start


class Batches(Dataset):
    def __init__(self, size):
        self.values = size // 4

    def __len__(self):
        return 1 << 30

    def __getitem__(self, number):
        return torch.full((self.values,), float(number % 1000))


loaders = {}


def loader(size, workers, ahead):
    """An endless one, in its stride."""
    if torch is None:
        raise RuntimeError("torch is not installed")
    key = size, workers, ahead
    if key not in loaders:
        made = DataLoader(Batches(size), batch_size=None, num_workers=workers,
                          prefetch_factor=ahead, worker_init_fn=pin)
        loaders[key] = iter(made)
        for _ in range(2 * workers * ahead):
            next(loaders[key])
    return loaders[key]


def loader_stream(jobs, size, workers):
    batches = loader(size, workers, 64 // workers)
    start = time.monotonic_ns()
    for _ in range(jobs):
        next(batches)
    return time.monotonic_ns() - start


def loader_batches(count, size, workers):
    batches = loader(size, workers, 1)
    start = time.monotonic_ns()
    for _ in range(count):
        batch = next(batches)
        float(batch[::VALUES_OF_A_PAGE].sum())
    return time.monotonic_ns() - start


def main():
    os.sched_setaffinity(0, {HOST_CPU, *WORKER_CPUS})
    kinds = (pool_round_trip, pool_stream, pool_batches, loader_stream, loader_batches)
    run = {function.__name__: function for function in kinds}
    for line in sys.stdin:
        what, *numbers = line.split()
        try:
            answer = run[what](*map(int, numbers))
        except Exception as error:
            answer = f"{type(error).__name__}: {error}".replace("\n", " ")
        print(answer, flush=True)


if __name__ == "__main__":
    main()
