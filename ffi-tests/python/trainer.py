"""Trains a classifier of handwritten digits; the transform is a Python function.

Workers prepare batches of shifted, noisy images, the host learns from them: threads, which take
turns at the interpreter's lock, or processes, which are this script again. It keeps the executor
full, so an epoch ends by a reset, which gives back what was prepared in vain. The data has 64
pixels (0 to 16) and a label a line.
"""

import argparse
import array
import math
import random
import sys

import jobexec
from jobexec import FULL, OK
from jobexec_batches import BatchExecutor
from jobexec_processes import ProcessExecutor, serve

SIDE, CLASSES, BATCH, BATCHES, EPOCHS = 8, 10, 32, 45, 8
WIDTH = SIDE * SIDE + 2  # The pixels, a 1 for the bias, and the label.


def read(path):
    """(image, label) pairs: those to learn from, and every fifth, held out."""
    digits = []
    with open(path, encoding="ascii") as file:
        for line in file:
            *pixels, label = map(int, line.split(","))
            digits.append(([pixel / 16 for pixel in pixels] + [1.0], label))
    held_out = digits[::5]
    del digits[::5]
    return digits, held_out


def augment(digits):
    """The transform: fills a batch. The job's seed decides which digits, how shifted, how noisy."""
    def fill(job):
        chance, batch = random.Random(job.seed), array.array("d")
        for image, label in chance.choices(digits, k=BATCH):
            shift, rows = chance.choice((0, 0, 0, 0, 0, 0, 0, -1, 1)), []
            for row in range(0, SIDE * SIDE, SIDE):
                padded = [0.0, *image[row:row + SIDE], 0.0]
                rows += padded[1 + shift:1 + shift + SIDE]
            batch.extend([ink + 0.1 * chance.random() for ink in rows] + [1.0, label])
        job.output.cast("d")[:] = batch
        job.set_output(len(job.output))
    return fill


def classify(weights, image):
    """The probability of each class."""
    powers = [math.exp(sum(map(float.__mul__, row, image))) for row in weights]
    total = sum(powers)
    return [power / total for power in powers]


def learn(weights, image, label, rate):
    for number, chance in enumerate(classify(weights, image)):
        step = rate * ((number == label) - chance)
        weights[number] = [weight + step * ink for weight, ink in zip(weights[number], image)]


def train(executor, weights):
    """One epoch."""
    trained, spare = 0, None
    while trained < BATCHES:
        status = OK
        if spare is None:
            status, spare = executor.acquire()
        if status == OK:
            status, _ = executor.put(spare)
        if status == OK:
            spare = None
            continue
        status, result = executor.poll_wait(10) if status == FULL else (status, None)
        if status != OK or result.outcome != jobexec.DONE:
            sys.exit(f"no batch: {result.message if result else status}")
        rows = result.buffer.output.cast("d").tolist()
        result.buffer.release()
        for at in range(0, len(rows), WIDTH):
            *image, label = rows[at:at + WIDTH]
            learn(weights, image, int(label), 0.05)
        trained += 1


def start(options, transform):
    """Either kind of executor, with the same transform: a worker process calls it in main."""
    size = BATCH * WIDTH * array.array("d").itemsize
    if options.workers == "threads":
        return BatchExecutor(transform, 0, size, workers=options.count)
    return ProcessExecutor([__file__, options.data], 0, size, workers=options.count)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", choices=("threads", "processes"), default="threads")
    parser.add_argument("--count", type=int, default=jobexec.WORKERS_AUTO)
    parser.add_argument("data", nargs="?", default="ffi-tests/data/optdigits.csv")
    options = parser.parse_args()
    training, held_out = read(options.data)
    if jobexec.is_worker():
        serve(augment(training))
    weights = [[0.0] * (SIDE * SIDE + 1) for _ in range(CLASSES)]
    with start(options, augment(training)) as executor:
        for _ in range(EPOCHS):
            train(executor, weights)
            executor.reset()
        print(executor.report(), end="")
    right = loss = 0
    for image, label in held_out:
        chances = classify(weights, image)
        right += chances.index(max(chances)) == label
        loss -= math.log(chances[label])
    count = len(held_out)
    print(f"accuracy on {count} held-out digits: {100 * right / count:.1f} %, "
          f"loss {loss / count:.9g}")
    return 0 if right >= 0.85 * count else 1


if __name__ == "__main__":
    sys.exit(main())
