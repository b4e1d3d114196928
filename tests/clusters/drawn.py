"""What engines score: responses that our strategies write, and lines that are none.

A run on one machine is the measure: whatever an engine divides, sends and collects, the rows are
those of one call of ``score_batch``.
"""

import json
from functools import cache
from pathlib import Path
from typing import Literal

import psutil
import pyarrow as pa
from hypothesis import HealthCheck, Phase, given, seed, settings
from pydantic import BaseModel, Field

from fieldconf import strategies
from fieldconf.batch import score_batch

SCHEMA = f"{Path(__file__).resolve()}:Ticket"


class Part(BaseModel):
    """One of several things that were ordered."""

    name: str = Field(max_length=8)
    count: int = Field(ge=1, le=4)


class Ticket(BaseModel):
    """Values of every kind, in objects and lists."""

    team: Literal["billing", "sales", "support"]
    urgent: bool
    amount: float | None = Field(ge=0, le=1000)
    parts: list[Part] = Field(max_length=2)


NO_RESPONSES = (
    "no JSON",
    '{"choices":',
    "{}",
    "[]",
    "null",
    json.dumps({"error": {"message": "Rate limit reached"}}),
    json.dumps({"id": "b-1", "custom_id": "row-1", "response": None, "error": {"message": "gone"}}),
    json.dumps({"choices": [{"message": {"content": '{"team": "bil'}, "finish_reason": "length"}]}),
)
"""Lines that give errors, and reports without numbers."""


@cache
def texts(count=240):
    """Responses as lines of JSON, of all providers; every tenth line or so is none."""
    found = []

    @seed(8)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategies.completions(Ticket, top_logprobs=3).flatmap(strategies.payloads))
    def draw(payload):
        text = payload.decode() if isinstance(payload, bytes) else json.dumps(payload)
        found.append(text.replace("\n", " "))  # server-sent events would be many lines

    draw()
    for place, line in enumerate(NO_RESPONSES * 3):
        found.insert(place * 10, line)
    return tuple(found)


def responses(lines):
    """A table with keys, as callers have them."""
    sources = [f"part-{place // 50}" for place in range(len(lines))]
    numbers = range(1, len(lines) + 1)
    return pa.table(
        {"source": sources, "line": pa.array(numbers, pa.int64()), "response": lines}
    )  # fmt: skip


def expected(table, schema=SCHEMA, *, wide=False, **options):
    """The rows of one call, on this machine."""
    (batch,) = table.combine_chunks().to_batches()
    return pa.Table.from_batches([score_batch(batch, schema, wide=wide, **options)])


def unsure(schema):
    """What the examples print, of the same saved responses."""
    saved = Path(__file__).parents[2] / "examples" / "saved_responses.jsonl"
    rows = expected(pa.table({"response": saved.read_text().splitlines()}), schema).to_pylist()
    low = [row for row in rows if row["pointer"] and row["confidence"] < 0.5]
    low.sort(key=lambda row: row["confidence"])
    assert low
    return [f"{row['confidence']:.3f}  {row['pointer']:<9} {row['value']}" for row in low]


def children():
    """Processes that come of this one."""
    return psutil.Process().children(recursive=True)


def assert_on_loopback(processes):
    """No process listens where another machine could reach it."""
    listening = [
        one.laddr.ip.removeprefix("::ffff:")
        for process in processes
        for one in process.net_connections(kind="inet")
        if one.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}


def assert_ended(processes):
    """All of them are gone."""
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert not alive
