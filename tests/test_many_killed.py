"""A run that is killed, again and again, loses nothing and pays for nothing twice.

The moments are drawn, and told by what happens, never by a clock: a process is killed when the
server gets the request of a certain number (then some answers are under way), or when it has said
that so many inputs are done while all others wait at the server.
"""

import contextlib
import json
import os
import random
import signal
import threading
from pathlib import Path

import pytest
from desks import PATIENCE, answer_to, text_of
from nursery import Nursery

from fieldconf.testing import FakeServer, HttpError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")

COUNT, CONCURRENCY, KILLS = 240, 4, 20
LIVES = Path(__file__).with_name("many_lives.py")


class Gate:
    """What the server does with requests: so many are answered, then the others wait.

    Args:
        answers: how many requests are answered; None: all.
        full: called when one comes that is not answered.
    """

    def __init__(self, texts, *, answers=None, full=None):
        self.texts, self.over, self.waiting = texts, threading.Event(), threading.Semaphore(0)
        self._left, self._full = answers, full
        self._lock = threading.Lock()

    def __call__(self, body):
        if not body:  # who asks was killed before it had said what
            return HttpError(400)
        with self._lock:
            self.texts.append(text_of(body))
            is_answered = self._left is None or self._left > 0
            if is_answered and self._left is not None:
                self._left -= 1
        if not is_answered:
            self.waiting.release()
            if self._full is not None:
                self._full()
            assert self.over.wait(PATIENCE)
        return answer_to(text_of(body))


@pytest.fixture
def nursery():
    with contextlib.closing(Nursery(LIVES)) as made:
        yield made


def lines_in(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


class Runs:
    """Lives with one output, each with a server of its own, and what they asked."""

    def __init__(self, nursery, count, concurrency):
        self.texts = []
        self._nursery, self._plan = nursery, {"count": count, "concurrency": concurrency}

    def whole(self, output):
        """A life that comes to its end."""
        with self._serving(Gate(self.texts), output):
            assert self._nursery.end() == 0

    def killed_when_kept(self, output, *, answers):
        """One that is killed when all that was answered is kept, and all else is under way."""
        gate = Gate(self.texts, answers=answers)
        with self._serving(gate, output):
            self._nursery.until("asked", answers)
            for _ in range(self._plan["concurrency"]):
                assert gate.waiting.acquire(timeout=PATIENCE)
            self._nursery.kill()
            assert self._nursery.end() == -signal.SIGKILL

    def killed_in_between(self, output, *, answers):
        """One that is killed when a request comes: some answers are under way, or not yet kept."""
        begun = threading.Event()
        gate = Gate(
            self.texts, answers=answers, full=lambda: begun.wait(PATIENCE) and self._nursery.kill()
        )
        with self._serving(gate, output):
            begun.set()
            assert self._nursery.end() == -signal.SIGKILL

    def killed_at_the_end(self, output):
        """One that is killed when all is done, somewhere in what comes then."""
        with self._serving(Gate(self.texts), output):
            self._nursery.until("done", self._plan["count"])
            self._nursery.kill()
            assert self._nursery.end() in (-signal.SIGKILL, 0)

    @contextlib.contextmanager
    def _serving(self, gate, output):
        with FakeServer(gate) as server:
            try:
                self._nursery.begin(base_url=server.base_url, output=str(output), **self._plan)
                yield
            finally:
                gate.over.set()


def test_twenty_kills_at_random_moments(nursery, tmp_path):
    """Same final output; at most ``concurrency`` requests repeated for each kill."""
    drawn = random.Random(7)
    output, journal = tmp_path / "out.jsonl", tmp_path / "out.jsonl.journal"
    runs = Runs(nursery, COUNT, CONCURRENCY)
    for kill in range(KILLS):
        known, answers = lines_in(journal), drawn.randint(0, 10)
        if kill % 2:
            runs.killed_when_kept(output, answers=answers)
            assert lines_in(journal) == known + answers
        else:
            runs.killed_in_between(output, answers=answers)
            assert lines_in(journal) >= known + answers - CONCURRENCY
        assert not output.exists()
    runs.whole(output)
    paid = len(runs.texts)
    assert COUNT < paid <= COUNT + KILLS * CONCURRENCY  # the kills did hit some under way
    assert set(runs.texts) == {f"message {number}" for number in range(COUNT)}

    runs.whole(output)  # it is finished: nothing is asked
    assert len(runs.texts) == paid
    runs.whole(tmp_path / "unbroken.jsonl")
    assert len(runs.texts) == paid + COUNT
    assert output.read_bytes() == (tmp_path / "unbroken.jsonl").read_bytes()
    indexes = [json.loads(line)["index"] for line in output.read_bytes().splitlines()]
    assert indexes == list(range(COUNT))
    assert not journal.exists()


def test_kills_while_the_output_is_written(nursery, tmp_path):
    """All is answered; the process ends anywhere between the last line and the end."""
    output, runs = tmp_path / "out.jsonl", Runs(nursery, 12, 3)
    for _ in range(5):
        runs.killed_at_the_end(output)
    runs.whole(output)
    assert len(runs.texts) == 12
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".new"] == ["out.jsonl"]
    assert lines_in(output) == 12


def test_an_interrupt_waits_for_what_runs(nursery, tmp_path):
    """As from Ctrl-C: what is under way is answered and kept, and nothing more is asked."""
    output, texts = tmp_path / "out.jsonl", []
    gate = Gate(texts, answers=5)
    with FakeServer(gate) as server:
        nursery.begin(base_url=server.base_url, output=str(output), count=50, concurrency=2)
        nursery.until("asked", 5)
        assert all(gate.waiting.acquire(timeout=PATIENCE) for _ in range(2))
        nursery.kill(signal.SIGINT)
        gate.over.set()
        assert nursery.end() == 1
    assert lines_in(tmp_path / "out.jsonl.journal") == len(texts)
    assert not output.exists()
