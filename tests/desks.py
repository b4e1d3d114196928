"""Desks: clients that answer by the text they are asked about, count, and wait for each other.

The answer to a text is always the same, its confidence too: some are accepted, some are to be
reviewed, some are rejected. No network, no time: who is to answer later waits for who is earlier.
"""

import asyncio
import threading
import zlib
from types import SimpleNamespace

from fieldconf.testing import Answer, payloads
from fieldconf.testing.payloads import RequestShape

SCHEMA = {
    "type": "object",
    "properties": {"team": {"enum": ["billing", "sales"]}, "urgent": {"type": "boolean"}},
    "required": ["team", "urgent"],
    "additionalProperties": False,
}
SURE = (0.97, 0.7, 0.3)
PATIENCE = 60  # seconds until a test that would hang fails


def answer_to(text):
    """What is said of a text."""
    number = zlib.crc32(text.encode())
    value = {"team": ("billing", "sales")[number % 2], "urgent": bool(number // 2 % 2)}
    return Answer(value, {"team": SURE[number // 4 % 3]}, schema=SCHEMA)


def payload_to(text):
    return payloads.chat(answer_to(text), RequestShape(logprobs=True, top=5))


def text_of(arguments):
    return arguments["messages"][-1]["content"]


class Desk:
    """A synchronous client.

    Args:
        failing: of these texts the connection is lost.
        order: the texts in the order in which they are answered; all are under way then.
        together: no answer is given before so many requests are under way at once.

    Attributes:
        asked: the texts that came, in the order of their coming.
        most: how many requests were under way at once, at most.
    """

    def __init__(self, *, failing=(), order=(), together=0):
        self.asked, self.most, self.failing = [], 0, set(failing)
        self._running, self._lock = 0, threading.Lock()
        self._together, self._met = together, threading.Event()
        self._turns = {text: threading.Event() for text in order}
        self._order = list(order)
        self._next(0)
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=self._create))

    def _create(self, **arguments):
        text = text_of(arguments)
        with self._lock:
            self.asked.append(text)
            self._running += 1
            self.most = max(self.most, self._running)
            if self._running >= self._together:
                self._met.set()
        try:
            assert self._met.wait(PATIENCE)
            if text in self._turns:
                assert self._turns[text].wait(PATIENCE)
            if text in self.failing:
                raise ConnectionError(text)
            return payload_to(text)
        finally:
            with self._lock:
                self._running -= 1
            if text in self._turns:
                self._next(self._order.index(text) + 1)

    def _next(self, rank):
        if rank < len(self._order):
            self._turns[self._order[rank]].set()


class AsyncDesk:
    """The same for asynchronous code, on one event loop; ``hold`` keeps these texts waiting."""

    def __init__(self, *, failing=(), order=(), together=0, hold=()):
        self.asked, self.most, self.failing, self.hold = [], 0, set(failing), set(hold)
        self.held = 0
        self._running, self._together, self._met = 0, together, asyncio.Event()
        self._turns = {text: asyncio.Event() for text in order}
        self._order = list(order)
        self._next(0)
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=self._create))

    async def _create(self, **arguments):
        text = text_of(arguments)
        self.asked.append(text)
        self._running += 1
        self.most = max(self.most, self._running)
        if self._running >= self._together:
            self._met.set()
        try:
            await self._met.wait()
            for _ in range(20):  # whoever else may ask has the time to
                await asyncio.sleep(0)
            if text in self._turns:
                await self._turns[text].wait()
            if text in self.hold:
                self.held += 1
                await asyncio.Event().wait()
            if text in self.failing:
                raise ConnectionError(text)
            return payload_to(text)
        finally:
            self._running -= 1
            if text in self._turns:
                self._next(self._order.index(text) + 1)

    _next = Desk._next


def plain(result):
    """All that a result says, without what it was read from."""
    report = None if result.report is None else result.report.to_dict()
    return result.index, result.id, result.input, result.outcome, report, str(result.error)
