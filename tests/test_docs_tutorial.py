"""What docs/tutorial.md says is so: its programs print what stands there."""

from contextlib import nullcontext

from pages import ROOT, prints_what_it_says

import fieldconf as fc


def test_the_python_prints_what_it_says(local_client, monkeypatch, tmp_path, capsys):
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fc, "local", lambda: nullcontext(local_client))  # it is slow to start
    assert prints_what_it_says("docs/tutorial.md", capsys) == 13
    files = {path.name for path in tmp_path.iterdir()} - {"docs"}
    assert files == {"labels.jsonl", "policy.json", "messages.html", "baseline.json"}
