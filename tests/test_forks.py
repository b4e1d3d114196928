"""A process may fork while its threads score; the child scores, too.

A child that hangs is ended by its own alarm, whose action is the operating system's: a wait for a
lock does not delay it.
"""

import ast
import itertools
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import entry, response

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.schema.unions import Reader
from fieldconf.threads import Lock, cached_property

ROOT = Path(__file__).parents[1] / "fieldconf"
LONGEST = 5  # seconds of a child

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def ends_well(work: Callable[[], object]) -> bool:
    """Whether a forked child does the work and ends by itself."""
    child = os.fork()
    if not child:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(LONGEST)
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def score_new(number: int) -> None:
    """Score an answer by a schema that was not compiled before."""
    tree = {"properties": {"ok": {"type": "boolean"}, "inner": {"$ref": "#/$defs/Tree"}}}
    schema = {
        "type": "object", "$defs": {"Tree": tree}, "required": [f"k{number}"],
        "properties": {f"k{number}": {"anyOf": [{"enum": ["a", "b"]}, {"$ref": "#/$defs/Tree"}]}},
    }  # fmt: skip
    pieces = [f'{{"k{number}":', '{"ok"', ":", "true", "}}"]
    answer = [entry(piece, -0.1, [(piece, -0.1), ("false", -3.0)]) for piece in pieces]
    report = fc.score(response(answer), schema)
    assert report.status == "complete"
    assert report[f"/k{number}/ok"].confidence is not None


def test_a_child_of_a_process_whose_threads_score():
    numbers, is_over = itertools.count(), threading.Event()

    def go_on() -> None:
        while not is_over.is_set():
            score_new(next(numbers))

    threads = [threading.Thread(target=go_on) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        assert [ends_well(lambda: score_new(next(numbers))) for _ in range(8)] == [True] * 8
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("is_begun", [False, True], ids=["its root", "a property"])
def test_a_child_forked_while_a_thread_reads_the_same_schema(monkeypatch, is_begun):
    """The same schema, so that whatever is locked about it would be locked in the child."""
    is_reading, may_go_on = threading.Event(), threading.Event()
    expand, schema = (
        Reader._read,
        compile_schema({"title": f"begun {is_begun}", "properties": {"a": {"type": "string"}}}),
    )
    answer = response([entry('{"a":"b"}', -0.1)])
    if is_begun:
        assert schema.as_requested.root.cases

    def slow(reader: Reader, node: object) -> object:
        if threading.current_thread() is thread:
            is_reading.set()
            assert may_go_on.wait(LONGEST)
        return expand(reader, node)

    monkeypatch.setattr(Reader, "_read", slow)
    thread = threading.Thread(target=lambda: fc.score(answer, schema))
    thread.start()
    try:
        assert is_reading.wait(LONGEST)
        assert ends_well(lambda: fc.score(answer, schema))
    finally:
        may_go_on.set()
        thread.join()


def test_a_lock_is_free_in_a_child():
    lock, is_held, may_go_on = Lock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            is_held.set()
            assert may_go_on.wait(LONGEST)

    def take() -> None:
        with lock:
            pass

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert is_held.wait(LONGEST)
        assert ends_well(take)
    finally:
        may_go_on.set()
        thread.join()


def test_a_child_may_end_the_part_in_which_it_was_forked():
    lock = Lock()

    def end_and_take() -> None:
        lock.__exit__()
        with lock:
            pass

    with lock:
        assert ends_well(end_and_take)


def test_a_lock_is_for_one_thread_at_a_time():
    lock, is_inside = Lock(), threading.Event()

    def enter() -> None:
        with lock:
            is_inside.set()

    with lock:
        thread = threading.Thread(target=enter)
        thread.start()
        assert not is_inside.is_set()
    thread.join()
    assert is_inside.is_set()


class Counted:
    """Computes a new object each time."""

    @cached_property
    def value(self) -> object:
        """Some value."""
        if meanwhile := self.__dict__.pop("meanwhile", None):
            meanwhile()
        return object()


def test_all_threads_get_the_value_that_was_computed_first():
    counted = Counted()
    others: list[object] = []
    counted.__dict__["meanwhile"] = lambda: others.append(counted.value)  # as another thread would
    assert counted.value is others[0]
    assert counted.value is others[0]


def test_a_cached_property_is_documented():
    assert Counted.value.__doc__ == "Some value."


def names_in(path: Path) -> set[str]:
    """The names that a file imports of modules, or takes from them."""
    tree = ast.parse(path.read_text())
    taken = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return taken | {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


LOCKS = {
    "functools.cached_property", "threading.Lock", "threading.RLock", "threading.Condition",
    "threading.Semaphore", "threading.BoundedSemaphore", "threading.Barrier",
}  # fmt: skip


def test_no_module_has_a_lock_that_outlives_a_fork():
    found = {
        str(path.relative_to(ROOT)): locks
        for path in ROOT.rglob("*.py")
        if (locks := names_in(path) & LOCKS)
    }
    assert found == {"threads.py": {"threading.Lock"}}
