"""``fieldconf label --browser``: the page of a process, which keeps the labels in its file."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
from samples import messages
from watching import overflow, serious_findings, watched

from fieldconf.evaluation.labels import labels


@pytest.fixture
def saved(tmp_path):
    reports, texts, _ = messages()
    path = tmp_path / "out.jsonl"
    path.write_text("\n".join(report.to_json(tokens=True) for report in reports.values()))
    (tmp_path / "texts.txt").write_text("\n".join(texts.values()))
    return path


@contextmanager
def labelling(saved, *more):
    """A process that labels, and the address that it printed."""
    arguments = ["label", saved, "--labels", saved.parent / "labels.jsonl", "--browser", *more]
    command = [sys.executable, "-m", "fieldconf", *map(str, arguments)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=saved.parent
    )
    try:
        first = process.stdout.readline()
        assert "http://127.0.0.1:" in first, process.stderr.read()
        yield process, re.search(r"http://\S+", first)[0]
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def visit_address(chromium):
    contexts = []

    @contextmanager
    def visit_address(address):
        contexts.append(chromium.new_context())
        with watched(contexts[-1], allowed=address) as page:
            page.goto(address)
            yield page

    yield visit_address
    for context in contexts:
        context.close()


def lines(saved):
    return [json.loads(line) for line in (saved.parent / "labels.jsonl").read_text().splitlines()]


def test_labels_of_the_page_are_in_the_file_at_once_and_a_killed_session_goes_on(
    saved, visit_address
):
    with labelling(saved, "--source", "texts.txt") as (process, address):
        with visit_address(address) as page:
            page.wait_for_selector("text=Review: 0 done")
            assert page.inner_text("#review blockquote") in messages()[1].values()
            assert serious_findings(page) == []
            page.keyboard.press("1")
            page.wait_for_selector("text=Review: 1 done")
            page.keyboard.press("3")
            page.fill("[aria-label='The right value']", '"none of them"')
            page.keyboard.press("Enter")
            page.wait_for_selector("text=Review: 2 done")
            page.reload()
            page.wait_for_selector("text=Review: 2 done")
            page.click("text=Skip")
            page.wait_for_selector("text=Review: 3 done")
            page.keyboard.press("o")  # the same page: the report below
            page.wait_for_selector(".report:visible .source")
            assert overflow(page) == 0
        process.kill()  # nothing is lost
        process.wait()
    _, first, second, third = lines(saved)
    assert (first["right"], second["right"], third["right"]) == (True, False, None)
    assert second["right value"] == "none of them"
    with labelling(saved) as (process, address):
        with visit_address(address) as page:
            page.wait_for_selector("text=Review: 3 done")
            page.keyboard.press("u")
            page.wait_for_selector("text=Review: 2 done")
            page.click("button >> text=Finish")
            page.wait_for_selector("h1 >> text=Finished")
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "2 labels in" in output
        assert "labels.jsonl --browser    # goes on" in output
    assert len(lines(saved)) == 3
    assert len(labels(saved.parent / "labels.jsonl")) >= 1


def asked(address, path="", body=None, **headers):
    request = urllib.request.Request(address + path, body, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_only_who_has_the_address_is_answered(saved):
    kind = {"Content-Type": "application/json"}
    with labelling(saved) as (process, address):
        host = address.split("/")[2]
        assert asked(address) == 200
        assert asked(f"http://{host}/") == 404
        assert asked(f"http://{host}/label", body=b"{}", **kind) == 404
        assert asked(address, Host="evil.example") == 404
        assert asked(address, Host=f"localhost:{host.split(':')[1]}") == 404
        assert asked(address, "label", b"{}", **kind) == 200
        assert asked(address, "label", b"{}", **kind, Origin="http://evil.example") == 404
        assert asked(address, "label", b"{}", **kind, Origin="null") == 404
        assert asked(address, "label", b"{}") == 400  # a form of another page has another type
        for body in (b"[1]", b"nonsense", b'{"document": "0", "field": "/team", "value": "{"}'):
            assert asked(address, "label", body, **kind) in (200, 400)
        assert len(lines(saved)) == 1
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
