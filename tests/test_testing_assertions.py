"""The assertions say what to look at; the fixtures end with their tests."""

import os
import subprocess
import sys
import textwrap

import pytest
from test_testing_answers import TICKET, VALUE

import fieldconf as fc
import fieldconf.testing
from fieldconf.testing import Answer, assert_confident, assert_doubtful, payloads
from fieldconf.testing.payloads import RequestShape


def report_of(*confidences, asked=None, **options):
    answer = Answer(VALUE, *confidences, schema=TICKET, **options)
    return fc.score(payloads.chat(answer, asked or RequestShape()), TICKET)


def test_a_field_that_is_sure_enough_passes():
    report = report_of({"team": 0.6})
    assert_confident(report, "/team", at_least=0.59)
    assert_confident(report, "urgent")
    assert_confident(report, ("note",), at_least=0.98)
    assert_confident(report, at_least=0.59)
    assert_confident(report, "", at_least=0.59)
    assert_doubtful(report, "team", below=0.61)


def test_steps_name_a_place_in_a_list():
    report = fc.score(payloads.chat(Answer({"items": [7, 8]}, {"/items/1": 0.4})))
    assert_doubtful(report, ("items", 1))
    assert_confident(report, ("items", 0))
    assert_confident(fc.score(payloads.chat(Answer([True], default=1.0))), 0)


def test_a_field_that_is_not_sure_enough_says_all_there_is_to_say():
    report = report_of(rivals={"team": {"sales": 0.4}})
    with pytest.raises(AssertionError) as caught:
        assert_confident(report, "team", at_least=0.9)
    (said,) = caught.value.args
    for part in ("/team", "'billing'", "0.6", "distribution", "0.9", report["team"].why.sentence):
        assert part in said
    assert "sales" in said


def test_without_a_name_every_leaf_is_judged_and_each_that_fails_is_named():
    with pytest.raises(AssertionError) as caught:
        assert_confident(report_of({"team": 0.6, "urgent": 0.5}))
    first, second = str(caught.value).splitlines()
    assert first.startswith("/urgent")
    assert second.startswith("/team")


@pytest.mark.parametrize("check", [assert_confident, assert_doubtful])
def test_what_is_not_known_fails_and_says_why(check):
    with pytest.raises(AssertionError, match=r"unknown confidence.*logprobs"):
        check(report_of(asked=RequestShape(logprobs=False)), "team")


@pytest.mark.parametrize("check", [assert_confident, assert_doubtful])
def test_a_field_that_is_missing_says_which_are_there(check):
    with pytest.raises(AssertionError, match="no field '/tem'; it has '', '/urgent', '/team'"):
        check(report_of(), "tem")


def test_an_answer_that_is_not_whole_is_not_confident():
    with pytest.raises(AssertionError, match=r"truncated: .*token limit"):
        assert_confident(report_of(cut_after=5))
    with pytest.raises(AssertionError, match=r"no field '/team'.*truncated"):
        assert_confident(report_of(cut_after=5), "team")
    with pytest.raises(AssertionError, match="refused"):
        assert_confident(fc.score(payloads.chat(Answer(refusal="No."))))


def test_a_sure_field_is_not_doubtful():
    with pytest.raises(AssertionError, match=r"/team is 'billing' with 0.6 .*not below 0.5"):
        assert_doubtful(report_of({"team": 0.6}), "team", below=0.5)


def test_long_values_are_shortened():
    with pytest.raises(AssertionError) as caught:
        assert_confident(report_of({"note": 0.1}), "note")
    assert VALUE["note"] not in str(caught.value)
    assert VALUE["note"][:40] in str(caught.value)


# -- the package and its plugin -------------------------------------------------------------------


def test_the_face_is_sorted_and_whole():
    names = fieldconf.testing.__all__
    assert names == sorted(names)
    assert all(getattr(fieldconf.testing, name) is not None for name in names)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fieldconf.testing.nothing  # noqa: B018


def test_importing_the_plugin_imports_no_client():
    code = "import sys, fieldconf.testing.plugin; print('openai' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


A_USERS_TESTS = """
    import threading
    from fieldconf.testing import Answer, FakeServer, assert_confident
    import fieldconf as fc

    KEPT = []

    def ask(client):
        return client.chat.completions.create(
            model="m", messages=[], logprobs=True, top_logprobs=5)

    def test_client(fieldconf_client):
        client = fieldconf_client(Answer({"ok": True}, {"ok": 0.7}))
        KEPT.append(client)
        assert_confident(fc.score(ask(client)), "ok", at_least=0.69)

    def test_server(fieldconf_server):
        one, two = fieldconf_server({"ok": True}), fieldconf_server({"ok": False})
        for server in (one, two):
            with server.client() as client:
                ask(client)
        assert len(one.requests) == len(two.requests) == 1

    def test_async_client(fieldconf_async_client):
        import asyncio
        async def run():
            async with fieldconf_async_client({"ok": True}) as client:
                return await ask(client)
        assert_confident(fc.score(asyncio.run(run())))

    def test_the_others_have_ended():
        assert KEPT[0].is_closed()
        assert threading.active_count() == 1

    def test_fails(fieldconf_client):
        report = fc.score(ask(fieldconf_client(Answer({"ok": True}, {"ok": 0.4}))))
        assert_confident(report, "ok")
"""


def test_the_fixtures_in_a_run_of_their_own(tmp_path):
    (tmp_path / "test_mine.py").write_text(textwrap.dedent(A_USERS_TESTS))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider",
        "-p", "fieldconf.testing.plugin", "test_mine.py",
    ]  # fmt: skip
    # The installed plugin has another name, and pytest takes no module under two.
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(
        command, cwd=tmp_path, env=alone, capture_output=True, text=True, check=False
    )
    assert "1 failed, 4 passed" in run.stdout, run.stdout + run.stderr
    assert "less than 0.9" in run.stdout
    assert "assertions.py" not in run.stdout.replace("AssertionError", "")  # its frame is hidden
