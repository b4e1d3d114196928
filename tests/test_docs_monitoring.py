"""What docs/monitoring.md says is so: its programs print what stands there."""

import re

from pages import ROOT, prints_what_it_says

from fieldconf.cli.drift_command import drift_command

TEXT = (ROOT / "docs" / "monitoring.md").read_text()


def test_the_python_prints_what_it_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    ran = prints_what_it_says("docs/monitoring.md", capsys)
    assert ran == TEXT.count("```python") == 5


def test_the_options_are_those_of_the_command():
    named = set(re.findall(r"(--[a-z]+)", "".join(re.findall(r"fieldconf drift .*", TEXT))))
    assert named == {"--write", "--labels", "--policy", "--risk"}
    assert named <= {name for option in drift_command.params for name in option.opts}


def test_what_is_linked_is_there():
    linked = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert linked
    assert all((ROOT / "docs" / name).exists() for name in linked)
    named = re.findall(r"`python ([\w/]+\.py)[^`]*`", TEXT)
    assert named
    assert all((ROOT / name).exists() for name in named)
