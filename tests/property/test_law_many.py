"""Many inputs: what does not depend on who answers first, who fails, and when it was ended.

1. The results come in the order of the inputs, whatever the order of the answers.
2. An input that fails changes no other result.
3. From any beginning of a journal, cut at any byte, the same output follows, and only what is
   missing is asked.
4. Threads and tasks give the same results and the same output.
5. Never more than ``concurrency`` requests run at once; and as many do.
6. Never more inputs are read than there is room for.
7. Damage in a journal costs the lines whose bytes it changed, and no line is ever read wrongly.
"""

import asyncio
import itertools
import json
import tempfile
from pathlib import Path

import pytest
from desks import SCHEMA, AsyncDesk, Desk, plain
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fieldconf.errors import OutputError
from fieldconf.many.extract_many import aextract_many, extract_many
from fieldconf.many.input_items import InputItem
from fieldconf.many.journal import Journal, JournalSettings
from fieldconf.many.output_lines import text_of
from fieldconf.many.thread_runner import ahead_of

texts = st.lists(st.text(max_size=8), max_size=8)
distinct = st.lists(st.text(max_size=8), min_size=1, max_size=8, unique=True)


def many(desk, inputs, **options):
    return extract_many(SCHEMA, inputs, client=desk, model="m", progress=False, **options)


def amany(desk, inputs, **options):
    return aextract_many(SCHEMA, inputs, client=desk, model="m", progress=False, **options)


async def collected(results):
    return [result async for result in results]


def with_tasks(inputs, *, desk=None, **options):
    """The results of the asynchronous face; the desk is made on its loop."""

    async def run():
        return await collected(amany(AsyncDesk(**(desk or {})), inputs, **options))

    return asyncio.run(run())


# -- 1 ------------------------------------------------------------------------------------------


@given(distinct.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
@example((["slow", "quick"], ["quick", "slow"]))
def test_the_order_of_the_inputs_is_kept(drawn):
    """The results come in the order of the inputs, whatever the order of the answers."""
    inputs, order = drawn
    options = {"concurrency": len(inputs)}
    found = list(many(Desk(order=order), inputs, **options))
    assert [result.input for result in found] == inputs
    assert [result.index for result in found] == list(range(len(inputs)))
    assert with_tasks(inputs, desk={"order": order}, **options) == found


# -- 2 ------------------------------------------------------------------------------------------


@given(distinct, st.sets(st.integers(0, 7)), st.integers(1, 4))
@example(["only"], {0}, 1)
def test_a_failure_changes_no_other_result(inputs, which, concurrency):
    """An input that fails changes no other result."""
    failing = {text for index, text in enumerate(inputs) if index in which}
    usual = [plain(result) for result in many(Desk(), inputs)]
    run = many(Desk(failing=failing), inputs, concurrency=concurrency)
    found = run.all()
    for result, before in zip(found, usual, strict=True):
        if result.input in failing:
            assert (result.outcome, result.report) == ("failed", None)
            assert "connection" in str(result.error)
        else:
            assert plain(result) == before
    assert {result.input for result in run.failures} == failing
    assert found.failures == tuple(result for result in found if result.input in failing)
    assert run.summary.done == run.summary.total == len(inputs)


# -- 3 ------------------------------------------------------------------------------------------


def journal_of(folder, inputs, **options):
    """The bytes of a journal with a line for each input, and those of the output it leads to."""
    output = folder / "out.jsonl"
    run = many(Desk(), inputs, output=output, **options)
    for _ in inputs:
        next(run)
    beside = folder / "out.jsonl.journal"
    journal = beside.read_bytes() if inputs else b""
    assert list(run) == []
    return journal, output.read_bytes()


def gone_on(journal, inputs, **options):
    """The output of a run that finds this journal, and what it asked."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "out.jsonl.journal").write_bytes(journal)
        desk = Desk()
        many(desk, inputs, output=folder / "out.jsonl", **options).run()
        assert [file.name for file in folder.iterdir()] == ["out.jsonl"]
        return (folder / "out.jsonl").read_bytes(), desk.asked


@given(texts, st.data())
@settings(max_examples=50)
def test_a_run_goes_on_from_any_beginning(inputs, data):
    """From any beginning of a journal, cut at any byte, the same output follows."""
    with tempfile.TemporaryDirectory() as name:
        journal, whole = journal_of(Path(name), inputs, concurrency=3)
    lines = data.draw(st.permutations(journal.splitlines(keepends=True)))
    cut = data.draw(st.integers(0, len(journal)))
    left = b"".join(lines)[:cut]
    there = {
        json.loads(line)["index"] for line in left.splitlines(keepends=True)[: left.count(b"\n")]
    }
    output, asked = gone_on(left, inputs, concurrency=2)
    assert output == whole
    assert sorted(asked) == sorted(text for i, text in enumerate(inputs) if i not in there)


def line(index):
    keys = {"index": index, "id": None, "key": SETTINGS.key(str(index)), "outcome": "accept"}
    return {**keys, "data": index * "é", "error": None, "report": {}}


SETTINGS = JournalSettings("schema", "request")
LINES = [line(index) for index in range(3)]


def test_a_journal_may_be_cut_at_each_byte(tmp_path):
    """The same at each byte: behind the last line break nothing counts."""
    output, beside = tmp_path / "out", tmp_path / "out.journal"
    written = [text_of(LINES[index]) for index in (1, 0, 2)]
    whole = b"".join(written)
    for cut in range(len(whole) + 1):
        output.unlink(missing_ok=True)
        beside.write_bytes(whole[:cut])
        with Journal(output, SETTINGS) as journal:
            missing = []
            for one in LINES:
                journal.take(one["index"])
                found = journal.find(one["index"], one["key"])
                assert found in (None, one)
                missing += [] if found else [one]
            assert len(missing) == 3 - whole[:cut].count(b"\n")
            for one in missing:
                journal.write(one)
        with Journal(output, SETTINGS) as journal:  # ended again, before its end
            for one in LINES:
                journal.take(one["index"])
                assert journal.find(one["index"], one["key"]) == one
            journal.finish()
        assert output.read_bytes() == b"".join(text_of(one) for one in LINES)
        assert not beside.exists()


# -- 4 ------------------------------------------------------------------------------------------


@given(texts, st.sets(st.text(max_size=8), max_size=3), st.integers(1, 4), st.booleans())
@settings(max_examples=50)
def test_threads_and_tasks_agree(inputs, failing, concurrency, is_async_source):
    """Threads and tasks give the same results and the same output."""

    async def source():
        for text in inputs:
            yield text

    with tempfile.TemporaryDirectory() as name:
        one, other = Path(name) / "one", Path(name) / "other"
        options = {"concurrency": concurrency}
        found = many(Desk(failing=failing), inputs, output=one, **options).all()
        again = with_tasks(
            source() if is_async_source else inputs,
            desk={"failing": failing}, output=other, **options,
        )  # fmt: skip
        assert [plain(result) for result in found] == [plain(result) for result in again]
        assert one.read_bytes() == other.read_bytes()


# -- 5 and 6 ------------------------------------------------------------------------------------


@given(st.integers(1, 5), st.integers(1, 12))
@settings(max_examples=40)
@example(1, 3)
def test_as_many_requests_run_as_was_said(concurrency, count):
    """Never more than ``concurrency`` requests run at once; and as many do."""
    inputs = [str(number) for number in range(count)]
    together = min(concurrency, count)
    desk = Desk(together=together)
    many(desk, inputs, concurrency=concurrency).run()
    assert desk.most == together

    async def run():
        desk = AsyncDesk(together=together)
        await amany(desk, inputs, concurrency=concurrency).run()
        return desk.most

    assert asyncio.run(run()) == together


@given(st.integers(1, 4), st.integers(0, 12))
@settings(max_examples=40)
def test_inputs_are_read_as_there_is_room(concurrency, wanted):
    """Never more inputs are read than there is room for, though there is no end of them."""
    room = ahead_of(concurrency)
    read = []

    def endless():
        for number in itertools.count():
            read.append(number)
            yield str(number)

    with many(Desk(), endless(), concurrency=concurrency) as run:
        assert read == []
        for number in range(wanted):
            assert next(run).input == str(number)
            assert len(read) <= number + room
    assert len(read) <= wanted + room

    async def taken():
        read.clear()
        async with amany(AsyncDesk(), endless(), concurrency=concurrency) as run:
            for number in range(wanted):
                assert (await anext(run)).input == str(number)
                assert len(read) <= number + 1 + room

    asyncio.run(taken())


@pytest.mark.parametrize("name", ["threads", "tasks"])
def test_an_input_that_cannot_be_read_fails_alone(name):
    """A fixed case of 2: what is read when its turn comes, and is not there."""

    def missing():
        raise FileNotFoundError("no such file")

    inputs = ["a", InputItem(missing, id="b"), "c"]
    found = with_tasks(inputs) if name == "tasks" else list(many(Desk(), inputs))
    assert [result.outcome == "failed" for result in found] == [False, True, False]
    assert (found[1].id, found[1].input) == ("b", None)
    assert isinstance(found[1].error, FileNotFoundError)


# -- 7 ------------------------------------------------------------------------------------------

NOTES = [line(index) | {"data": {"index": index, "note": '{"index": 0, "id": null'}}
         for index in range(4)]  # fmt: skip
DAMAGE = st.one_of(
    st.binary(max_size=3),
    st.sampled_from([b"\n", b"\0" * 50, b"}", b'", "check": "', b'{"index": 1']),
)


def written_journal(tmp, lines):
    """The bytes that a run without an end left, and where each line begins and ends."""
    with Journal(tmp / "out", SETTINGS) as journal:
        for one in lines:
            journal.write(one)
    content = (tmp / "out.journal").read_bytes()
    (tmp / "out.journal").unlink()
    stops = [place + 1 for place, byte in enumerate(content) if byte == ord("\n")]
    return content, list(zip([0, *stops], stops, strict=False))


def kept_after(tmp, content, lines):
    """What is found of each line, and how many damaged lines were counted."""
    (tmp / "out.journal").write_bytes(content)
    with Journal(tmp / "out", SETTINGS) as journal:
        found = [journal.find(one["index"], one["key"]) for one in lines]
        damaged = journal.damaged
    (tmp / "out.journal").unlink(missing_ok=True)
    return found, damaged


@given(st.data(), DAMAGE)
@settings(max_examples=150)
def test_damage_costs_only_the_lines_that_it_changed(data, damage):
    """Any bytes replaced, put in or taken out: each other line is there, and none is wrong."""
    with tempfile.TemporaryDirectory() as name:
        whole, spans = written_journal(Path(name), NOTES)
        start = data.draw(st.integers(0, len(whole)))
        stop = min(len(whole), start + data.draw(st.sampled_from([0, 1, 2, 40, 400])))
        changed = whole[:start] + damage + whole[stop:]
        found, _ = kept_after(Path(name), changed, NOTES)
    for one, answer, (first, last) in zip(NOTES, found, spans, strict=True):
        is_touched = start < last and stop >= first
        assert answer == one or (is_touched and answer is None)


def test_each_byte_may_be_damaged(tmp_path):
    """Each byte in turn: at most the line that it belongs to is lost, and the loss is counted."""
    whole, spans = written_journal(tmp_path, NOTES[:3])
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        found, damaged = kept_after(tmp_path, changed, NOTES[:3])
        for one, answer, (first, last) in zip(NOTES, found, spans, strict=False):
            assert answer == one or (first <= place < last and answer is None)
        is_end = place == len(whole) - 1  # as of a line that was never finished
        assert damaged == (0 if is_end else 1)


def test_lines_of_versions_without_checksums_are_read_before_those_with(tmp_path):
    """An old journal that was gone on with; behind its first checksum there is no line without."""
    whole, spans = written_journal(tmp_path, NOTES)
    new = [whole[first:last] for first, last in spans]
    old = [text_of(one) for one in NOTES]
    found, damaged = kept_after(tmp_path, b"".join([*old[:2], *new[2:]]), NOTES)
    assert (found, damaged) == (NOTES, 0)
    found, damaged = kept_after(tmp_path, b"".join([*new[:2], old[2], new[3]]), NOTES)
    assert (found, damaged) == ([*NOTES[:2], None, NOTES[3]], 1)


def test_answers_beside_a_damaged_line_are_not_paid_for_again(tmp_path):
    """A fixed case of 7: one input of three is asked again, and the output is that of all."""
    inputs = ["a", "b", "c"]
    journal, whole = journal_of(tmp_path, inputs, concurrency=1)
    first, second, third = journal.splitlines(keepends=True)
    (tmp_path / "out.jsonl").unlink()
    (tmp_path / "out.jsonl.journal").write_bytes(
        first + second[:40] + b"\xff" + second[41:] + third
    )
    desk = Desk()
    summary = many(desk, inputs, output=tmp_path / "out.jsonl").run()
    assert desk.asked == ["b"]
    assert (summary.resumed, summary.damaged) == (2, 1)
    assert (tmp_path / "out.jsonl").read_bytes() == whole


@pytest.mark.parametrize("content", [b"my notes\n", b"my notes", b'{"a": 1}\n'])
def test_a_file_with_the_name_of_a_journal_is_left_alone(tmp_path, content):
    (tmp_path / "out.journal").write_bytes(content)
    with pytest.raises(OutputError, match=r"out\.journal is no output of extract_many"):
        Journal(tmp_path / "out", SETTINGS)
    assert (tmp_path / "out.journal").read_bytes() == content
