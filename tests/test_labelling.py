"""Labelling without a terminal: the queue, the session and its file, and what the labels tell."""

import json
import os
import threading
import urllib.request
from collections import Counter

import pyarrow as pa
import pytest
from builders import report_of, token
from scipy import stats

import fieldconf as fc
from fieldconf.batch import score_batch
from fieldconf.errors import CalibrationError, EvaluationError, OutputError
from fieldconf.evaluation.judged import judged
from fieldconf.labelling import LabelSession, excerpt, queue_of
from fieldconf.labelling.label_lines import Label, seed_of
from fieldconf.labelling.label_progress import needed, progress_of
from fieldconf.many.output_lines import line_of
from fieldconf.report.results import Result
from fieldconf.viewing import label_server
from fieldconf.viewing.label_server import LabelServer


def report(value, logprob=-0.01, **more):
    """Every token has this logprob."""
    return report_of(*[token(c, logprob) for c in [json.dumps(value)]], **more)


SURE = {f"s{n}": report({"a": f"x{n}"}) for n in range(10)}
UNSURE = {f"u{n}": report({"a": n}, -1 - n / 10) for n in range(6)}
REPORTS = {**SURE, **UNSURE}


def keys(items):
    return [item.key for item in items]


def walked(queue, count=1000):
    """The items in the order in which they are asked for."""
    done, audited, items = set(), 0, []
    while len(items) < count and (item := queue.next(done, audited)) is not None:
        items.append(item)
        done.add(item.key)
        audited += item.drawn == "audit"
    return items


# -- the queue ------------------------------------------------------------------------------------


def test_doubtful_values_come_first_and_every_fourth_is_a_random_accepted_one():
    queue = queue_of(REPORTS)
    items = walked(queue)
    assert len(items) == len(queue) == 16
    assert [item.drawn[0] for item in items[:8]] == list("dddaddda")
    assert keys(items[:3]) == [("u5", "/a"), ("u4", "/a"), ("u3", "/a")]
    assert {item.document for item in items if item.drawn == "audit"} == set(SURE)
    assert [item for item in items if item.drawn == "audit"] == list(queue.audit)


@pytest.mark.parametrize(("share", "drawn"), [(0, "dddddd" + "a" * 10), (1, "a" * 10 + "dddddd"),
                                              (0.5, "dadadadadadaaaaa")])  # fmt: skip
def test_the_share_of_the_audit_can_be_chosen(share, drawn):
    assert "".join(i.drawn[0] for i in walked(queue_of(REPORTS, audit=share))) == drawn


def test_an_unknown_confidence_is_the_most_doubtful_and_rank_goes_before_confidence():
    none = report_of(content='{"a": 1}')
    low, other = report({"a": 1}, -0.5), report({"a": 1}, -0.4)
    object.__setattr__(other["a"], "fitted_rank", 0.01)
    queue = queue_of({"low": low, "other": other, "none": none})
    assert [item.document for item in queue.doubtful] == ["none", "other", "low"]
    assert queue.doubtful[0].reason


def test_the_audit_sample_is_uniform():
    """The first value, the first pair and the whole order: each is equally likely."""
    seeds = range(4000)
    orders = [[item.document for item in queue_of(SURE, seed=seed).audit] for seed in seeds]
    first = Counter(order[0] for order in orders)
    assert len(first) == 10
    assert stats.chisquare(list(first.values())).pvalue > 0.01
    pairs = Counter(frozenset(order[:2]) for order in orders)
    assert len(pairs) == 45
    assert stats.chisquare(list(pairs.values())).pvalue > 0.01
    places = Counter((order.index("s3"), order.index("s7")) for order in orders)
    assert len(places) == 90
    assert stats.chisquare(list(places.values())).pvalue > 0.01


def test_the_audit_sample_does_not_look_at_the_confidence_or_the_order_of_the_reports():
    backwards = dict(reversed(REPORTS.items()))
    surer = {**REPORTS, "s3": report({"a": "x3"}, -0.0001)}
    orders = {tuple(keys(queue_of(source).audit)) for source in (REPORTS, backwards, surer)}
    assert len(orders) == 1
    assert queue_of(backwards).values == queue_of(REPORTS).values


def test_a_policy_says_what_is_accepted():
    assert len(queue_of(REPORTS, policy=fc.Policy(0.3, 0.1)).audit) == 13
    assert len(queue_of(REPORTS, policy=fc.Policy("nothing")).audit) == 0
    strict = {name: one.with_policy(fc.Policy(0.999)) for name, one in REPORTS.items()}
    assert len(queue_of(strict).audit) == 0
    results = [Result(0, None, "accept", strict["s1"], id="s1"), Result(1, None, "failed", id="s2")]
    queue = queue_of(results, policy=fc.Policy(0.9))
    assert (len(queue.audit), len(queue.doubtful), queue.reports) == (1, 0, 2)
    scoped = fc.Policy(guarantee=None)
    assert len(queue_of(list(SURE.items()), policy=scoped).audit) == 10


def test_scalars_and_lists_are_labelled_and_objects_and_broken_values_are_not():
    whole = report({"a": {"b": None, "*": 1}, "c": [True, {"d": []}], "e": {}})
    cut = report_of(token('{"a": 1, "b": [1, "x'), finish_reason="length")
    queue = queue_of({"whole": whole, "cut": cut})
    found = {item.key: item.value for item in (*queue.doubtful, *queue.audit)}
    assert found == {
        ("whole", "/a/b"): None, ("whole", "/c"): [True, {"d": []}], ("whole", "/c/0"): True,
        ("whole", "/c/1/d"): [], ("cut", "/a"): 1, ("cut", "/b/0"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("names", [["/a/*/b"], ["a[*].b"], ["/a/0/b", "a[1].b"], ["/a/**/b"]])
def test_some_fields_may_be_chosen(names):
    source = {"1": report({"a": [{"b": 1}, {"b": 2, "c": 3}]})}
    assert {k for _, k in keys(walked(queue_of(source, fields=names)))} == {"/a/0/b", "/a/1/b"}


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ({"a": report_of(refusal="no", content="")}, {}, "no values to label"),
        (SURE, {"fields": ["/b"]}, "no value at /b"),
        (SURE, {"fields": ["a..b"]}, "attributes|JSON Pointer"),
        ([("a", SURE["s1"]), ("a", SURE["s2"])], {}, "two reports have the id 'a'"),
        ([], {}, "neither reports"),
        ([{"document": 1, "field": "a", "confidence": 0.5}], {}, "neither reports"),
    ],
)
def test_what_cannot_be_labelled_is_refused(source, options, words):
    with pytest.raises(EvaluationError, match=words):
        queue_of(source, **options)


def test_a_guarantee_for_other_answers_is_refused():
    rows = [{"document": n, "field": "/a", "confidence": 0.99, "right": True} for n in range(200)]
    guarantee = fc.Policy.guaranteed(rows, risk=0.1).guarantee.to_dict() | {"scope": {"model": "x"}}
    policy = fc.Policy(0.99, guarantee=guarantee)
    source = {"a": report({"a": 1}, model="y")}
    with pytest.raises(CalibrationError, match="certified for"):
        queue_of(source, policy=policy)


def test_alternatives_are_the_other_members():
    tokens = [
        '{"team":"',
        token("a", -0.3, [("a", -0.3), ("b", -1.5), ("c", -3)]),
        '","ok":',
        "true}",
    ]
    schema = {"properties": {"team": {"enum": ["a", "b", "c"]}, "ok": {"type": "boolean"}}}
    queue = queue_of({"1": report_of(*tokens, schema=schema)})
    by_field = {item.field.pointer: item for item in walked(queue)}
    assert [each.value for each in by_field["/team"].alternatives] == ["b", "c"]
    assert 0.1 < by_field["/team"].alternatives[0].probability < 0.3
    assert [each.value for each in by_field["/ok"].alternatives] == [False]
    assert walked(queue_of({"1": report("x")}))[0].alternatives == ()


def test_files_and_rows_of_a_batch(tmp_path):
    lines = tmp_path / "many.jsonl"
    results = [Result(i, "", "accept", one, id=n) for i, (n, one) in enumerate(REPORTS.items())]
    lines.write_text("\n".join(json.dumps(line_of(one, "a-b-c")) for one in results))
    saved, single = tmp_path / "saved.jsonl", tmp_path / "one.json"
    saved.write_text("\n".join(one.to_json() for one in REPORTS.values()))
    single.write_text(SURE["s1"].to_json())
    expected = queue_of(REPORTS)
    assert keys(walked(queue_of(lines))) == keys(walked(expected))
    assert queue_of(lines).values == expected.values
    assert not queue_of(saved).has_ids
    assert len(queue_of(saved)) == 16
    assert keys(walked(queue_of(single))) == [("0", "/a")]
    text = '{"a": [1, "x"], "b": true}'
    entry = {"token": text, "bytes": list(text.encode()), "logprob": -0.001}
    choice = {"message": {"content": text}, "logprobs": {"content": [entry]}}
    body = {"id": "r1", "choices": [choice | {"finish_reason": "stop"}]}
    table = score_batch(pa.record_batch({"response": [json.dumps(body)]}))
    items = {item.field.pointer: item for item in walked(queue_of(table))}
    assert {name: item.value for name, item in items.items()} == {
        "/a": [1, "x"], "/a/0": 1, "/a/1": "x", "/b": True
    }  # fmt: skip
    assert {item.document for item in items.values()} == {"r1"}
    outcomes = dict(zip(table.column("pointer").to_pylist(), table.column("outcome").to_pylist(),
                        strict=True))  # fmt: skip
    assert all(item.outcome == outcomes[name] for name, item in items.items())
    assert not queue_of(table, policy=fc.Policy("nothing")).audit


# -- the session ----------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels.jsonl"


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_action_is_a_line_and_undo_takes_it_back(path):
    with LabelSession(queue_of(REPORTS), path) as session:
        session.right()
        session.wrong()
        session.correct("other")
        session.skip()
        head, *rows = lines_of(path)
        assert head["labelling"] == 1
        assert head["seed"] == 0
        assert [row["right"] for row in rows] == [True, False, False, None]
        assert rows[0]["right value"] == rows[0]["answer"] == 5
        assert "right value" not in rows[1]
        assert rows[2]["right value"] == "other"
        assert rows[3]["drawn"] == "audit"
        skipped = session.labels[-1]
        assert session.undo() == skipped
        assert session.current.key == skipped.key
        assert lines_of(path) == [head, *rows[:3]]
        for _ in range(3):
            session.undo()
        assert session.undo() is None
        assert lines_of(path) == [head]


def test_the_right_value_that_is_the_answer_is_right(path):
    with LabelSession(queue_of(REPORTS), path) as session:
        assert session.correct(5.0).right
        with pytest.raises(EvaluationError, match="no JSON value"):
            session.correct(float("nan"))
        with pytest.raises(EvaluationError, match="no JSON value"):
            session.correct({1, 2})
        assert len(session.labels) == 1


def test_all_values_can_be_labelled(path):
    with LabelSession(queue_of(UNSURE), path) as session:
        for _ in range(6):
            session.right()
        assert session.current is None
        with pytest.raises(EvaluationError, match="all values are labelled"):
            session.right()


def test_a_session_goes_on_where_it_ended(path):
    queue = queue_of(REPORTS)
    straight = walked(queue)
    for item in straight:
        with LabelSession(queue_of(REPORTS), path) as session:
            assert session.current == item
            session.skip()
    with LabelSession(queue, path) as session:
        assert [label.key for label in session.labels] == keys(straight)
        assert session.undo().key == straight[-1].key


def test_a_torn_last_line_is_cut_off_at_every_byte(path):
    with LabelSession(queue_of(REPORTS), path) as session:
        for _ in range(3):
            session.right()
        labels = session.labels
    data = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(data) if byte == 10]
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])
        whole = sum(end <= size + 1 for end in ends)  # a line without its break is whole
        with LabelSession(queue_of(REPORTS), path) as session:
            assert session.labels == labels[: max(whole - 1, 0)], size
        assert path.read_bytes() == data[: ends[max(whole, 1) - 1]]


def test_a_file_of_others_is_refused_and_not_changed(path):
    with LabelSession(queue_of(REPORTS), path) as session:
        session.right()
    before = path.read_bytes()
    other = {**REPORTS, "s1": report({"a": "y"})}
    for queue, words in (
        (queue_of(other), "other reports or other fields"),
        (queue_of(list(REPORTS.values())), "other reports"),
        (queue_of(REPORTS, policy=fc.Policy(0.3, 0.3)), "accepts other values"),
        (queue_of(REPORTS, seed=1), "seed 0"),
    ):
        with pytest.raises(OutputError, match=words):
            LabelSession(queue, path)
    assert path.read_bytes() == before
    with LabelSession(queue_of(REPORTS, audit=1), path) as session:  # the share may change
        assert session.current.drawn == "audit"


@pytest.mark.parametrize("text", ["[1, 2]\n", "{}", "x", '{"labels": 1}\n', "\n"], ids=range(5))
def test_a_file_that_is_something_else_is_refused_and_not_changed(path, text):
    path.write_text(text)
    with pytest.raises(OutputError, match="no file of fieldconf label"):
        LabelSession(queue_of(REPORTS), path)
    assert path.read_text() == text


def test_a_line_that_is_no_label_is_named(path):
    with LabelSession(queue_of(REPORTS), path) as session:
        session.right()
    path.write_bytes(path.read_bytes() + b'{"a": 1}\n')
    with pytest.raises(OutputError, match="line 3"):
        LabelSession(queue_of(REPORTS), path)


def test_the_seed_of_a_file(path):
    assert seed_of(path) is None
    LabelSession(queue_of(REPORTS, seed=7), path).close()
    assert seed_of(path) == 7
    path.write_text("words\n")
    with pytest.raises(OutputError, match="no file of fieldconf label"):
        seed_of(path)


def test_two_sessions_at_once_are_refused(path):
    with (
        LabelSession(queue_of(REPORTS), path),
        pytest.raises(OutputError, match="another process labels"),
    ):
        LabelSession(queue_of(REPORTS), path)
    LabelSession(queue_of(REPORTS), path).close()


def test_what_cannot_be_written_is_our_error_and_is_no_label(path, monkeypatch):
    with pytest.raises(OutputError, match="cannot write the labels"):
        LabelSession(queue_of(REPORTS), path.parent)
    session = LabelSession(queue_of(REPORTS), path)
    before = path.read_bytes()

    def full(number):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="No space left"):
            session.right()
    assert session.labels == ()
    assert path.read_bytes() == before
    session.right()
    session.close()
    with LabelSession(queue_of(REPORTS), path) as session:
        assert len(session.labels) == 1
    with pytest.raises(OutputError, match="cannot write"):
        session.right()


# -- evaluation -----------------------------------------------------------------------------------


def judged_rows(source, truths):
    found = judged(source, truths)
    rows = zip(found.table.document, found.details, found.table.right, strict=True)
    return {(str(found.table.documents[d]), one.pointer): bool(right) for d, one, right in rows}


@pytest.mark.parametrize("ids", [True, False])
def test_the_file_is_read_with_the_same_reports(path, ids):
    source = REPORTS if ids else list(REPORTS.values())
    with LabelSession(queue_of(source, audit=0.5), path) as session:
        for action in ("right", "wrong", "skip", "undo", "right", "skip", "right"):
            getattr(session, action)()
        session.correct("new")
        expected = {label.key: label.right for label in session.labels if label.right is not None}
    assert judged_rows(source, fc.labels(path)) == expected
    assert Counter(expected.values()) == {True: 3, False: 2}
    evaluation = fc.evaluate(source, fc.labels(path))
    assert evaluation.overall["accuracy"].value == 3 / 5
    rows = [row for row in lines_of(path) if row.get("drawn") != "doubtful"]
    if ids:
        assert judged_rows(source, fc.labels(rows)) == {
            key: right for key, right in expected.items() if key[0].startswith("s")
        }


def test_lists_items_and_roots_are_read_as_they_were_labelled(path):
    source = {"1": report({"tags": ["x", "y"], "big": [9, 10]}), "2": report("[not json]"),
              "3": report(["z"]), "4": report({"n": 10**400})}  # fmt: skip
    with LabelSession(queue_of(source), path) as session:
        while (item := session.current) is not None:
            {
                "/tags": session.right, "/tags/1": session.wrong, "/big/0": session.right,
                "/big": lambda: session.correct([9, 10, 11]),
            }.get(item.field.pointer, session.right)()  # fmt: skip
        expected = {label.key: label.right for label in session.labels}
    assert judged_rows(source, fc.labels(path)) == expected
    assert {key for key, right in expected.items() if not right} == {
        ("1", "/tags/1"),
        ("1", "/big"),
    }


def test_labels_of_another_answer_say_what_they_can(path):
    with LabelSession(queue_of({"1": report({"a": 1, "b": 2, "c": 3})}), path) as session:
        labels = {session.current.field.pointer: session.right()}
        labels |= {session.current.field.pointer: session.wrong()}
        labels |= {session.current.field.pointer: session.correct(7)}
    other = {"1": report({"a": 5, "b": 5, "c": 7})}
    found = judged_rows(other, fc.labels(path))
    assert len(found) == 2
    assert judged(other, fc.labels(path)).uncounted.others == 1


def test_calibration_takes_the_file(path):
    source = {
        str(n): report({"a": f"v{n}"}, -0.001 * 1.15**n) for n in range(60)
    }  # fmt: skip
    with LabelSession(queue_of(source, audit=0.5), path) as session:
        while (item := session.current) is not None:
            (session.right if int(item.document) % 9 else session.wrong)()
    assert fc.calibrate(source, fc.labels(path)).labels == {"/a": 60}
    assert fc.Policy.guaranteed(source, fc.labels(path), risk=0.3).guarantee.labels == 60


# -- what is known --------------------------------------------------------------------------------


def label(right, drawn="audit", number=0):
    return Label(str(number), "/a", right, (), 1, drawn, 0.5)


@pytest.mark.parametrize(("right", "wrong"), [(0, 0), (1, 0), (0, 1), (59, 0), (57, 3), (5, 95)])
def test_the_bounds_are_those_of_clopper_and_pearson(right, wrong):
    audit = [label(True)] * right + [label(False)] * wrong
    known = progress_of([*audit, *[label(False, "doubtful")] * 10, label(None)])
    count = right + wrong
    assert (known.audited, known.audited_right, known.labels) == (count, right, count + 10)
    assert known.skipped == known.audit_skipped == 1
    if not audit:
        assert (known.low, known.high, known.audited_accuracy) == (0, 1, None)
        return
    interval = stats.binomtest(right, right + wrong).proportion_ci(0.95, "exact")
    assert known.low == pytest.approx(interval.low, abs=1e-9)
    assert known.high == pytest.approx(interval.high, abs=1e-9)
    assert known.audited_accuracy == right / (right + wrong)
    assert known.accuracy == right / (right + wrong + 10)


@pytest.mark.parametrize("risk", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("wrong", [0, 1, 4])
@pytest.mark.parametrize("labels", [4, 30, 400])
def test_so_many_more_right_labels_are_needed_and_one_less_is_not_enough(wrong, labels, risk):
    def upper(more):
        count = labels + more
        if count == wrong:
            return 1.0
        return stats.binomtest(wrong, count, alternative="less").proportion_ci(0.95, "exact").high

    count = needed(wrong, labels, risk)
    assert upper(count) <= risk
    assert not count or upper(count - 1) > risk


def test_nothing_is_known_of_nothing():
    known = progress_of([])
    assert (known.accuracy, known.audited_accuracy, known.needed) == (None, None, 59)


# -- excerpts -------------------------------------------------------------------------------------


def item_of(value, text):
    return walked(queue_of({"1": report({"a": value})}, fields=["a"], texts={"1": text}))[0]


def test_the_text_around_a_value():
    found = excerpt(item_of("Anna", "Dear ANNA, " + "x" * 50), around=10)
    assert found == ("Dear ", "ANNA", ", " + "x" * 8, True, False)
    assert excerpt(item_of(1234.5, "it is 1,234.50"))[:3] == ("it is ", "1,234.50", "")
    assert excerpt(item_of("Otto", "Dear Anna"))[:3] == ("", "", "Dear Anna")
    assert excerpt(item_of(True, "Dear Anna"))[:3] == ("", "", "Dear Anna")
    assert excerpt(item_of("Anna", None)) is None


def test_the_text_is_the_reports_own_input():
    from dataclasses import replace

    own = fc.locate(replace(report({"a": "Anna"}), input="Dear Anna"))
    assert excerpt(walked(queue_of({"1": own}))[0])[1] == "Anna"
    saved = fc.Report.from_dict(own.to_dict())
    assert excerpt(walked(queue_of({"1": saved}))[0]) == ("", "Anna", "", False, False)


# -- the server of the page -----------------------------------------------------------------------


def test_the_label_server_ends_after_the_page_has_its_answer(tmp_path, monkeypatch):
    """Counterexample: the program could end first, and the page got no answer."""
    events, is_over, send = [], threading.Event(), label_server._LabelHandler._send

    def end(_):
        events.append("end")
        is_over.set()

    def answer(*arguments):
        send(*arguments)
        events.append("answer")

    monkeypatch.setattr(LabelServer, "shutdown", end)
    monkeypatch.setattr(label_server._LabelHandler, "_send", answer)
    about = {"Content-Type": "application/json"}
    with LabelSession(queue_of(REPORTS), tmp_path / "labels.jsonl") as session:
        with LabelServer(session, "") as server:
            request = urllib.request.Request(f"{server.address}label", b'{"finish": true}', about)
            serving = threading.Thread(target=server.handle_request)
            serving.start()
            with urllib.request.urlopen(request) as response:
                assert json.load(response)["done"] == 0
            serving.join()
            assert is_over.wait(30)
    assert events == ["answer", "end"]
