"""Trains a classifier of handwritten digits; the transform is a Python function.

Workers prepare batches of shifted, noisy images, the host learns from them. It keeps the executor
full, so an epoch ends by a reset, which gives back what was prepared in vain. The argument: a file
with 64 pixels (0 to 16) and a label a line.
"""

import math
import random
import sys

from jobexec import FULL, OK, Executor

SIDE, CLASSES, BATCH, BATCHES, EPOCHS = 8, 10, 32, 45, 8


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
    def fill(batch, job):
        chance = random.Random(job.seed)
        for image, label in chance.choices(digits, k=BATCH):
            shift, rows = chance.choice((0, 0, 0, 0, 0, 0, 0, -1, 1)), []
            for row in range(0, SIDE * SIDE, SIDE):
                padded = [0.0, *image[row:row + SIDE], 0.0]
                rows += padded[1 + shift:1 + shift + SIDE]
            batch.append(([ink + 0.1 * chance.random() for ink in rows] + [1.0], label))
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
    trained, batch = 0, []
    while trained < BATCHES:
        status, _ = executor.put(batch)
        if status == OK:
            batch = []
            continue
        status, result = executor.poll_wait(10) if status == FULL else (status, None)
        if status != OK or result.outcome != 0:
            sys.exit(f"no batch: {result.message if result else status}")
        for image, label in result.payload:
            learn(weights, image, label, 0.05)
        trained += 1


def main():
    training, held_out = read(sys.argv[1] if len(sys.argv) > 1 else "ffi-tests/data/optdigits.csv")
    weights = [[0.0] * (SIDE * SIDE + 1) for _ in range(CLASSES)]
    with Executor(augment(training)) as executor:
        for _ in range(EPOCHS):
            train(executor, weights)
            executor.reset()
        print(executor.report(), end="")
    right = 0
    for image, label in held_out:
        chances = classify(weights, image)
        right += chances.index(max(chances)) == label
    print(f"accuracy on {len(held_out)} held-out digits: {100 * right / len(held_out):.1f} %")
    return 0 if right >= 0.85 * len(held_out) else 1


if __name__ == "__main__":
    sys.exit(main())
