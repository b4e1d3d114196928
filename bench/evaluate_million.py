"""How long a million judged values take to be evaluated.

In: nothing; 100,000 documents of ten fields are drawn, seeded.
Out: seconds of reading the table and of evaluating it, CPU and wall; how many resamples it has.
Never: another process; a network.
Why: the issue's promise is under 30 seconds.

    python bench/evaluate_million.py [ROWS]
"""

import sys
import time

import numpy as np

import fieldconf as fc
from fieldconf.statistics.judged_table import Table


def columns(rows: int):
    rng = np.random.default_rng(0)
    per = 10
    documents = np.repeat(np.arange(-(-rows // per)), per)[:rows]
    hard = rng.normal(size=documents[-1] + 1)[documents]
    logit = rng.normal(1.5, 1.5, size=rows)
    right = rng.random(rows) < 1 / (1 + np.exp(-(logit - hard)))
    return {
        "document": documents.tolist(),
        "field": [f"/field_{at % per}" for at in range(rows)],
        "confidence": (1 / (1 + np.exp(-logit))).tolist(),
        "right": right.tolist(),
    }


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    plain = columns(rows)
    wall, cpu = time.perf_counter(), time.process_time()
    table = Table.read(plain)
    print(f"read       {time.process_time() - cpu:6.1f} s CPU")
    found = fc.evaluate(table)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"all of it  {cpu:6.1f} s CPU, {wall:.1f} s wall")
    print(f"{found.labels:,} rows, {len(found.rows)} groups, {found.resamples} resamples")
    print(found.overall.verdicts)


main()
