"""Calibrating: what labels make of confidences, what is refused, and each road to a report."""

import json
import math
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from click.testing import CliRunner
from pydantic import BaseModel
from scipy.special import expit

import fieldconf as fc
from fieldconf.calibration.applying import LIKELIER
from fieldconf.calibration.curve import CalibrationCurve
from fieldconf.calibration.members import Members
from fieldconf.cli import main
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient

TWICE = CalibrationCurve(-1.0, 0.5, 0.5)  # any map that changes much


class Ticket(BaseModel):
    team: Literal["a", "b", "c"]
    urgent: bool


def saved(team="a", urgent=True, *, model="m", shares=None):
    """A response that is sure of the team by the shares, and of the urgency by 0.8."""
    shares = shares or {"a": 0.6, "b": 0.3, "c": 0.1}
    listed = [
        ('{"team":"', {}), (team, shares), ('","urgent":', {}),
        (json.dumps(urgent), {json.dumps(urgent): 0.8, json.dumps(not urgent): 0.2}), ("}", {}),
    ]  # fmt: skip
    entries = [
        {
            "token": text, "logprob": math.log(options.get(text, 1.0)),
            "top_logprobs": [{"token": t, "logprob": math.log(p)} for t, p in options.items()],
        }
        for text, options in listed
    ]  # fmt: skip
    content = "".join(text for text, _ in listed)
    choice = {"message": {"content": content}, "logprobs": {"content": entries}}
    return {"model": model, "choices": [choice]}


def table(size=400, fields=2, seed=0, power=3.0):
    """Confidences that are too high: right with confidence ** power."""
    rng = np.random.default_rng(seed)
    confidence = rng.beta(4, 1, size)
    return {
        "document": [n // fields for n in range(size)],
        "field": [f"/{n % fields}" for n in range(size)],
        "confidence": confidence.tolist(),
        "right": (rng.random(size) < confidence**power).tolist(),
    }


# -- the numbers ----------------------------------------------------------------------------------


def ece(confidence, right):
    bins = np.array_split(np.argsort(confidence, kind="stable"), 15)
    return sum(abs(confidence[b].mean() - right[b].mean()) * len(b) for b in bins) / len(right)


@pytest.mark.parametrize(("labels", "most"), [(30, 0.06), (300, 0.02)])
def test_it_comes_near_a_perfect_score(labels, most):
    """The small version of bench/calibration.py: 6 fields, 2 worlds."""
    excess, raw = [], []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        a, b = rng.normal(-0.3, 0.7, 6), rng.uniform(0.2, 0.9, 6)

        def draw(size, rng=rng, a=a, b=b):
            x = 2.2 + 1.6 * rng.standard_normal((6, size))
            bent = np.where(np.arange(6)[:, None] % 2, x, np.minimum(x, 2))
            truth = expit(a[:, None] + b[:, None] * bent)
            return expit(x), truth, rng.random(x.shape) < truth

        def rows(confidence, right):
            size = confidence.shape[1]
            return {
                "document": list(range(size)) * 6, "field": np.repeat(range(6), size).tolist(),
                "confidence": confidence.ravel().tolist(), "right": right.ravel().tolist(),
            }  # fmt: skip

        confidence, _, right = draw(labels)
        calibrator = fc.calibrate(rows(confidence, right))
        confidence, truth, right = draw(2000)
        made = calibrator.confidences(rows(confidence, right)).reshape(6, -1)
        excess += [ece(c, r) - ece(t, r) for c, t, r in zip(made, truth, right, strict=True)]
        raw += [ece(c, r) - ece(t, r) for c, t, r in zip(confidence, truth, right, strict=True)]
    assert np.mean(raw) > 0.1
    assert np.mean(excess) < most


def test_it_says_which_it_chose_and_both_figures():
    bent = fc.calibrate(table())
    assert bent.chosen == "ridge"
    assert bent.losses["ridge"] < bent.losses["identity"]
    assert f"{bent.losses['ridge']:.4f}" in str(bent)
    even = fc.calibrate(table(power=1.0))
    assert even.chosen == "identity"
    assert "not better by more than noise" in even.reason
    assert even.confidence(0.123, "/0") == 0.123


def test_another_order_of_fields_and_one_row_a_document_will_do():
    rows = table(300) | {"document": list(range(300))}
    assert fc.calibrate(rows).documents == 300
    unlabelled = {name: rows[name] for name in ("document", "field", "confidence")}
    made = fc.calibrate(rows).confidences(unlabelled)
    assert made.shape == (300,)
    assert not np.isnan(made).any()


# -- adversarial ----------------------------------------------------------------------------------


def rows(confidences, right, documents=None):
    size = len(confidences)
    return {"document": documents or list(range(size)), "field": ["/a"] * size,
            "confidence": confidences, "right": right}  # fmt: skip


def test_five_labels_and_one_document_are_too_few():
    few = fc.calibrate(rows([0.9] * 5, [False] * 5))
    assert (few.chosen, few.labels, few.losses) == ("identity", {"/a": 5}, {})
    assert "too few" in few.reason
    alone = fc.calibrate(rows([0.9] * 50, [False] * 50, [1] * 50))
    assert alone.chosen == "identity"
    assert "of 1 documents are too few" in alone.reason


@pytest.mark.parametrize("is_right", [True, False])
def test_one_class_is_shrunken_and_said(is_right):
    calibrator = fc.calibrate(rows([0.6, 0.8] * 20, [is_right] * 40))
    assert f"all values are {'right' if is_right else 'wrong'}" in calibrator.reason
    made = calibrator.confidence(0.7, "/a")
    assert 0.8 < made < 0.999 if is_right else 0.001 < made < 0.2


def test_ties_become_their_rate():
    calibrator = fc.calibrate(rows([0.9] * 200, [True, False] * 100))
    assert calibrator.confidence(0.9, "/a") == pytest.approx(0.5, abs=0.05)


def test_certain_ones_are_no_longer_certain():
    calibrator = fc.calibrate(rows([1.0, 0.0] * 100, [True, False, False, True] * 50))
    assert calibrator.confidence(1.0, "/a") == pytest.approx(0.5, abs=0.1)
    assert calibrator.confidence(0.0, "/a") == pytest.approx(0.5, abs=0.1)


def test_a_confidence_that_falls_with_being_right_becomes_flat_and_keeps_its_order():
    rng = np.random.default_rng(2)
    confidence = rng.random(600)
    calibrator = fc.calibrate(rows(confidence.tolist(), (rng.random(600) > confidence).tolist()))
    made = [calibrator.confidence(p, "/a") for p in (0.1, 0.5, 0.9)]
    assert made == sorted(made)
    assert made[2] - made[0] < 0.02


def test_what_is_not_known_is_counted_and_nothing_known_is_refused():
    known = table(100)
    known["confidence"][:7] = [None] * 7
    assert fc.calibrate(known).unknown == 7
    with pytest.raises(fc.CalibrationError, match="none of 3 labelled values has a confidence"):
        fc.calibrate(rows([None, math.nan, None], [True, False, True]))
    with pytest.raises(fc.EvaluationError, match="no row has a label"):
        fc.calibrate(rows([0.5], [None]))


def test_the_seed_decides_the_folds():
    assert fc.calibrate(table(), seed=1) == fc.calibrate(table(), seed=1)
    one, other = fc.calibrate(table(), seed=1), fc.calibrate(table(), seed=2)
    assert one.losses["ridge"] != other.losses["ridge"]
    assert one.losses["identity"] == pytest.approx(other.losses["identity"])


# -- saving ---------------------------------------------------------------------------------------


def test_a_file_gives_the_same_calibrator(tmp_path):
    calibrator = fc.calibrate(table(), model="m", provider="openai", instructions="Read.")
    calibrator.save(tmp_path / "map.json")
    assert fc.Calibrator.read(tmp_path / "map.json") == calibrator
    assert calibrator.scope.keys() == {"model", "provider", "prompt"}
    plain = json.loads((tmp_path / "map.json").read_text())
    assert plain["labels"] == {"/0": 200, "/1": 200}
    assert len(plain["date"]) == 10


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 1, "chosen": "magic"}', '{"version": 1, "more": 1}',
             '{"version": 1, "pool": {"intercept": "x"}}', '{"version": 9}'],
)  # fmt: skip
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(fc.CalibrationError):
        fc.Calibrator.read(tmp_path / "map.json")


def test_no_file_and_no_calibrator_are_refused(tmp_path):
    with pytest.raises(fc.CalibrationError, match="cannot read"):
        fc.Calibrator.read(tmp_path / "none.json")
    with pytest.raises(fc.CalibrationError, match="cannot write"):
        fc.Calibrator().save(tmp_path / "none" / "map.json")
    with pytest.raises(fc.CalibrationError, match="a dict is no calibrator"):
        fc.score(saved(), Ticket, calibration={})
    with pytest.raises(fc.CalibrationError, match="a str is no calibrator"):
        fc.score(saved(), Ticket).calibrated("map.json")


# -- reports --------------------------------------------------------------------------------------


def labelled(size=120):
    """Reports that like team "a" too much, and the labels."""
    rng = np.random.default_rng(4)
    reports, truths = {}, []
    for number in range(size):
        truth = str(rng.choice(["a", "b", "c"]))
        masses = {team: float(rng.random() + (team == truth) + (team == "a")) for team in "abc"}
        shares = {team: mass / sum(masses.values()) for team, mass in masses.items()}
        team = max(shares, key=shares.__getitem__)
        reports[str(number)] = fc.score(saved(team, shares=shares), Ticket)
        truths.append({"document": str(number), "team": truth, "urgent": bool(rng.random() < 0.5)})
    return reports, fc.labels(truths)


@pytest.fixture(scope="module")
def fitted():
    reports, labels = labelled()
    return reports, labels, fc.calibrate(reports, labels)


def test_members_are_moved_to_the_labels_prior(fitted):
    reports, _, calibrator = fitted
    biases = dict(zip(*(getattr(calibrator.members["/team"], n) for n in ("values", "biases"))))  # noqa: B905
    assert biases["a"] < min(biases["b"], biases["c"])
    made = [report.calibrated(calibrator)["/team"] for report in reports.values()]
    flagged = [field for field in made if LIKELIER in field.flags]
    assert flagged
    assert all(field.distribution.candidates[0].value != field.value for field in flagged)
    assert all(field.value == report["/team"].value
               for field, report in zip(made, reports.values(), strict=True))  # fmt: skip
    mean = sum(field.distribution["a"].probability for field in made) / len(made)
    raw = sum(report["/team"].distribution["a"].probability for report in reports.values())
    assert mean < raw / len(made) - 0.05
    assert "the members of /team" in calibrator.reason


def test_a_report_of_another_model_or_schema_is_refused(fitted):
    reports, _, calibrator = fitted
    report = reports["0"]
    other = replace(report, model="n")
    with pytest.raises(fc.CalibrationError, match="fitted for model 'm', not 'n'") as caught:
        other.calibrated(calibrator)
    assert (caught.value.expected, caught.value.actual) == ({"model": "m"}, {"model": "n"})
    assert other.calibrated(calibrator, force=True).calibration.model == "m"
    with pytest.raises(fc.CalibrationError, match="schema"):
        fc.score(saved(), {"properties": {"team": {"type": "string"}}}).calibrated(calibrator)
    assert replace(report, model="").calibrated(calibrator).calibration.digest == calibrator.digest


def test_reports_of_two_models_are_not_one(fitted):
    reports, labels, calibrator = fitted
    mixed = reports | {"0": replace(reports["0"], model="n")}
    with pytest.raises(fc.CalibrationError, match="several models: 'm', 'n'"):
        fc.calibrate(mixed, labels)
    assert fc.calibrate(mixed, labels, model="m").scope["model"] == "m"
    again = {name: report.calibrated(calibrator) for name, report in reports.items()}
    with pytest.raises(fc.CalibrationError, match="calibrated already"):
        fc.calibrate(again, labels)


def test_the_policy_judges_calibrated_numbers():
    report = fc.score(saved(), Ticket, policy={"accept": 0.7})
    assert report.verdicts["/urgent"].outcome == "accept"
    made = report.calibrated(fc.Calibrator("ridge", pool=TWICE))
    assert made["/urgent"].confidence == TWICE(0.8)
    assert made.verdicts["/urgent"].outcome != "accept"
    assert made.confidence == min(field.confidence for field in made.leaves.values())


def test_a_field_beside_its_members_shares_what_is_left():
    made = fc.score(saved(), Ticket).calibrated(fc.Calibrator("ridge", pool=TWICE))
    found, sure = made["/team"].distribution, TWICE(0.6)
    assert found["a"].probability == sure == made["/team"].confidence
    assert found["b"].probability == pytest.approx((1 - sure) * 0.75)
    assert found["c"].probability == pytest.approx((1 - sure) * 0.25)


def test_digests_of_schemas_are_those_of_what_is_asked():
    class Other(Ticket):
        pass

    Other.__name__ = Other.__qualname__ = "Ticket"
    one, other = (fc.score(saved(), kind).schema.digest for kind in (Ticket, Other))
    assert one == fc.score(saved(), Ticket.model_json_schema()).schema.digest
    assert isinstance(other, str)
    limits = {"type": "boolean", "x-fieldconf": {"accept": 0.9}}
    digests = [fc.score(saved(), kind).schema.digest for kind in (limits, bool, {"type": "null"})]
    assert digests[0] == digests[1] != digests[2]


# -- every road -----------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    fc.Calibrator("ridge", "by hand", TWICE).save(tmp_path / "map.json")
    return tmp_path / "map.json"


def test_saved_responses_are_calibrated(file):
    wanted = fc.score(saved(), Ticket).calibrated(fc.Calibrator.read(file))
    assert fc.score(saved(), Ticket, calibration=file) == wanted
    assert fc.score_all(saved(), Ticket, calibration=str(file)) == [wanted]
    label = {"choices": [{"message": {"content": "spam"}, "logprobs": {"content": [
        {"token": "spam", "logprob": math.log(0.9)}]}}]}  # fmt: skip
    raw = fc.classify(label, ["spam", "ham"]).confidence
    assert fc.classify(label, ["spam", "ham"], calibration=file).confidence == TWICE(raw)


def client():
    return FakeClient(Answer({"team": "a", "urgent": True}, {"urgent": 0.8}))


def test_answers_are_calibrated(file):
    raw = fc.extract(Ticket, "Hurry!", client=client(), model="m")
    made = fc.extract(Ticket, "Hurry!", client=client(), model="m", calibration=file)
    assert made["/urgent"].confidence == TWICE(raw["/urgent"].confidence)
    with fc.stream(Ticket, "Hurry!", client=client(), model="m", calibration=file) as stream:
        fields = {field.pointer: field for field in stream.fields()}
        assert stream.report["/urgent"] == made["/urgent"]
    assert fields["/urgent"].confidence == raw["/urgent"].confidence


def test_of_samples_what_they_lead_to_is_calibrated_once(file):
    asked = {"model": "m", "samples": 3}
    raw = fc.extract(Ticket, "Hurry!", client=client(), **asked)
    made = fc.extract(Ticket, "Hurry!", client=client(), calibration=file, **asked)
    assert made["/urgent"].agreement == raw["/urgent"].agreement is not None
    assert made["/urgent"].confidence == TWICE(raw["/urgent"].confidence)
    assert made["/urgent"].raw == raw["/urgent"].confidence


def test_an_agreement_is_calibrated_like_any_confidence(file):
    texts = [json.dumps({"team": team, "urgent": True}) for team in "aab"]
    bare = [fc.score({"choices": [{"message": {"content": text}}]}, Ticket) for text in texts]
    raw = fc.agree(bare)
    made = raw.calibrated(fc.Calibrator.read(file))
    assert (raw["/team"].basis, raw["/team"].confidence) == ("agreement", pytest.approx(2 / 3))
    assert made["/team"].confidence == TWICE(raw["/team"].confidence)


async def asked(calibration):
    sent = AsyncFakeClient(Answer({"team": "a", "urgent": True}, {"urgent": 0.8}))
    return await fc.aextract(Ticket, "Hurry!", client=sent, model="m", calibration=calibration)


def test_asynchronous_answers_are_calibrated(file):
    import asyncio

    raw, made = asyncio.run(asked(None)), asyncio.run(asked(file))
    assert made["/urgent"].confidence == TWICE(raw["/urgent"].confidence)


def test_what_cannot_hold_is_refused_before_it_is_sent_and_another_model_after(file):
    sent = client()
    wrong = replace(fc.Calibrator.read(file), scope={"schema": "another"})
    with pytest.raises(fc.CalibrationError, match="schema"):
        fc.extract(Ticket, "Hurry!", client=sent, model="m", calibration=wrong)
    assert not sent.requests
    other = replace(wrong, scope={"model": "another"})
    with pytest.raises(fc.CalibrationError, match="model") as caught:
        fc.extract(Ticket, "Hurry!", client=sent, model="m", calibration=other)
    assert caught.value.report.data == {"team": "a", "urgent": True}


def test_a_run_goes_on_only_with_the_same_calibration(file, tmp_path):
    asking = {"client": client(), "model": "m", "output": tmp_path / "out.jsonl"}
    first = fc.extract_many(Ticket, ["Hurry!"], calibration=file, **asking).all()
    again = fc.extract_many(Ticket, ["Hurry!"], calibration=file, **asking).all()
    assert again[0].resumed
    assert again[0].report["/urgent"].confidence == first[0].report["/urgent"].confidence
    assert again[0].report.calibration is not None
    with pytest.raises(fc.OutputError):
        fc.extract_many(Ticket, ["Hurry!"], **asking).all()


def test_the_command_line_takes_a_file(file, tmp_path):
    (tmp_path / "saved.json").write_text(json.dumps(saved()))
    (tmp_path / "schema.json").write_text(json.dumps(Ticket.model_json_schema()))
    given = [str(tmp_path / "saved.json"), "--schema", str(tmp_path / "schema.json")]
    shown = CliRunner().invoke(
        main, ["score", *given, "--json", "--calibration", str(file)], catch_exceptions=False
    )
    assert json.loads(shown.output)["fields"]["/urgent"]["confidence"] == TWICE(0.8)
    failed = CliRunner().invoke(main, ["score", *given, "--calibration", str(tmp_path / "no")])
    assert failed.exit_code == 2
    assert "cannot read the calibrator" in failed.output


def test_batches_have_calibrated_rows(file, tmp_path):
    pa = pytest.importorskip("pyarrow")
    from fieldconf.batch import score_batch

    batch = pa.record_batch({"response": [json.dumps(saved()), json.dumps(saved(model="n"))]})
    maps = replace(fc.Calibrator.read(file), scope={"model": "m"})
    made = score_batch(batch, Ticket, calibration=maps).to_pylist()
    assert [r["confidence"] for r in made if r["pointer"] == "/urgent"] == [TWICE(0.8)]
    assert "fitted for model 'm', not 'n'" in made[-1]["reason"]
    (tmp_path / "saved.jsonl").write_text(json.dumps(saved()) + "\n")
    shown = CliRunner().invoke(
        main, ["batch", str(tmp_path / "saved.jsonl"), "-o", str(tmp_path / "rows.jsonl"),
               "--calibration", str(file)], catch_exceptions=False,
    )  # fmt: skip
    assert shown.exit_code == 0
    kept = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert TWICE(0.8) in [row["confidence"] for row in kept]


def test_members_that_no_label_spoke_of_have_no_bias():
    moved = Members(("a",), (2.0,)).moved(fc.score(saved(), Ticket)["/team"].distribution)
    ratio = moved["b"].probability / moved["c"].probability
    assert ratio == pytest.approx(3, rel=2e-3)
