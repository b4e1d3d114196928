"""Calibration: how near calibrated confidences come to a perfect score's, by number of labels.

In:    nothing: worlds are generated, with seeds.
Out:   for each number of labels a field: the ECE (15 equal-mass bins, mean over fields) of raw and
       calibrated confidences and of the true probabilities, on 4,000 fresh rows a field; the log
       loss (nats) beside that of the raw confidences; how often the confidences were left alone.
Never: a setting of the calibration that depends on the world.
Why:   people have 30 labels a field, not 30,000.

The severe world: 12 fields; log-odds x of a confidence are normal, their mean 1 to 3.5, their
deviation 1 to 2.2; the true log-odds are a + b x with a normal around -0.3 and b from 0.2 to 0.9,
and for half of the fields bent where x > 2. The mild world: a is nearly 0 and b nearly 1. The world
of one shift: 4 fields with a common shift and slope, and little of their own, as real sets have.

    python bench/calibration.py        # 10 worlds each: some minutes
    python bench/calibration.py 3
"""

import sys
import time

import numpy as np
from scipy.special import expit

import fieldconf as fc
from fieldconf.statistics.judged_table import Table

FRESH, BINS = 4000, 15


def severe(rng):
    a, b = rng.normal(-0.3, 0.7, 12), rng.uniform(0.2, 0.9, 12)
    bend = np.where(np.arange(12) % 2 == 0, rng.choice([-1, 1], 12) * rng.uniform(0.3, 1, 12), 0)
    return a, b, bend * np.minimum(b, 0.5)


def mild(rng):
    return rng.normal(0, 0.15, 12), rng.uniform(0.85, 1.15, 12), np.zeros(12)


def shifted(rng):
    a, b = rng.normal(0, 0.6) + rng.normal(0, 0.4, 4), rng.uniform(0.5, 1.1)
    return a, b + rng.normal(0, 0.1, 4), np.zeros(4)


def draw(rng, world, places, count):
    """Confidences, true probabilities and labels, each (fields, count)."""
    a, b, bend = (part[:, None] for part in world)
    mean, deviation = (part[:, None] for part in places)
    x = mean + deviation * rng.standard_normal((len(a), count))
    truth = expit(a + b * x + bend * (np.logaddexp(0, x - 2) - np.logaddexp(0, -2)))
    return expit(x), truth, rng.random(truth.shape) < truth


def table_of(confidence, right):
    fields, count = confidence.shape
    names = np.repeat([f"/f{number}" for number in range(fields)], count)
    documents = np.tile(np.arange(count), fields)
    return Table.of(documents.tolist(), names.tolist(), confidence.ravel(), right.ravel())


def ece(confidence, right):
    bins = np.array_split(np.argsort(confidence, kind="stable"), BINS)
    gaps = [abs(confidence[each].mean() - right[each].mean()) * len(each) for each in bins]
    return sum(gaps) / len(confidence)


def mean_ece(confidence, right):
    return np.mean([ece(*each) for each in zip(confidence, right, strict=True)])


def loss(confidence, right):
    confidence = np.clip(confidence, 1e-9, 1 - 1e-9)
    return -np.where(right, np.log(confidence), np.log1p(-confidence)).mean()


def measure(kind, labels, seed, fresh=FRESH):
    """(ECE raw, calibrated, perfect; log loss calibrated less raw; left alone; seconds)."""
    rng = np.random.default_rng(seed)
    world = kind(rng)
    fields = len(world[0])
    places = rng.uniform(1, 3.5, fields), rng.uniform(1, 2.2, fields)
    confidence, _, right = draw(rng, world, places, labels)
    start = time.perf_counter()
    calibrator = fc.calibrate(table_of(confidence, right))
    seconds = time.perf_counter() - start
    confidence, truth, right = draw(rng, world, places, fresh)
    made = calibrator.confidences(table_of(confidence, right)).reshape(confidence.shape)
    return (
        mean_ece(confidence, right), mean_ece(made, right), mean_ece(truth, right),
        loss(made, right) - loss(confidence, right), calibrator.chosen == "identity", seconds,
    )  # fmt: skip


def main():
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    for kind, sizes in (
        (severe, (10, 30, 100, 300, 1000)), (shifted, (3, 10, 30, 100, 300)),
        (mild, (3, 10, 30, 100, 300)),
    ):  # fmt: skip
        print(f"\n{kind.__name__}: mean of {worlds} worlds")
        print("labels  raw   made  perfect  excess  loss-raw (worst)  left  seconds")
        for labels in sizes:
            found = np.array([measure(kind, labels, seed) for seed in range(worlds)])
            raw, made, perfect, gain, left, seconds = found.mean(axis=0)
            worst = found[:, 3].max()
            print(
                f"{labels:6}  {raw:.3f}  {made:.3f}  {perfect:.3f}  {made - perfect:7.4f}  "
                f"{gain:8.4f} ({worst:.4f})  {left:4.0%}  {seconds:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
