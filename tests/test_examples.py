"""Every example runs, and what it prints is what it says it shows."""

import json
import math
import re
import runpy
import sys
from collections import Counter
from pathlib import Path

import pytest

import fieldconf as fc
from fieldconf.testing import assert_confident

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def run(capsys, monkeypatch):
    """Run an example as a script; give what it defines, and the lines that it prints."""
    monkeypatch.chdir(EXAMPLES.parent)

    def runs(name):
        names = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return names, capsys.readouterr().out.splitlines()

    return runs


@pytest.fixture
def asked(run, monkeypatch, local_client):
    """The same for an example with the embedded model: its reports are noted."""
    seen = []
    announce = fc.extraction.live_answer.announce

    def noticed(call, report):
        seen.append(report)
        announce(call, report)

    monkeypatch.setattr("fieldconf.extraction.live_answer.announce", noticed)
    return lambda name: (*run(name), seen)


def blocks(lines):
    return [block.split("\n") for block in "\n".join(lines).strip().split("\n\n")]


def test_triage_files_what_is_sure_asks_again_and_names_the_rest(asked):
    names, lines, reports = asked("triage")
    shown = blocks(lines)
    assert [block[0] for block in shown] == list(names["MESSAGES"])
    first = [report for report in reports if isinstance(report.value, names["Ticket"])]
    again = iter([report for report in reports if report not in first])
    for report, (_, *rows, cost, end) in zip(first, shown, strict=True):
        assert report.status == "complete"
        below = [
            pointer for pointer, field in report.leaves.items()
            if field.confidence < field.declared.conf.accept
        ]  # fmt: skip
        if below:  # asked for once more, and nothing else
            assert list(next(again).leaves) == below
        assert cost.split()[0] == ("2" if below else "1")
        assert [row.split()[0] for row in rows if ", then " in row] == below
        left = [row.split()[0] for row in rows if row.split()[1] != "accept"]
        assert end.startswith("  -> review: " if left else "  -> accept: Ticket(")
        assert sorted(re.findall(r"/\w+", end)) == sorted(left)
    assert next(again, None) is None
    said, unsaid = first[0], first[-1]  # it is less sure of what a message does not say
    assert said["order"].value == "BD-7730"
    assert unsaid["order"].confidence < said["order"].confidence
    assert unsaid["amount"].confidence < said["amount"].confidence


def test_the_guarantee_is_honest_about_few_labels(asked, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["guarantee.py", "6"])
    names, lines, reports = asked("guarantee")
    assert len(reports) == 6
    assert {type(report.value) for report in reports} == {names["Message"]}
    shown = "\n".join(lines)
    assert "12 values of 6 documents" in shown
    assert "nothing is accepted. at least" in shown
    assert lines[-1] == "0 of 12 fields accepted"


def test_the_judges_expected_score_is_the_mean_of_its_distribution(asked):
    names, lines, reports = asked("judge")
    assert len(reports) == len(names["ANSWERS"]) == 2
    for report in reports:
        field = report["score"]
        masses = {m.value: m.probability for m in field.distribution.candidates}
        mean = math.fsum(value * mass for value, mass in masses.items())
        variance = math.fsum((value - mean) ** 2 * mass for value, mass in masses.items())
        assert set(masses) == {1, 2, 3, 4, 5}
        assert field.expected == pytest.approx(mean)
        assert 1 <= field.expected <= 5
        assert field.std == pytest.approx(math.sqrt(variance))
        assert field.high - field.low <= 1e-4  # settled
        assert report.value.score == field.value
        assert any(f"expected {field.expected:.3f}" in line for line in lines)
    first, second = (report["score"].expected for report in reports)
    assert lines[-1].endswith(f"{first - second:+.3f}")


def test_a_field_may_be_called_score(run):
    judgement = runpy.run_path(str(EXAMPLES / "judge.py"))["Judgement"]
    assert callable(judgement.extract)
    assert not hasattr(judgement, "score")
    assert judgement(score=3).score == 3


def test_an_early_stop_reads_fewer_tokens(asked):
    names, lines, reports = asked("stop_early")
    pairs = list(zip(reports[::2], reports[1::2], strict=True))
    assert len(pairs) == len(names["TEXTS"])
    stopped = [(full, cut) for full, cut in pairs if cut.stopped]
    assert stopped
    for full, cut in stopped:
        saved = len(full.tokens) - cut.stopped.read
        assert cut.stopped.read == len(cut.tokens) < len(full.tokens)
        assert 0 < cut.stopped.saved <= saved <= cut.stopped.saved_at_most
        assert cut.stopped.read + cut.stopped.saved_at_most == 200
        assert cut["topic"].to_dict() == full["topic"].to_dict()
        assert any(line.endswith(f"in fact {saved}") for line in lines)
    for full, cut in pairs:
        if not cut.stopped:
            assert cut.to_dict() == full.to_dict()
    kinds = Counter(cut.status for _, cut in pairs)
    assert kinds == {"complete": len(pairs) - len(stopped), "truncated": len(stopped)}
    read, spent = (sum(len(report.tokens) for report in side) for side in zip(*pairs, strict=True))
    assert f"{spent} tokens read instead of {read}," in lines[-1]
    assert spent < read


def test_the_server_sees_the_connection_close_and_writes_no_more(run):
    _, lines = run("stop_early_server")
    ((read, of),) = re.findall(r"read (\d+) of (\d+)", "\n".join(lines))
    ((written, same),) = re.findall(r"wrote (\d+) of (\d+)", "\n".join(lines))
    assert of == same
    assert int(read) <= int(written) < int(of)
    assert lines[2] == "the server saw the connection close: True"


def test_saved_responses_are_scored_whole(run):
    names, lines = run("score_saved")
    found = names["reports"]()
    assert len(found) == len(names["SAVED"].read_text().splitlines()) >= 5
    for report in found:
        assert_confident(report, at_least=1e-6)  # complete, and every confidence known
        assert isinstance(report.value, names["Ticket"])
        assert report["problem"].distribution is not None
        assert set(report.owners) >= {"/problem", "/order", "/amount"}
    for block in blocks(lines):
        sure = [float(line.split()[0]) for line in block[1:]]
        assert sure == sorted(sure)
        assert float(block[0].split()[-1]) == sure[0]


def test_saved_responses_give_what_the_model_gave(run, local_client):
    """The records were not touched: asked again, the model writes the same texts."""
    names = runpy.run_path(str(EXAMPLES / "score_saved.py"))
    asked = runpy.run_path(str(EXAMPLES / "triage.py"))["MESSAGES"]
    texts = [
        json.loads(line)["choices"][0]["message"]["content"]
        for line in names["SAVED"].read_text().splitlines()
    ]
    report = fc.extract(names["Ticket"], asked[0], client=local_client)
    assert report.text == texts[0]
