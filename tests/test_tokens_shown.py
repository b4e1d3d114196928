"""Tokens by probability, and a field explained in sentences: in Python and at the command line."""

import io
import json
import re
import sys
from types import SimpleNamespace

import pytest
from answers import TICKET, TICKET_SCHEMA, response
from installed import CliRunner
from rich.console import Console

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.fields.field import Field
from fieldconf.render import explained
from fieldconf.render.token_text import table, tinted


@pytest.fixture
def saved(tmp_path):
    (tmp_path / "response.json").write_text(json.dumps(response(TICKET)))
    (tmp_path / "schema.json").write_text(json.dumps(TICKET_SCHEMA))
    return tmp_path


def run(*arguments, stdin=None):
    return CliRunner().invoke(main, [*map(str, arguments)], input=stdin, env={"COLUMNS": "100"})


def shown(renderable, **options):
    console = Console(file=io.StringIO(), width=100, highlight=False, **options)
    console.print(renderable)
    return console.file.getvalue()


def scored(*tokens, schema=None):
    return fc.score(response([*tokens]), schema)


# -- tokens -------------------------------------------------------------------------------------


def test_a_row_a_token_with_its_others_and_its_field(saved):
    result = run("tokens", saved / "response.json")
    assert (result.exit_code, result.stderr) == (0, "")
    head, *rows, least = result.stdout.splitlines()
    assert head.split() == ["token", "text", "probability", "likeliest", "others", "field"]
    cells = [re.split(r"\s{2,}", row.strip()) for row in rows]
    assert [row[0] for row in cells] == [str(n) for n in range(len(TICKET))]
    assert [row[1] for row in cells] == [f"`{text}`" for text, *_ in TICKET]
    assert [row[2] for row in cells] == [f"{share:.3f}" for _, share, *_ in TICKET]
    assert cells[3][3:] == ["`false` 0.150, `null` 0.050", "/urgent"]
    assert cells[7][3:] == ["`sales` 0.300, `zz` 0.100", "/team"]
    assert cells[0][-1] == "structure"
    assert least == (
        f"{len(TICKET)} tokens, 2 below 0.9; the least sure is 7, `bill` 0.600 (/team)"
    )


def test_as_many_other_candidates_as_are_wanted(saved):
    for count, cell in ((0, ""), (1, "`sales` 0.300"), (3, "`sales` 0.300, `zz` 0.100")):
        result = run("tokens", saved / "response.json", "--candidates", count)
        row = next(line for line in result.stdout.splitlines() if "`bill`" in line)
        assert re.split(r"\s{2,}", row.strip())[3:-1] == ([cell] if cell else [])


def test_a_token_that_two_fields_share_names_both():
    report = scored(('{"a": ', 0.9, {}), ("1", 0.9, {}), (', "b": ', 0.9, {}), ("2}", 0.8, {}))
    merged = scored(('{"a": [', 0.9, {}), ("1,2", 0.8, {}), ("]}", 0.9, {}))
    assert "/b" in shown(table(report.to_dict(tokens=True)))
    lines = shown(table(merged.to_dict(tokens=True))).splitlines()
    row = next(line for line in lines if "`1,2`" in line)
    owner, also = row.rstrip().rpartition("  ")[2].split(", also ")
    assert {owner, also} == {"/a/0", "/a/1"}


def test_the_text_is_tinted_and_the_tints_are_explained():
    report = scored(
        ('{"a": "', 0.999, {}), ("sure", 0.95, {}), (" likely", 0.7, {}), (" odd", 0.2, {}),
        ('"}', 0.999, {}),
    )  # fmt: skip
    text = shown(tinted(report.to_dict(tokens=True)), color_system="standard", force_terminal=True)
    styles = dict(re.findall(r"\x1b\[([\d;]+)m([^\x1b]+)\x1b\[0m", text.splitlines()[0]))
    assert {*styles.values()} == {"sure", " likely", " odd"}
    assert re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()[0] == '{"a": "sure likely odd"}'
    # Each tint has a word in the legend, and differs by more than its color from what is sure.
    legend = dict(re.findall(r"\x1b\[([\d;]+)m([^\x1b]+)\x1b\[0m", text.splitlines()[2]))
    assert [*legend] == [*styles]
    assert [*legend.values()] == ["0.9 to 0.99", "0.5 to 0.9", "below 0.5"]
    assert "4" in [*styles][1].split(";")  # underlined
    assert "7" in [*styles][2].split(";")  # reversed


def test_a_character_of_several_tokens_stands_once_and_line_breaks_stay():
    body = response([('{"a":\n"', 0.99, {}), ("中", 0.99, {}), ('"}', 0.99, {})])
    entries = body["choices"][0]["logprobs"]["content"]
    whole = entries[1]
    whole["top_logprobs"] = []
    first = whole | {"token": "\\xe4\\xb8", "bytes": [0xE4, 0xB8]}
    entries[1:2] = [first, whole | {"token": "\\xad", "bytes": [0xAD], "logprob": -1.0}]
    text = shown(tinted(fc.score(body).to_dict(tokens=True)))
    assert text.startswith('{"a":\n"中"}\n')


def test_the_least_sure_token_is_one_of_the_answer():
    report = scored(("Sure: ", 0.1, {}), ('{"a": ', 0.9, {}), ("1", 0.8, {}), ("}", 0.95, {}))
    last = shown(table(report.to_dict(tokens=True))).splitlines()[-1]
    assert last == "4 tokens, 1 below 0.9; the least sure is 2, `1` 0.800 (/a)"


def test_no_control_character_reaches_the_terminal():
    report = scored(('{"a": "x', 0.9, {"\x1b[31m": 0.05}), ("\x7f\u202e", 0.9, {}), ('"}', 0.9, {}))
    plain = report.to_dict(tokens=True)
    for text in (shown(tinted(plain)), shown(table(plain)), report.explain("/a")):
        assert all(char.isprintable() or char == "\n" for char in text)
        assert "\\x7f" in text


@pytest.mark.parametrize(
    ("color", "no_color", "arguments", "is_tinted"),
    [
        ("standard", False, [], True),
        ("standard", True, [], False),
        (None, False, [], False),
        ("standard", False, ["--table"], False),
        ("standard", False, ["--candidates", "1"], False),
    ],
)
def test_where_colors_are_not_shown_it_is_the_table(
    saved, monkeypatch, color, no_color, arguments, is_tinted
):
    printed = []
    screen = SimpleNamespace(color_system=color, no_color=no_color, print=printed.append)
    monkeypatch.setattr(sys.modules["fieldconf.cli.tokens_command"], "console", lambda: screen)
    run("tokens", saved / "response.json", *arguments)
    assert ("probability of the token: " in shown(printed[0])) == is_tinted


def test_a_saved_report_is_read_as_well(saved):
    report = fc.score(response(TICKET), TICKET_SCHEMA)
    (saved / "whole.json").write_text(report.to_json(tokens=True))
    (saved / "bare.json").write_text(report.to_json())
    original = run("tokens", saved / "response.json", "--schema", saved / "schema.json")
    assert run("tokens", saved / "whole.json").stdout == original.stdout
    none = run("tokens", saved / "bare.json")
    assert (none.exit_code, none.stdout) == (1, "")
    assert "the report was saved without them" in none.stderr
    lines = run("explain", saved / "bare.json", "/team", "--accept", "0.5").stdout.splitlines()
    assert lines[0].rstrip() == '/team  "billing"  0.667  accept'


def test_the_file_of_a_schema_runs_once(saved, tmp_path):
    """Counterexample: it ran for the saved report, and again for the response."""
    model = tmp_path / "model.py"
    model.write_text(
        "from pathlib import Path\nfrom pydantic import BaseModel\n"
        "with Path(__file__).with_name('runs').open('a') as file:\n    file.write('x')\n"
        "class Ticket(BaseModel):\n    pass\n"
    )
    run("tokens", saved / "response.json", "--schema", f"{model}:Ticket")
    assert (tmp_path / "runs").read_text() == "x"


def test_a_response_without_tokens_says_so():
    body = response(TICKET)
    body["choices"][0]["logprobs"] = None
    result = run("tokens", "-", stdin=json.dumps(body))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: there are no tokens to show: ")


# -- one field ----------------------------------------------------------------------------------


def sentences(report, pointer):
    found = {}
    for label, sentence in explained.parts(report.to_dict(tokens=True), pointer):
        found.setdefault(label, []).append(sentence)
    return found


def test_everything_of_a_field_in_sentences(saved):
    report = fc.score(response(TICKET), TICKET_SCHEMA)
    said = sentences(report, "/team")
    assert said["confidence"] == [
        "0.667 is the probability of this value among all values that the schema allows."
    ]
    assert said["values"] == [
        '"billing" 0.667, "sales" 0.333.', "0.100 is outside of the schema: `zz` 0.100."
    ]  # fmt: skip
    assert said["decided"] == [
        "Token 7 decided it: at `bill` the model gave `sales` 33 %.",
        "Listed there: `bill` 0.600, `sales` 0.300, `zz` 0.100.",
    ]
    assert said["outcome"] == ["review: confidence 0.667 is below 0.9."]
    assert said["next"] == [
        "Let a person look at it, or ask a second model for it (extract --step MODEL, fc.reask)."
    ]
    result = run("explain", saved / "response.json", "/team", "--schema", saved / "schema.json")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.rstrip() for line in result.stdout.rstrip().splitlines()]
    assert "\n".join(lines) == report.explain("/team")
    assert lines[0] == '/team  "billing"  0.667  review'


def test_a_container_is_explained_by_its_least_sure_value():
    said = sentences(fc.score(response(TICKET), TICKET_SCHEMA), "")
    assert said["confidence"] == ["0.667 is that of the least sure required value in it, /team."]
    assert said["bounds"] == ["It has no bounds, because it is no probability of the value."]
    assert said["next"] == ["Explain the values in it, one by one."]


def test_why_the_bounds_differ():
    """What was not listed, 0.3, may be the value or not."""
    report = scored(("true", 0.5, {"false": 0.2}), schema=bool)
    (bounds,) = sentences(report, "")["bounds"]
    field = report[""]
    assert f"between {field.low:.3f} and {field.high:.3f}: " in bounds
    assert "only some candidates; 0.300 of the probability was not listed" in bounds
    assert any("Ask for more candidates" in step for step in sentences(report, "")["next"])
    sure = scored(("true", 0.6, {"false": 0.4}), schema=bool)
    assert sentences(sure, "")["bounds"] == [
        "The probability is between 0.600 and 0.600: the server listed all that matters."
    ]


def test_the_place_in_the_text(saved):
    (saved / "mail.txt").write_text("To the billing team")
    command = ["explain", saved / "response.json", "team", "--schema", saved / "schema.json"]
    there = run(*command, "--source", saved / "mail.txt").stdout
    assert 'It stands in the text at characters 7 to 14: "billing".' in there
    (saved / "mail.txt").write_text("Hello")
    absent = run(*command, "--source", saved / "mail.txt").stdout
    assert "It does not stand in the text that was read." in absent
    assert "Compare it with the text" in absent


def test_a_number_before_calibration_samples_and_readings():
    from dataclasses import replace

    from fieldconf.fields.readings import Agreement, Calibrated, Reading

    report = fc.score(response(TICKET), TICKET_SCHEMA)
    field = replace(
        report["/team"], raw=0.8, agreement=Agreement(2, 3, 0.2077, 0.9385),
        readings=(Reading("verification", True, 0.75, model="large"),), judged_by=None,
    )  # fmt: skip
    changed = replace(
        report, fields={**report.fields, "/team": field},
        calibration=Calibrated("d", "ridge", labels=1200),
    )  # fmt: skip
    said = sentences(changed, "/team")
    assert said["confidence"][1] == "Before calibration on 1,200 labelled values it was 0.800."
    assert said["samples"] == [
        "2 of 3 answers have it; in the long run a share of 0.208 to 0.939 (95 %)."
    ]
    assert said["readings"] == ["verification by large: true 0.750."]


@pytest.mark.parametrize(
    ("cut", "status", "step"),
    [
        (lambda body: body["choices"][0].update(logprobs=None), "no_logprobs", "with logprobs"),
        (
            lambda body: body["choices"][0]["message"].update(content='{"urgent": tru'),
            "truncated", "room for a longer answer",
        ),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_whole(cut, status, step):
    body = response(TICKET)
    cut(body)
    said = sentences(fc.score(body), "/urgent")
    assert said["confidence"][0].startswith("It has no confidence: ")
    assert said["answer"][0].startswith(f"The answer is {status}: ")
    assert step in said["next"][0]


def test_a_value_against_its_schema():
    said = sentences(
        fc.score(response(TICKET), {**TICKET_SCHEMA, "properties": {
            **TICKET_SCHEMA["properties"], "team": {"enum": ["sales", "hr"]}}}), "/team",
    )  # fmt: skip
    assert said["schema"][0].startswith("It breaks the schema: ")
    assert "The value is not one of the allowed ones." in said["flag"]
    assert "Ask again: the value breaks the schema." in said["next"]


def test_every_flag_and_every_formula_has_its_sentence():
    flags = Field.__doc__.partition("flags: ")[2].partition("reason: ")[0]
    assert {*re.findall(r'"(\w+)"', flags)} == explained.FIELD_FLAGS.keys()
    bases = Field.__doc__.partition("basis: ")[2].partition("distribution: the members")[0]
    assert {*re.findall(r"\* ``(\w+)``", bases)} == explained.BASES.keys()


def test_a_field_that_is_not_there(saved):
    result = run("explain", saved / "response.json", "/taem")
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert "did you mean '/team'?" in result.stderr
    with pytest.raises(KeyError, match="did you mean '/team'"):
        fc.score(response(TICKET)).explain("/taem")
