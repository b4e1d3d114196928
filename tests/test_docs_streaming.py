"""What docs/streaming.md says is so: its programs run, and print what stands there."""

import re
from pathlib import Path

import pytest
from installed import needs_responses
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.testing import Answer, FakeClient, Fault

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "streaming.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
AFTER = [*BLOCKS[1:], ("", "")]


def shown(code, following):
    """What a program is said to print: the block behind it, else its comments."""
    language, text = following
    if not language and text:
        return text
    return "".join(f"{said}\n" for said in re.findall(r"  # (.*)", code))


@needs_responses
@pytest.mark.filterwarnings("error")
def test_the_python_of_streaming_prints_what_it_says(capsys):
    names = {}
    ran = 0
    for (language, code), following in zip(BLOCKS, AFTER, strict=True):
        if language == "python":
            exec(code, names)
            assert capsys.readouterr().out == shown(code, following), code
            ran += 1
    assert ran == TEXT.count("```python") >= 11


def test_every_rule_of_the_table_is_one():
    rows = re.findall(r"^\| `((?:StopWhen|lambda).*?)` \|", TEXT, re.MULTILINE)
    assert len(rows) == 5
    for row in rows:
        rule = eval(row, {"StopWhen": fc.StopWhen})
        assert callable(rule) or repr(rule).startswith("StopWhen(")


class Mail(BaseModel):
    relevant: bool
    summary: str


MAIL = Mail(relevant=True, summary="Charged twice.")


@pytest.mark.parametrize(
    ("answer", "status", "fields"),
    [
        (Answer(MAIL, cut_after=5), "truncated", ["/relevant"]),
        (Answer(MAIL, fault=Fault("content_filter", 5)), "truncated", ["/relevant"]),
        (Answer(MAIL, refuse_after=5), "truncated", ["/relevant"]),
        (Answer(refusal="No."), "refused", []),
    ],
)
@pytest.mark.parametrize("stop_when", [None, fc.StopWhen("relevant", value=False)])
def test_what_is_no_error_is_a_status(answer, status, fields, stop_when):
    report = fc.extract(Mail, "...", client=FakeClient(answer), model="m", stop_when=stop_when)
    assert report.status == status
    assert report.reason
    assert [name for name, field in report.leaves.items() if field.confidence] == fields


@pytest.mark.parametrize("kind", ["reset", "stall", "malformed", "error_event"])
def test_what_is_an_error_carries_the_report(kind):
    client = FakeClient(Answer(MAIL, fault=Fault(kind, 5)))
    with pytest.raises(fc.RequestError) as caught:
        list(fc.stream(Mail, "...", client=client, model="m"))
    assert caught.value.report["relevant"].value is True


def test_every_event_and_option_that_is_named_is_there():
    from fieldconf.extraction.options import NAMES

    named = set(re.findall(r'^\| `"(\w+)"` \|', TEXT, re.MULTILINE))
    assert named == {"partial", "field", "item", "report"}
    assert {"stop_when", "observe", "log_values", "instructions", "request_options"} <= set(NAMES)


def test_the_files_that_are_named_are_there():
    named = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert named
    assert all((ROOT / "docs" / name).exists() for name in named)
    scripts = re.findall(r"python (examples/\w+\.py)", TEXT)
    assert scripts
    assert all((ROOT / name).exists() for name in scripts)
