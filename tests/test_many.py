"""Many inputs: what one may give, what one gets, and what stays on the disk."""

import asyncio
import errno
import json
import sys
import threading

import openai
import pytest
from desks import PATIENCE, SCHEMA, AsyncDesk, Desk, plain
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.errors import OutputError, PolicyError
from fieldconf.many import journal as journal_room
from fieldconf.many import locks as locks_room
from fieldconf.many import progress as progress_room
from fieldconf.many.extract_many import aextract_many, extract_many
from fieldconf.many.input_items import InputItem
from fieldconf.policy import Policy
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient

TEXTS = ["one", "two", "three", "four", "five"]
PNG = b"\x89PNG\r\n\x1a\n"


class Broken:
    """A client that must not be asked."""

    def __getattr__(self, name):
        raise AssertionError(f"somebody asked for {name}")


def many(desk, texts=TEXTS, schema=SCHEMA, **options):
    return extract_many(schema, texts, client=desk, **{"model": "m", **options})


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No thread stays behind a test; that of a bar may take a moment to end."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        assert not thread.name.startswith("fieldconf")
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out.jsonl"


@pytest.fixture
def finished(output):
    many(Desk(), output=output).run()
    return output


def saved(output):
    return [json.loads(line) for line in output.read_text().splitlines()]


# -- what one may give --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ("one text", "one str was given"),
        (b"bytes", "one bytes was given"),
        (fc.Image(PNG), "one Image was given"),
        (3, "a int is no iterable"),
    ],
)
def test_what_is_not_many_is_said_at_once(texts, words):
    with pytest.raises(fc.RequestError, match=words):
        many(Broken(), texts)


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"give_up_after": 0}])
def test_numbers_that_cannot_be(options):
    with pytest.raises(fc.RequestError, match="Give 1 or more"):
        many(Desk(), **options)


def test_mistakes_are_said_before_anything_is_asked():
    with pytest.raises(TypeError, match="temprature"):
        many(Desk(), temprature=0)
    with pytest.raises(PolicyError, match="'/tema' is no field"):
        many(Desk(), policy={"fields": {"/tema": 0.9}})
    with pytest.raises(fc.RequestError, match="no model was named"):
        many(Desk(), model=None)
    with pytest.raises(fc.RequestError, match="asynchronous"):
        many(AsyncFakeClient(True))
    with pytest.raises(fc.RequestError, match="is synchronous"):
        aextract_many(SCHEMA, TEXTS, client=FakeClient(True), model="m")
    with pytest.raises(fc.NoLogprobsError):
        many(FakeClient(True), provider="anthropic")


def test_nothing_is_asked_before_one_iterates(output):
    desk = Desk()
    many(desk, output=output).close()
    assert desk.asked == []
    assert not output.parent.joinpath("out.jsonl.journal").exists()


def test_a_mapping_names_its_inputs():
    found = many(Desk(), {"a.txt": "one", "b.txt": "two"}).all()
    assert [(result.id, result.input) for result in found] == [("a.txt", "one"), ("b.txt", "two")]
    assert repr(found[0]).startswith("<Result 0 'a.txt' ")


@pytest.mark.parametrize(
    "given",
    [
        "text",
        fc.Image(PNG),
        ["Look:", fc.Image(PNG, detail="low")],
        [{"role": "user", "content": "text"}],
        [openai.types.chat.ChatCompletionMessage(role="assistant", content="text")],
    ],
)
def test_whatever_extract_reads_can_be_gone_on_with(given, output):
    client = FakeClient({"team": "sales", "urgent": True})
    many(client, [given], output=output).run()
    (found,) = many(FakeClient(ValueError("asked")), [given], output=output).all()
    assert (found.resumed, found.input, found.error) == (True, given, None)


def test_what_cannot_be_told_from_others_fails_where_it_would_be_kept(output):
    class Odd:
        role = "user"

    (found,) = many(Desk(), [[Odd()]], output=output).all()
    assert "cannot be told from another" in str(found.error)


# -- what one gets ------------------------------------------------------------------------------


def test_results_by_outcome():
    found = many(Desk(failing={"two"}), [*TEXTS, *"abcdefgh"]).all()
    outcomes = [result.outcome for result in found]
    assert set(outcomes) == {"accept", "review", "reject", "failed"}
    for result in found:
        assert result.outcome == (result.report.outcome if result.report else "failed")
    groups = found.accepted, found.to_review, found.rejected, found.failures
    assert sorted(map(len, groups)) == sorted(map(outcomes.count, set(outcomes)))
    assert sum(map(len, groups)) == len(found) == found.summary.done == 13
    assert len(found.reports) == 12
    assert found[1:2] == found.failures


def test_values_are_of_the_model():
    class Ticket(BaseModel):
        team: str
        urgent: bool

    found = many(Desk(), schema=Ticket).all()
    assert all(isinstance(result.value, Ticket) for result in found)
    assert found[0].report.input == "one"


def test_a_policy_decides():
    assert not many(Desk(), policy=Policy(1.0)).all().accepted
    assert len(many(Desk(), policy={"accept": 0.0, "review": 0.0}).all().accepted) == len(TEXTS)


def test_tokens_are_summed_up():
    run = many(Desk(failing={"two"}))
    found = run.all()
    assert run.summary.output_tokens == sum(report.output_tokens for report in found.reports) > 0
    assert run.summary.input_tokens == sum(report.input_tokens for report in found.reports)


# -- how far it is ------------------------------------------------------------------------------


def test_who_wants_to_know_is_told_of_each():
    told = []
    many(Desk(failing={"two"}), progress=told.append).run()
    assert [summary.done for summary in told] == [1, 2, 3, 4, 5]
    assert {summary.total for summary in told} == {5}
    assert told[-1].failed == 1


def test_there_is_no_bar_where_nobody_looks(capfd):
    many(Desk()).run()
    assert capfd.readouterr() == ("", "")


def test_a_bar_stands_on_standard_error(capfd):
    for _ in many(Desk(failing={"two"}), policy={"accept": 0.0, "review": 0.0}, progress=True):
        sys.stdout.write("result\n")
    out, err = capfd.readouterr()
    assert out == "result\n" * 5
    assert "5/5" in err
    assert "accept 80 %, review 0 %, reject 0 %, 1 failed" in err


def test_what_is_printed_meanwhile_reaches_its_file(monkeypatch):
    """On a terminal rich would send it to standard error."""

    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setattr(progress_room.sys, "stderr", Terminal())
    assert progress_room.shown(None)[0] is not None
    bar = progress_room.Bar()
    assert not bar._progress.live._redirect_stdout


# -- what ends a run ----------------------------------------------------------------------------


def inputs_then(error):
    yield from TEXTS
    raise error


@pytest.mark.parametrize("concurrency", [1, 3])
def test_an_iterable_that_fails_ends_the_run_behind_its_inputs(output, concurrency):
    run = many(Desk(), inputs_then(OSError("no more")), output=output, concurrency=concurrency)
    found = [next(run).input for _ in TEXTS]
    with pytest.raises(OSError, match="no more"):
        next(run)
    assert found == TEXTS
    desk = Desk()
    assert many(desk, [*TEXTS, "six"], output=output).run().resumed == 5
    assert desk.asked == ["six"]


def test_an_asynchronous_iterable_that_fails_does_the_same():
    async def source():
        for text in inputs_then(OSError("no more")):
            yield text

    async def main():
        run = aextract_many(SCHEMA, source(), client=AsyncDesk(), model="m", concurrency=3)
        assert [(await anext(run)).input for _ in TEXTS] == TEXTS
        with pytest.raises(OSError, match="no more"):
            await anext(run)

    asyncio.run(main())


def test_an_interrupt_keeps_what_was_answered(output):
    """What had not begun is not asked any more; what had is waited for."""
    desk = Desk()
    with pytest.raises(KeyboardInterrupt):
        many(desk, inputs_then(KeyboardInterrupt()), output=output, concurrency=2).run()
    assert 1 <= len(desk.asked) <= len(TEXTS)
    assert many(Desk(), output=output).run().resumed == len(desk.asked)


@pytest.mark.parametrize("name", ["progress", "observe"])
def test_who_is_told_and_fails_ends_the_run_and_nothing_is_lost(output, name):
    def tell(what):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        many(Desk(), output=output, concurrency=1, **{name: tell}).run()
    desk = Desk()
    assert many(desk, output=output).run().resumed == 1
    assert sorted(desk.asked) == sorted(TEXTS[1:])


def test_giving_up_after_failures_in_a_row(output):
    texts = [str(number) for number in range(40)]
    desk = Desk(failing=texts[2:])
    run = many(desk, texts, output=output, concurrency=2, give_up_after=5)
    with pytest.raises(fc.RequestError, match=r"5 inputs in a row failed alike.*no connection"):
        run.run()
    assert len(desk.asked) < 20  # those that were under way are waited for
    again = Desk()
    assert many(again, texts, output=output).run().resumed == 2
    assert len(again.asked) == 38


def test_failures_that_are_not_in_a_row_do_not_end_it():
    texts = [str(number) for number in range(20)]
    run = many(Desk(failing=texts[::2]), texts, concurrency=1, give_up_after=2)
    assert run.run().failed == 10


def test_leaving_early_keeps_what_was_answered(output):
    with many(Desk(), output=output, concurrency=2) as run:
        next(run)
    assert not output.exists()
    summary = many(Desk(), output=output).run()
    assert summary.resumed >= 1
    assert summary.done == 5


def test_a_cancelled_task_cancels_what_runs_and_keeps_what_was_answered(output):
    async def main():
        desk = AsyncDesk(hold=TEXTS[2:])
        run = aextract_many(
            SCHEMA, TEXTS, client=desk, model="m", output=output, concurrency=3
        )  # fmt: skip
        task = asyncio.create_task(run.run())
        while desk.held < 3:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    desk = Desk()
    assert many(desk, output=output).run().resumed == 2
    assert sorted(desk.asked) == sorted(TEXTS[2:])


def test_a_slow_asynchronous_source_does_not_hold_up_results():
    async def main():
        more = asyncio.Event()

        async def source():
            yield "one"
            await more.wait()
            yield "two"

        async with aextract_many(
            SCHEMA, source(), client=AsyncDesk(), model="m", concurrency=4
        ) as run:
            assert (await anext(run)).input == "one"
            more.set()
            assert [result.input async for result in run] == ["two"]

    asyncio.run(main())


# -- the output ---------------------------------------------------------------------------------


def test_the_output_has_a_line_for_each_input_in_their_order(output):
    many(Desk(failing={"two"}), {text: text for text in TEXTS}, output=output, concurrency=3).run()
    lines = saved(output)
    assert [(line["index"], line["id"]) for line in lines] == list(enumerate(TEXTS))
    assert lines[1]["outcome"] == "failed"
    assert lines[1]["error"]["type"] == "RequestError"
    assert lines[0]["data"] == lines[0]["report"]["data"]
    assert lines[0]["outcome"] == lines[0]["report"]["outcome"]


def test_a_finished_output_asks_nothing_and_gives_the_same(finished):
    before, content = many(Desk()).all(), finished.read_bytes()
    number = finished.stat().st_ino
    run = many(Desk(failing=TEXTS), output=finished)
    assert [plain(result) for result in run.all()] == [plain(result) for result in before]
    assert run.summary.resumed == 5
    assert finished.read_bytes() == content
    assert finished.stat().st_ino == number  # it was not even written anew
    assert [file.name for file in finished.parent.iterdir()] == [finished.name]


def test_reports_read_back_are_equal_where_tokens_are_kept(output):
    first = many(Desk(), output=output, tokens=True).all()
    again = many(Desk(failing=TEXTS), output=output, tokens=True).all()
    assert [result.report for result in first] == [result.report for result in again]
    assert [result.report.input for result in again] == TEXTS


def test_failures_are_asked_again_unless_told_otherwise(output):
    many(Desk(failing={"two"}), output=output).run()
    content = output.read_bytes()
    kept = many(Desk(failing=TEXTS), output=output, retry_failures=False).all()
    assert output.read_bytes() == content
    assert isinstance(kept[1].error, fc.RequestError)
    assert "no connection" in str(kept[1].error)
    assert kept[1].error.remedy
    desk = Desk()
    assert many(desk, output=output).run().failed == 0
    assert desk.asked == ["two"]
    assert saved(output)[1]["error"] is None


def test_more_inputs_are_added_behind_the_others(finished):
    desk = Desk()
    many(desk, [*TEXTS, "six", "seven"], output=finished).run()
    assert sorted(desk.asked) == ["seven", "six"]
    assert [line["index"] for line in saved(finished)] == list(range(7))


def test_fewer_inputs_leave_the_other_lines(finished):
    content = finished.read_bytes()
    assert len(many(Desk(failing=TEXTS), TEXTS[:2], output=finished).all()) == 2
    assert finished.read_bytes() == content


def test_inputs_with_names_may_come_in_another_order(output):
    many(Desk(), {text: text for text in TEXTS}, output=output).run()
    before = {line["id"]: line["data"] for line in saved(output)}
    desk = Desk()
    others = ["zero", *reversed(TEXTS[1:])]
    found = many(desk, {text: text for text in others}, output=output).all()
    assert desk.asked == ["zero"]
    assert [result.index for result in found] == list(range(5))
    lines = saved(output)
    assert [line["id"] for line in lines] == [*others, "one"]  # what is paid for is kept
    assert [line["index"] for line in lines] == list(range(6))
    assert all(line["data"] == before.get(line["id"], line["data"]) for line in lines)


def test_two_inputs_of_one_name_are_refused_where_they_would_be_kept(output):
    twins = [InputItem("one", id="a"), InputItem("two", id="a")]
    assert len(many(Desk(), twins).all()) == 2
    with pytest.raises(OutputError, match="two inputs have the name 'a'"):
        many(Desk(), twins, output=output).run()


def test_another_policy_judges_anew_and_asks_nothing(finished):
    run = many(
        Desk(failing=TEXTS), output=finished, policy={"accept": 0.0, "review": 0.0}
    )  # fmt: skip
    assert run.run().accept == 5
    assert {line["outcome"] for line in saved(finished)} == {"accept"}
    assert {line["report"]["outcome"] for line in saved(finished)} == {"accept"}


def with_conf(**settings):
    team = {**SCHEMA["properties"]["team"], "x-fieldconf": settings}
    return {**SCHEMA, "properties": {**SCHEMA["properties"], "team": team}}


def test_a_threshold_is_no_part_of_the_question(output):
    many(Desk(), schema=with_conf(accept=0.9), output=output).run()
    found = many(Desk(failing=TEXTS), schema=with_conf(accept=0.0, review=0.0), output=output)
    assert found.run().accept == 5
    with pytest.raises(OutputError, match="another schema"):
        many(Desk(), schema=with_conf(basis="joint"), output=output).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "other"}, "another model, or other options"),
        ({"temperature": 0.5}, "another model, or other options"),
        ({"instructions": "Be brief."}, "another model, or other options"),
        ({"request_options": {"user": "u"}}, "another model, or other options"),
        ({"match": "loose"}, "another model, or other options"),
        ({"schema": {**SCHEMA, "title": "Other"}}, "another schema"),
    ],
)
def test_answers_by_other_settings_are_not_mixed(finished, options, words):
    content, desk = finished.read_bytes(), Desk()
    with pytest.raises(OutputError, match=words):
        many(desk, output=finished, **options).run()
    assert finished.read_bytes() == content
    assert desk.asked == []


def test_options_may_be_said_in_any_order(output):
    further = {"user": "u", "top_p": 0.9}
    options = {"seed": 3, "temperature": 0.5, "request_options": further}
    many(Desk(), output=output, **options).run()
    turned = {"request_options": dict(reversed(further.items())), "temperature": 0.5, "seed": 3}
    run = extract_many(SCHEMA, TEXTS, output=output, **turned, model="m", client=Desk())
    assert run.run().resumed == 5


@pytest.mark.parametrize(
    "options",
    [
        {"request_options": {"timeout": 3}},
        {"observe": print},
        {"log_values": True},
        {"concurrency": 2},
    ],
)
def test_what_changes_no_answer_is_no_other_setting(finished, options):
    if "observe" in options:
        options = {"observe": lambda report: None}
    assert many(Desk(), output=finished, **options).run().resumed == 5


@pytest.mark.parametrize(
    "texts", [["other", *TEXTS[1:]], [*TEXTS[:3], "other"], {"a": "one"}, TEXTS[1:]]
)
def test_answers_to_other_inputs_are_not_mixed(finished, texts):
    content = finished.read_bytes()
    desk = Desk()
    with pytest.raises(OutputError, match=r"another one than in|have no names"):
        many(desk, texts, output=finished, concurrency=1).run()
    assert finished.read_bytes() == content
    assert desk.asked == []


def test_an_input_that_failed_may_be_another_now(output):
    many(Desk(failing={"two"}), output=output).run()
    assert many(Desk(), ["one", "2", *TEXTS[2:]], output=output).run().resumed == 4


@pytest.mark.parametrize("content", ["my notes\n", '{"a": 1}\n', "[]\n", '{"index": 0}'])
def test_a_file_that_is_not_ours_is_left_alone(output, content):
    output.write_text(content)
    with pytest.raises(OutputError, match="is no output of extract_many"):
        many(Desk(), output=output).run()
    assert output.read_text() == content
    assert [file.name for file in output.parent.iterdir()] == [output.name]


def test_an_empty_file_may_be_the_output(output):
    output.touch()
    assert many(Desk(), output=output).run().done == 5


def test_no_inputs_make_an_empty_output(output):
    assert many(Desk(), [], output=output).run().done == 0
    assert output.read_bytes() == b""


@pytest.mark.parametrize("name", ["none/out.jsonl", ".", "a\0b"])
def test_an_output_that_cannot_be_is_said_before_anything_is_asked(tmp_path, name):
    desk = Desk()
    with pytest.raises(OutputError):
        many(desk, output=f"{tmp_path}/{name}").run()
    assert desk.asked == []


def test_one_run_at_a_time(output):
    with many(Desk(), output=output) as first:
        next(first)
        desk = Desk()
        with pytest.raises(OutputError, match="another run is writing"):
            many(desk, output=output).run()
        assert desk.asked == []
        assert first.run().done == 5
    assert many(Desk(), output=output).run().resumed == 5


def test_a_run_that_ends_while_another_begins_leaves_it_a_journal(finished, monkeypatch):
    """Between opening and locking, the run before removed what was opened."""
    lock, taken = locks_room.lock, []

    def late(file):
        if not taken:
            finished.with_name(f"{finished.name}.journal").unlink()
        taken.append(file)
        return lock(file)

    monkeypatch.setattr(locks_room, "lock", late)
    with many(Desk(), [*TEXTS, "six"], output=finished) as run:
        for _ in range(6):
            next(run)
        assert finished.with_name(f"{finished.name}.journal").stat().st_size
    assert len(taken) == 2


def test_a_link_stays_a_link(tmp_path, output):
    link = tmp_path / "link.jsonl"
    link.symlink_to(output)
    many(Desk(), output=link).run()
    assert link.is_symlink()
    assert len(saved(output)) == 5


def test_a_disk_that_is_full_ends_the_run_and_is_gone_on_from(output, monkeypatch):
    class Full(locks_room.FileIO):
        left = 2

        def write(self, data):
            self.left -= 1
            if self.left < 0:
                super().write(bytes(data)[:10])
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    desk = Desk()
    with monkeypatch.context() as patch:
        patch.setattr(locks_room, "FileIO", Full)
        with pytest.raises(OutputError, match="No space left on device"):
            many(desk, output=output, concurrency=1).run()
    assert len(desk.asked) == 3
    assert many(Desk(), output=output).run().resumed == 2


def test_nothing_is_written_behind_a_line_that_could_not_be(output):
    """It would become a part of that line."""
    settings = journal_room.JournalSettings("a", "b")
    line = {"index": 0, "id": None, "key": settings.key("c"), "error": None}
    with journal_room.Journal(output, settings) as journal:
        journal._file.close()
        with pytest.raises(OutputError) as first:
            journal.write(line)
        with pytest.raises(OutputError) as second:
            journal.write({**line, "index": 1})
        assert first.value is second.value


def test_a_journal_that_was_left_beside_its_output(finished):
    """The process ended when the output was there and the journal not yet gone."""
    content = finished.read_bytes()
    beside = finished.with_name(f"{finished.name}.journal")
    beside.write_bytes(content)
    assert many(Desk(failing=TEXTS), output=finished).run().resumed == 5
    assert finished.read_bytes() == content
    assert not beside.exists()


def test_a_line_of_another_version_is_not_asked_again(finished):
    lines = saved(finished)
    lines[0]["report"]["version"] = 99
    finished.write_text("".join(json.dumps(line) + "\n" for line in lines))
    desk = Desk()
    with pytest.raises(OutputError, match="another version"):
        many(desk, output=finished, concurrency=1).run()
    assert desk.asked == []


def test_values_that_json_has_not(output):
    client = FakeClient(Answer(text="[1e999, 123456789012345678901234567890, 1]"))
    schema = {"type": "array", "items": {"type": "number"}}
    first = many(client, ["one"], schema=schema, output=output).all()
    again = many(FakeClient(ValueError()), ["one"], schema=schema, output=output).all()
    assert first[0].report.data == again[0].report.data == first[0].value
    json.loads(output.read_text(), parse_constant=pytest.fail)


def test_samples_are_asked_of_each(output):
    desk = Desk()
    found = many(desk, ["one", "two"], samples=3, output=output).all()
    assert len(desk.asked) == 6
    assert found[0].report["team"].agreement.of == 3
    again = many(Desk(failing=TEXTS), ["one", "two"], samples=3, output=output).all()
    assert [plain(result) for result in again] == [plain(result) for result in found]
