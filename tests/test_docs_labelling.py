"""What docs/labelling.md says is so: its programs print what stands there; the screen is ours."""

import json
import re
from typing import Literal

from installed import CliRunner
from pages import ROOT, prints_what_it_says
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.cli.label_command import KEYS

TEXT = (ROOT / "docs" / "labelling.md").read_text()


def test_the_python_prints_what_it_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    ran = prints_what_it_says("docs/labelling.md", capsys)
    assert ran == TEXT.count("```python") == 3


def test_the_screen_is_the_one_that_is_shown(tmp_path):
    class Message(BaseModel):
        urgent: bool
        team: Literal["billing", "technical", "sales"]

    lines = (ROOT / "docs/data/messages.jsonl").read_text().splitlines()[:150]
    rows = [json.loads(line) for line in lines]
    reports = [fc.score(row["response"], Message) for row in rows]
    (tmp_path / "out.jsonl").write_text("\n".join(report.to_json() for report in reports))
    (tmp_path / "texts.jsonl").write_text("\n".join(lines))
    arguments = ["out.jsonl", "--labels", "labels.jsonl", "--source", "texts.jsonl"]
    arguments = [str(tmp_path / word) if ".jsonl" in word else word for word in arguments]
    shown = CliRunner().invoke(main, ["label", *arguments], input="y\n" * 12).stdout
    first, *_, last = shown.split(f"\n{KEYS}\n")[:13]
    page = next(block for block in re.findall(r"```\n(.*?)```", TEXT, re.DOTALL) if KEYS in block)
    assert page.splitlines()[:4] == last.splitlines()[1:5]
    assert page.splitlines()[5:-1] == first.splitlines()[4:]


def test_what_is_linked_is_there():
    linked = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert linked
    assert all((ROOT / "docs" / name).exists() for name in linked)
