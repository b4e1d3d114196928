"""Drift: baselines in files, tests of two sets of answers, alarms from labels, the command."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from answers import response
from click.testing import CliRunner

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.errors import EvaluationError
from fieldconf.monitoring.alarms import accuracy_alarm, risk_alarm
from fieldconf.monitoring.baseline import Baseline, FieldBaseline, Share
from fieldconf.report.results import Result, Results, RunSummary
from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.sequential import rise_wealth, risk_wealth
from fieldconf.statistics.two_samples import compared_numbers, compared_shares, holm

SCHEMA = {
    "type": "object",
    "properties": {"team": {"enum": ["billing", "sales", None]}, "urgent": {"type": "boolean"}},
    "required": ["team", "urgent"],
}


def answer(sure, *, team="billing", model="small", schema=SCHEMA, finish="stop"):
    """A report in which a token says the team, and another one whether it is urgent."""
    text = "null" if team is None else f'"{team}"'
    tokens = [('{"team":', 1.0, {}), (text, sure, {}), (',"urgent":', 1.0, {}),
              ("true", sure, {"false": 1 - sure}), ("}", 1.0, {})]  # fmt: skip
    if finish == "length":
        tokens = tokens[:2]
    payload = response(tokens) | {"model": model}
    payload["choices"][0]["finish_reason"] = finish
    return fc.score(payload, schema)


def month(documents, seed, low=0.6, **more):
    """Reports with ids, whose confidences lie between ``low`` and 1."""
    rng = np.random.default_rng(seed)
    return {f"d{n}": answer(float(rng.uniform(low, 0.99)), **more) for n in range(documents)}


def rows(documents, wrong=0.1, seed=0, fields=4, **columns):
    rng = np.random.default_rng(seed)
    return [
        {"document": n, "field": f"/f{f}", "confidence": float(rng.beta(8, 1)),
         "right": bool(rng.random() >= wrong)} | columns
        for n in range(documents) for f in range(fields)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def november():
    return month(120, 1)


@pytest.fixture(scope="module")
def baseline(november):
    return fc.Baseline.from_reports(november)


def row_of(result, field, test):
    return next(row for row in result.rows if (row.field, row.test) == (field, test))


# -- the baseline ----------------------------------------------------------------------------------


def test_a_baseline_holds_numbers_of_documents(november, baseline):
    assert baseline.documents == 120
    assert baseline.scope["model"] == "small"
    assert baseline.scope["calibration"] == "none"
    assert "provider" not in baseline.scope
    urgent = baseline.fields["/urgent"]
    means = sorted(report["urgent"].confidence for report in november.values())
    assert urgent.known == 120
    assert urgent.confidences == pytest.approx(means, abs=1e-6)
    assert urgent.mean == pytest.approx(np.mean(means), abs=1e-6)
    assert urgent.shares["null"] == urgent.shares["unknown"] == Share(0, 120)
    assert baseline.fields[""].shares == {"incomplete": Share(0, 120)}
    assert baseline.accuracy is None


def test_shares_count_documents_not_values():
    schema = {"type": "array", "items": {"enum": ["a", None]}}
    tokens = [("[", 1.0, {}), ("null", 0.9, {'"a"': 0.1}), (",", 1.0, {}),
              ("null", 0.5, {'"a"': 0.5}), ("]", 1.0, {})]  # fmt: skip
    reports = [fc.score(response(tokens), schema)] * 2
    reports.append(fc.score(response([("[", 1.0, {}), ("]", 1.0, {})]), schema))
    items = fc.Baseline.from_reports(reports).fields["/*"]
    values = [reports[0][f"/{n}"].confidence for n in range(2)]
    assert items.shares["null"] == Share(2, 2)
    assert items.shares["absent"] == Share(1, 3)
    assert items.confidences == pytest.approx([np.mean(values)] * 2, abs=1e-6)


def test_what_has_no_confidence_is_counted_and_has_no_number():
    payload = response([('{"team":"billing","urgent":true}', 1.0, {})])
    del payload["choices"][0]["logprobs"]
    urgent = fc.Baseline.from_reports([fc.score(payload, SCHEMA)]).fields["/urgent"]
    assert urgent.shares["unknown"] == Share(1, 1)
    assert (urgent.known, urgent.mean, urgent.confidences) == (0, None, ())
    assert urgent.shares["saturated"] == Share(0, 0)


def test_off_schema_is_counted_from_the_limit_on():
    tokens = [("true", 0.3, {"maybe": 0.7})]
    reports = [fc.score(response(tokens), {"type": "boolean"})]
    assert reports[0][""].off_schema == pytest.approx(0.7, abs=0.01)
    assert Baseline.from_reports(reports).fields[""].shares["off_schema"] == Share(1, 1)
    lax = Baseline.from_reports(reports, off_schema=0.8)
    assert lax.fields[""].shares["off_schema"] == Share(0, 1)


def test_calibrated_reports_give_their_raw_confidences(november, baseline):
    calibrator = fc.Calibrator("ridge", pool=fc.calibrate(rows(100)).pool)
    calibrator = replace(calibrator, pool=replace(calibrator.pool, intercept=-1.0))
    calibrated = {name: report.calibrated(calibrator) for name, report in november.items()}
    now = fc.Baseline.from_reports(calibrated)
    assert now.fields["/urgent"] == baseline.fields["/urgent"]
    result = fc.drift(baseline, calibrated)
    assert [each.name for each in result.differences] == ["calibration"]
    assert not any(row.is_drifted for row in result.rows)


def test_it_is_saved_and_read_back(tmp_path, november, baseline):
    labels = [{"document": n, "team": "billing", "urgent": True} for n in list(november)[:50]]
    judged = fc.Baseline.from_reports(november, labels, provider="openai")
    assert judged.accuracy == 1.0
    for one in (baseline, judged):
        one.save(tmp_path / "baseline.json")
        assert fc.Baseline.read(tmp_path / "baseline.json") == one
        assert fc.Baseline.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_its_file_stays_small(tmp_path):
    rng = np.random.default_rng(0)
    table = {
        "document": np.repeat(np.arange(3000), 40).tolist(),
        "field": [f"/a/long/name/of/a/field/{n}" for n in range(40)] * 3000,
        "confidence": rng.random(120_000).tolist(),
    }
    made = fc.Baseline.from_reports(table)
    made.save(tmp_path / "b.json")
    assert (tmp_path / "b.json").stat().st_size < 1_000_000
    assert {len(each.confidences) for each in made.fields.values()} == {2000}
    assert {each.known for each in made.fields.values()} == {3000}
    few = fc.Baseline.from_reports(table, most=100, seed=1).fields.values()
    assert {len(each.confidences) for each in few} == {100}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot read the baseline"),
        ("[]", "not a saved baseline"),
        ('{"version": 9, "documents": 1}', "not a saved baseline"),
        ('{"version": 1, "documents": "x"}', "documents: "),
        ('{"version": 1, "documents": 1, "more": 1}', "more: "),
        ('{"version": 1, "documents": 1, "fields": {"/a": {"known": 1, "confidences": [2]}}}',
         "/a: a confidence is not from 0 to 1"),
        ('{"version": 1, "documents": 1, "fields": {"/a": {"confidences": [0.5]}}}',
         "more confidences than documents"),
        ('{"version": 1, "documents": 1, "fields": {"/a": {"shares": {"null": [2, 1]}}}}',
         "/a: a share is not"),
        ('{"version": 1, "documents": 1, "judged": [[1, 2, 1]]}', "judged: "),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_an_error_with_its_name_and_a_remedy(tmp_path, text, problem):
    (tmp_path / "lock.json").write_text(text)
    with pytest.raises(EvaluationError) as caught:
        fc.Baseline.read(tmp_path / "lock.json")
    assert problem in str(caught.value)
    assert "lock.json" in str(caught.value)
    assert "fieldconf drift --write" in caught.value.remedy


def test_files_that_are_not_there(tmp_path, baseline):
    with pytest.raises(EvaluationError, match=r"none\.json: No such file"):
        fc.Baseline.read(tmp_path / "none.json")
    with pytest.raises(EvaluationError, match="cannot write"):
        baseline.save(tmp_path / "no" / "folder.json")
    with pytest.raises(EvaluationError):
        fc.Baseline.from_reports([])


# -- tests without labels --------------------------------------------------------------------------


def test_the_same_answers_are_no_drift(november, baseline):
    result = fc.drift(baseline, november)
    assert not result.is_drifted
    assert all(row.p == 1.0 for row in result.rows if row.p is not None)
    assert result.documents == (120, 120)
    assert "no drift in" in result.text()


def test_other_answers_of_the_same_kind_are_no_drift(baseline):
    assert not fc.drift(baseline, month(100, 2)).is_drifted


def test_lower_confidences_are_drift(baseline):
    result = fc.drift(baseline, month(120, 2, low=0.3))
    row = row_of(result, "/urgent", "confidence")
    assert row.is_drifted
    assert row.now < row.before
    assert row.distance > 0.2
    assert row.p <= row.adjusted <= 0.01
    assert "/urgent confidence" in repr(result)
    assert "/urgent confidence: " in result.text()
    assert not result.differences


def test_more_nulls_are_drift(baseline):
    now = month(80, 2) | {f"n{n}": answer(0.9, team=None) for n in range(40)}
    row = row_of(fc.drift(baseline, now), "/team", "null")
    assert (row.before, row.is_drifted) == (0, True)
    assert row.distance == pytest.approx(1 / 3)


def test_answers_that_break_off_are_drift(baseline):
    now = month(80, 2) | {f"n{n}": answer(0.9, finish="length") for n in range(40)}
    assert row_of(fc.drift(baseline, now), "", "incomplete").is_drifted


def test_failed_requests_count_as_incomplete(november, baseline):
    results = [Result(n, None, "report", report, id=str(n))
               for n, report in enumerate(november.values())]  # fmt: skip
    assert not fc.drift(baseline, results).is_drifted
    failed = [replace(result, report=None) for result in results[:60]]
    assert row_of(fc.drift(baseline, failed + results[60:]), "", "incomplete").now == 0.5


def test_a_field_that_is_not_written_any_more_is_drift():
    optional = {**SCHEMA, "required": ["urgent"]}
    before = fc.Baseline.from_reports(month(60, 1, schema=optional))
    tokens = [('{"urgent":', 1.0, {}), ("true", 0.8, {"false": 0.2}), ("}", 1.0, {})]
    short = [fc.score(response(tokens) | {"model": "small"}, optional)] * 60
    row = row_of(fc.drift(before, short), "/team", "absent")
    assert (row.before, row.now, row.is_drifted) == (0, 1, True)


@pytest.mark.parametrize(("more", "name"), [
    ({"model": "large"}, "model"),
    ({"schema": {**SCHEMA, "title": "Other", "required": ["team"]}}, "schema"),
])  # fmt: skip
def test_another_model_or_schema_is_a_difference(baseline, more, name):
    result = fc.drift(baseline, month(60, 2, **more))
    assert [each.name for each in result.differences] == [name]
    assert result.is_drifted
    assert f"drift: {name}" in result.text()


def test_several_models_in_one_month_are_a_difference(baseline):
    (difference,) = fc.drift(baseline, {**month(60, 2), "x": answer(0.9, model="new")}).differences
    assert (difference.before, difference.now) == ("small", "new, small")


def test_what_is_known_of_one_side_only_is_no_difference(november):
    before = fc.Baseline.from_reports(november, provider="openai")
    assert not fc.drift(before, november).differences
    assert fc.drift(before, november, provider="groq").differences[0].name == "provider"


def test_too_few_documents_are_not_tested(baseline):
    result = fc.drift(baseline, month(29, 2, low=0.1))
    assert not result.is_drifted
    for row in result.rows:
        assert (row.p, row.adjusted, row.distance) == (None, None, None)
        assert row.reason
    assert "too few documents now: 29 (at least 30)" in result.text()
    assert "nothing could be tested" in repr(result)


def test_fields_of_another_schema_are_not_tested(baseline):
    before = replace(baseline, fields={**baseline.fields, "/old": FieldBaseline(50, 0.5)})
    other = {**SCHEMA, "title": "Other", "required": ["team"]}
    row = row_of(fc.drift(before, month(40, 2, schema=other)), "/old", "confidence")
    assert (row.before, row.now, row.reason) == (0.5, None, "only in the baseline")


def test_documents_are_tested_not_values():
    """Fifty values of a document that say the same are one piece of evidence."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.5, 0.1, 40), rng.normal(0.53, 0.1, 40)

    def table(means, times):
        return {"document": np.repeat(np.arange(40), times).tolist(), "field": ["/a"] * 40 * times,
                "confidence": np.repeat(means, times).tolist()}  # fmt: skip

    once, often = (
        fc.drift(table(first, times), table(second, times)).rows[0].p for times in (1, 50)
    )
    assert once == often


def test_rows_of_a_batch_do_not_tell_the_mass(november, baseline):
    from fieldconf.batch.response_ids import Saved
    from fieldconf.batch.rows import COLUMNS, long_rows

    columns = [each.name for each in COLUMNS]
    saved = {name: Saved(name, name) for name in november}
    table = [
        dict(zip(columns, row, strict=True))
        for name, report in november.items() for row in long_rows(saved[name], report)
    ]  # fmt: skip
    result = fc.drift(baseline, table)
    assert not result.is_drifted
    assert row_of(result, "/team", "off_schema").reason == "the current answers do not tell"
    assert row_of(result, "/team", "confidence").p == 1.0


def test_two_baselines_can_be_compared(baseline):
    assert not fc.drift(baseline, baseline).is_drifted
    with pytest.raises(EvaluationError, match="labels are of answers"):
        fc.drift(baseline, baseline, labels=[{"document": "d1", "urgent": True}])


def test_the_result_is_plain(baseline):
    result = fc.drift(baseline, month(120, 2, low=0.3, model="large"))
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["is_drifted"] is True
    assert plain["differences"] == [{"name": "model", "before": "small", "now": "large"}]
    assert isinstance(result, fc.types.DriftResult)
    with pytest.raises(AttributeError):
        result.alpha = 0.5


@pytest.mark.parametrize("more", [{"alpha": 0}, {"alpha": 1}, {"risk": 0.0}, {"fall": -0.1}])
def test_numbers_that_cannot_be_are_errors(baseline, more):
    with pytest.raises(EvaluationError, match="is not between 0 and 1"):
        fc.drift(baseline, rows(5), **more)


def test_statistics_of_two_samples():
    assert compared_numbers([1.0] * 50, [1.0] * 60) == (0.0, 1.0)
    assert compared_numbers([0.5] * 50, [1.0] * 50).p < 1e-6
    assert compared_shares((5, 50), (5, 50)) == (0.0, 1.0)
    assert holm([]) == []
    assert holm([0.5, 0.001]) == [0.5, 0.002]


# -- tests with labels -----------------------------------------------------------------------------


def test_wealth_of_bets_is_their_mean_product():
    """The formula by hand, for one document at a time."""
    from fieldconf.statistics.sequential import BETS

    wrong, values, risk = [0, 2, 1], [1, 2, 3], 0.1
    capital = [1.0] * len(BETS)
    for w, n in zip(wrong, values, strict=True):
        bets = [min(bet, 0.5 / (risk * 3)) for bet in BETS]
        capital = [c * (1 + bet * (w - risk * n)) for c, bet in zip(capital, bets, strict=True)]
    assert np.exp(risk_wealth(wrong, values, risk, 3)[-1]) == pytest.approx(np.mean(capital))


def outcomes(documents, rate):
    """All ways in which documents of two values are wrong as a whole or not, with their chances."""
    for wrong in product([0, 2], repeat=documents):
        yield list(wrong), np.prod([rate if each else 1 - rate for each in wrong])


def test_under_the_hypothesis_the_wealth_is_one_on_average():
    """Exactly, over all outcomes, however the values of a document err together."""
    risk = sum(
        chance * np.exp(risk_wealth(wrong, [2] * 6, 0.3, 2)[-1])
        for wrong, chance in outcomes(6, 0.3)
    )
    assert risk == pytest.approx(1)
    accuracy = sum(
        first * second * np.exp(rise_wealth(wrong, [2] * 4, [(2, w, 1) for w in before], 0, 2)[-1])
        for before, first in outcomes(4, 0.3)
        for wrong, second in outcomes(4, 0.3)
    )
    assert 0 < accuracy <= 1


def test_an_alarm_when_accepted_values_are_too_often_wrong():
    policy = fc.Policy(0.5)
    good = risk_alarm(Table.read(rows(400, 0.05)), policy, 0.1)
    assert (good.is_alarm, good.document, good.number) == (False, None, 0)
    assert good.p > 0.1
    bad = risk_alarm(Table.read(rows(400, 0.25)), policy, 0.1)
    assert bad.is_alarm
    assert bad.p <= 0.01
    assert bad.number == bad.document + 1 < 200
    sooner = risk_alarm(Table.read(rows(400, 0.25)[: 4 * bad.number]), policy, 0.1)
    assert sooner.number == bad.number  # what comes later changes nothing


def test_nothing_accepted_is_not_tested():
    alarm = risk_alarm(Table.read(rows(50)), fc.Policy("nothing"), 0.1)
    assert (alarm.is_alarm, alarm.p, alarm.observed) == (False, None, None)
    assert alarm.reason == "no labelled value is accepted"


def test_of_a_guarantee_for_documents_documents_are_counted():
    policy = fc.Policy.guaranteed(rows(300, 0.005), risk=0.1, unit="document")
    alarm = risk_alarm(Table.read(rows(100, 0.02, seed=3)), policy, 0.1)
    assert alarm.values == alarm.documents <= 100


def test_a_fall_of_the_accuracy_is_an_alarm():
    before = fc.Baseline.from_reports(rows(500, 0.1))
    assert before.accuracy == pytest.approx(0.9, abs=0.02)
    same = accuracy_alarm(Table.read(rows(300, 0.1, seed=2)), before)
    assert not same.is_alarm
    lower = Table.read(rows(300, 0.25, seed=2))
    assert accuracy_alarm(lower, before).is_alarm
    assert not accuracy_alarm(lower, before, fall=0.2).is_alarm
    with pytest.raises(EvaluationError, match="no accuracy"):
        accuracy_alarm(lower, fc.Baseline(3))


def test_drift_with_labels(november):
    labels = [{"document": name, "team": "billing", "urgent": True} for name in november]
    before = fc.Baseline.from_reports(november, labels)
    now = month(60, 2)
    wrong = [{"document": name, "team": "sales", "urgent": True} for name in now]
    result = fc.drift(before, now, labels=wrong, policy=fc.Policy(0.1), risk=0.05)
    assert [alarm.name for alarm in result.alarms if alarm.is_alarm] == ["risk", "accuracy"]
    assert result.alarms[0].observed == pytest.approx(0.5)
    assert "ALARM at document d" in result.text()
    assert "alarm of the risk" in repr(result)
    assert [a.name for a in fc.drift(before, now, labels=wrong).alarms] == ["accuracy"]


def test_the_risk_is_that_of_the_guarantee():
    policy = fc.Policy.guaranteed(rows(400, 0.02), risk=0.1)
    (risk, _) = fc.drift(rows(100), rows(100, seed=1), policy=policy).alarms
    assert risk.limit == 0.1


@pytest.mark.parametrize(("more", "message"), [
    ({"policy": {"accept": 0.5}, "risk": 0.1}, "tested with labels"),
    ({"fall": 0.1}, "tested with labels"),
    ({"risk": 0.1}, "a risk is that of a policy"),
    ({"labels": [{"document": "d1", "urgent": True}]}, "the baseline has no accuracy"),
    ({"labels": [{"document": "d1", "urgent": True}], "policy": {"accept": 0.5}}, "no guarantee"),
])  # fmt: skip
def test_arguments_that_do_not_fit(november, baseline, more, message):
    with pytest.raises(EvaluationError, match=message):
        fc.drift(baseline, november, **more)


# -- the command -----------------------------------------------------------------------------------


def run(*command):
    return CliRunner().invoke(main, ["drift", *map(str, command)])


def write(path, reports):
    lines = [json.dumps(report.to_dict()) for report in reports.values()]
    path.write_text("\n".join(lines))
    return path


def test_the_command(tmp_path, november):
    before = write(tmp_path / "november.jsonl", november)
    lock = tmp_path / "lock.json"
    made = run("--write", lock, before)
    assert (made.exit_code, lock.exists()) == (0, True)
    assert run(lock, before).exit_code == 0
    now = write(tmp_path / "december.jsonl", month(120, 2, low=0.3))
    shown = run(lock, now)
    assert shown.exit_code == 1
    assert "/urgent confidence" in shown.output
    plain = run(lock, now, "--json")
    assert plain.exit_code == 1
    assert json.loads(plain.output)["is_drifted"] is True
    one = tmp_path / "one.json"
    one.write_text(json.dumps(november["d0"].to_dict()))
    assert run(lock, one).exit_code == 0


def test_the_command_with_labels(tmp_path):
    def table(name, **more):
        path = tmp_path / name
        path.write_text("\n".join(map(json.dumps, rows(**more))))
        return path

    lock, before = tmp_path / "lock.json", table("before.jsonl", documents=300)
    assert run("--write", lock, before).exit_code == 0
    (tmp_path / "policy.toml").write_text("accept = 0.5\n")
    limits = ("--policy", tmp_path / "policy.toml", "--risk", "0.2")
    assert run(lock, table("same.jsonl", documents=100, seed=2), *limits).exit_code == 0
    worse = table("worse.jsonl", documents=200, seed=2, wrong=0.4)
    shown = run(lock, worse, *limits)
    assert shown.exit_code == 1
    assert "risk: accepted values wrong" in shown.output
    assert "accuracy: accuracy" in shown.output


@pytest.mark.parametrize("more", [
    ("--alpha", "2"), ("--id", "x"), ("--write", "--risk", "0.1"), ("--risk", "0.1"), ("--what",),
])  # fmt: skip
def test_wrong_arguments_end_with_two(tmp_path, more, november):
    now = write(tmp_path / "now.jsonl", {"d0": november["d0"]})
    fc.Baseline.from_reports(november).save(tmp_path / "lock.json")
    assert run(tmp_path / "lock.json", now, *more).exit_code == 2


def test_what_cannot_be_read_ends_with_two(tmp_path, november):
    now = write(tmp_path / "now.jsonl", {"d0": november["d0"]})
    missing = run(tmp_path / "none.json", now)
    assert missing.exit_code == 2
    assert "none.json" in missing.output
    assert run(now, tmp_path / "nothing.jsonl").exit_code == 2
    (tmp_path / "words.jsonl").write_text("words")
    fc.Baseline.from_reports(november).save(tmp_path / "lock.json")
    assert run(tmp_path / "lock.json", tmp_path / "words.jsonl").exit_code == 2


def test_the_help_has_an_example_and_the_exit_codes():
    shown = run("--help").output
    assert "fieldconf drift --write baseline.json november.parquet" in shown
    assert "1  drift" in shown


def test_the_results_of_a_run_are_reports_with_a_scope(november):
    results = [
        Result(number, "?", "accept", report, id=str(number))
        for number, report in enumerate(list(november.values())[:3])
    ]
    baseline = Baseline.from_reports(Results(results, RunSummary()))
    assert baseline.scope == Baseline.from_reports(results).scope != {}
    assert baseline.documents == 3
