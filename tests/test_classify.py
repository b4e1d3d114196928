import enum
import json
import math
from typing import Literal

import pytest
from builders import entry, response
from installed import CliRunner

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.embedded.client import LocalClient
from fieldconf.errors import PayloadError, RequestError, SchemaError
from fieldconf.probes import llama_cpp
from fieldconf.tokens.vocabulary import Vocabulary


def said(text, p, /, **rivals):
    """An entry of a token and its listed rivals, itself among them."""
    listed = {text: p, **rivals}
    return entry(text, math.log(p), [(t, math.log(q)) for t, q in listed.items()])


def other(piece, p, listed):
    """The same with names that are no keywords."""
    return entry(piece, math.log(p), [(t, math.log(q)) for t, q in listed.items()])


def probabilities(report):
    return {m.value: pytest.approx(m.probability) for m in report[""].distribution.candidates}


SPAM = response([said("spam", 0.6, work=0.3, ambiguous=0.1)])


# -- what a report says ----------------------------------------------------------------------------


def test_a_label_of_one_token():
    report = fc.classify(SPAM, ["spam", "work"])
    field = report[""]
    assert (report.status, report.value, report.data, report.errors) == (
        "complete",
        "spam",
        "spam",
        (),
    )
    assert report.confidence == field.confidence == pytest.approx(2 / 3)
    assert (field.basis, field.kind, field.logprob) == ("distribution", "string", math.log(0.6))
    assert probabilities(report) == {"spam": 2 / 3, "work": 1 / 3}
    assert field.distribution.off_schema == pytest.approx(0.1)
    assert field.distribution.other[0].text == "ambiguous"
    assert field.why.sentence == "at `spam` the model gave `work` 33 %"
    assert [token.text for token in field.tokens] == ["spam"]
    assert (field.start, field.stop, report.owners) == (0, 4, ("",))
    assert json.loads(report.to_json())["confidence"] == report.confidence


def test_a_missing_class_shows_even_if_it_was_said():
    report = fc.classify(response([said("amb", 0.6, spam=0.3, work=0.1), said("iguous", 1.0)]),
                         ["spam", "work"])  # fmt: skip
    field = report[""]
    assert (report.status, report.value, report.data, report.confidence) == (
        "complete",
        *[None] * 3,
    )
    assert str(report.errors[0]) == "(whole): 'ambiguous' is none of the labels 'spam', 'work'"
    assert (field.value, field.flags, field.reason) == (
        "ambiguous", ("not_a_member",), report.errors[0].problem,
    )  # fmt: skip
    assert probabilities(report) == {"spam": 0.75, "work": 0.25}
    assert field.distribution.off_schema == pytest.approx(0.6)
    assert field.distribution.other[0].text == "amb"


def test_what_is_said_behind_the_deciding_token_counts_as_other():
    answer = response(
        [said("sp", 0.8, work=0.2), said("am", 0.5, ring=0.5), other("", 0.9, {"": 0.9, "my": 0.1})]
    )
    report = fc.classify(answer, ["spam", "work"])
    assert probabilities(report) == {"spam": 0.8, "work": 0.2}
    assert report[""].distribution.off_schema == pytest.approx(0.8 * 0.5 + 0.8 * 0.1)
    assert [rival.text for rival in report[""].distribution.other] == ["ring", "my"]
    longer = fc.classify(response([said("spam", 0.8, work=0.2), said("my", 1.0)]), ["spam", "work"])
    assert (longer.value, longer[""].distribution.off_schema) == (None, pytest.approx(0.8))


def test_two_labels_without_candidates_are_complements():
    report = fc.classify(response([entry("yes", math.log(0.8))]), {"yes": True, "no": False})
    assert probabilities(report) == {True: 0.8, False: 0.2}
    assert (report.value, report[""].kind, report[""].distribution[True].low) == (
        True, "boolean", pytest.approx(0.8),
    )  # fmt: skip


def test_letters_mean_names_and_several_spellings_one_value():
    answer = response([said("yes", 0.5, yeah=0.3, no=0.2)])
    report = fc.classify(answer, {"yes": True, "yeah": True, "no": False})
    assert probabilities(report) == {True: 0.8, False: 0.2}
    letters = fc.classify(response([said("A", 0.7, B=0.3)]), {"A": "spam", "B": "work"})
    assert (letters.value, letters[""].distribution["work"].probability) == (
        "spam",
        pytest.approx(0.3),
    )


def test_grades_have_an_expectation():
    report = fc.classify(response([said("4", 0.5, **{"5": 0.5})]), {str(n): n for n in range(1, 6)})
    assert (report.value, report[""].expected, report[""].std) == (4, 4.5, 0.5)


def test_enums_and_literals_are_labels():
    class Team(enum.Enum):
        SPAM = "spam"
        WORK = "work"

    report = fc.classify(SPAM, Team)
    assert (report.value, report.data) == (Team.SPAM, "spam")
    assert fc.classify(SPAM, Literal["spam", "work"]).value == "spam"
    assert fc.classify(response([said("2", 1.0)]), Literal[1, 2]).value == 2
    assert json.loads(report.to_json())["data"] == "spam"


# -- matching --------------------------------------------------------------------------------------


def test_case_and_space_count_only_if_not_asked_otherwise():
    answer = response(
        [other(" Spam", 0.5, {" Spam": 0.5, "spam": 0.2, "WORK": 0.3}), said(".", 1.0)]
    )
    assert fc.classify(answer, ["spam", "work"]).value is None
    report = fc.classify(answer, ["spam", "work"], match="loose")
    assert (report.value, report[""].start, report[""].stop) == ("spam", 1, 5)
    assert probabilities(report) == {"spam": 0.7, "work": 0.3}


def test_the_first_word_only():
    answer = response(
        [said("\n", 1.0), said("spam", 0.9, spammy=0.1), said(", I", 0.5), said(" th", 0.1)]
    )
    report = fc.classify(answer, ["spam", "work"], first_word=True)
    assert (report.value, report[""].start, report[""].stop) == ("spam", 1, 5)
    assert report[""].logprob == math.log(0.9)
    assert report[""].distribution.off_schema == pytest.approx(0.1)
    assert fc.classify(answer, ["spam", "work"]).value is None


def test_a_function_of_ones_own():
    def match(text):
        text = text.strip().lower()
        return None if len(text) < 2 else {"ye": "yes", "no": "no"}.get(text[:2], "neither")

    answer = response([said("Yeah", 0.5, nope=0.2, n=0.1, maybe=0.2), said("!", 0.9)])
    report = fc.classify(answer, ["yes", "no"], match=match)
    yes = report[""].distribution["yes"]
    assert report.value == "yes"
    assert (yes.low, yes.high) == (pytest.approx(5 / 8), pytest.approx(6 / 8))  # ``n`` is open
    assert report[""].distribution.off_schema == pytest.approx(0.2)


def test_a_function_that_takes_back_what_it_said():
    answer = response([said("no", 0.5), said("t", 0.5)])
    report = fc.classify(answer, ["no", "not"], match=lambda text: text)
    assert (report.value, report.confidence) == ("not", None)
    assert "another label" in report[""].reason


# -- the end ---------------------------------------------------------------------------------------

POS = other("pos", 0.8, {"pos": 0.8, "neg": 0.2})


@pytest.mark.parametrize("end", ["", "<|im_end|>"])
def test_the_end_token_tells_a_label_from_a_longer_one(end):
    answer = response([POS, other(end, 0.75, {end: 0.75, "itive": 0.25})], content="pos")
    report = fc.classify(answer, ["pos", "positive", "neg"])
    assert probabilities(report) == {"pos": 0.6, "positive": 0.2, "neg": 0.2}
    assert report[""].low == pytest.approx(report[""].high)
    assert report[""].distribution.decided_at == 1


def test_an_end_that_is_not_listed_leaves_the_bounds_open():
    report = fc.classify(response([POS]), ["pos", "positive", "neg"])
    field = report[""]
    assert (report.status, report.value) == ("complete", "pos")
    assert (field.low, field.high) == (0.0, pytest.approx(0.8))
    assert field.confidence == pytest.approx(0.4)
    assert field.distribution["neg"].low == pytest.approx(0.2)
    assert fc.classify(response([POS]), ["pos", "neg"]).confidence == pytest.approx(0.8)


def test_a_label_inside_of_the_end_token():
    # Looked for in the tokens' text, the last ``end`` stands in the mark.
    answer = response([said("end", 0.9, go=0.1), said("<|im_end|>", 1.0)], content="end")
    assert fc.classify(answer, ["end", "go"]).confidence == pytest.approx(0.9)


def test_white_space_that_the_server_dropped():
    answer = response([other(" yes", 0.9, {" yes": 0.9, " no": 0.1})], content="yes")
    report = fc.classify(answer, ["yes", "no"])
    assert probabilities(report) == {"yes": 0.9, "no": 0.1}


def test_thoughts_before_the_label_are_no_part_of_it():
    parts = [said("<think>", 1.0), said("spam?", 0.5), said("</think>\n\n", 1.0)]
    report = fc.classify(response([*parts, said("work", 0.6, spam=0.4)]), ["spam", "work"])
    assert (report.value, report.confidence) == ("work", pytest.approx(0.6))
    assert [token.text for token in report[""].tokens] == ["work"]


# -- what is not known -----------------------------------------------------------------------------


def test_the_status_tells_how_the_answer_ended():
    assert fc.classify(response([], content=None, refusal="No."), ["a"]).status == "refused"
    assert (
        fc.classify(response([said("sp", 0.5)], finish_reason="length"), ["spam"]).status
        == "truncated"
    )
    assert fc.classify(response([], content=""), ["a"]).status == "truncated"
    bare = response([said("spam", 0.5)])
    bare["choices"][0]["logprobs"] = None
    assert fc.classify(bare, ["spam", "work"]).status == "no_logprobs"
    foreign = fc.classify(response([said("zz", 0.5)], content="spam"), ["spam", "work"])
    assert (foreign.status, foreign.value, foreign.confidence) == ("unaligned", "spam", None)
    for report in (fc.classify(bare, ["spam", "work"]), foreign):
        assert (report[""].confidence, report[""].logprob) == (None, None)
        assert report[""].reason


def test_one_token_may_be_all_that_was_asked_for():
    def cut(*entries):
        return response(list(entries), finish_reason="length")

    assert fc.classify(cut(POS), ["pos", "neg"]).confidence == pytest.approx(0.8)
    assert fc.classify(cut(POS), ["pos", "positive"]).status == "truncated"
    assert fc.classify(cut(said("so", 1.0)), ["pos", "neg"]).errors  # none will come of it
    assert (
        fc.classify(cut(POS, said(".", 1.0)), ["pos", "positive"], first_word=True).value == "pos"
    )


def test_a_token_without_a_logprob_is_named():
    report = fc.classify(response([said("sp", 0.5), entry("am", None)]), ["spam", "work"])
    assert (report.value, report.confidence, report[""].distribution) == ("spam", None, None)
    assert "token 1 ('am')" in report[""].reason


def test_what_cannot_be_asked():
    with pytest.raises(SchemaError, match="no labels"):
        fc.classify(SPAM, [])
    with pytest.raises(SchemaError, match="no labels"):
        fc.classify(SPAM, "spam")
    with pytest.raises(SchemaError, match="match the same text"):
        fc.classify(SPAM, {"A": 1, "a": 2}, match="loose")
    assert fc.classify(response([said("a", 1.0)]), {"A": 1, "a": 1}, match="loose").value == 1
    with pytest.raises(SchemaError, match="no JSON scalar"):
        fc.classify(SPAM, {"spam": ["spam"]})
    mixed = response([said("a", 0.5, b=0.5)])
    assert len(fc.classify(mixed, {"a": 1, "b": True, "c": 1.0})[""].distribution.candidates) == 2
    with pytest.raises(PayloadError, match="no choice 1"):
        fc.classify(SPAM, ["spam"], choice=1)


# -- settling --------------------------------------------------------------------------------------


class Probe:
    vocabulary = Vocabulary({0: b"spam", 1: b"work", 2: b"wo", 3: b"rk", 4: b"rm", 5: b"zz"})

    def __init__(self, error=None):
        self.error = error

    def prompt(self, messages):
        return (100,)

    def logprobs(self, prefix, wanted):
        if self.error:
            raise self.error
        after = {(): {0: 0.5, 1: 0.2, 2: 0.2, 5: 0.1}, (2,): {3: 0.3, 4: 0.6}}[tuple(prefix[1:])]
        return [math.log(after.get(token, 1e-9)) for token in wanted]


def test_settling_asks_for_what_is_open():
    answer = response([said("spam", 0.5)])
    settle = fc.Settle(tolerance=1e-6, probe=Probe(), prompt=[{"role": "user", "content": "?"}])
    report = fc.classify(answer, ["spam", "work", "worm"], settle=settle)
    found = {m.value: m.probability for m in report[""].distribution.candidates}
    assert found == pytest.approx(
        {"spam": 0.5 / 0.9, "work": (0.2 + 0.2 / 3) / 0.9, "worm": 0.4 / 3 / 0.9}, abs=1e-6
    )
    assert (report[""].distribution.calls, report[""].flags) == (2, ())


def test_a_request_that_failed_carries_the_report():
    settle = fc.Settle(probe=Probe(RequestError("gone")), prompt=[7])
    with pytest.raises(RequestError) as raised:
        fc.classify(response([said("spam", 0.5)]), ["spam", "work"], settle=settle)
    assert raised.value.report.value == "spam"


# -- the command line ------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(main, ["classify", "-", *arguments], input=json.dumps(SPAM))


def test_the_command_line():
    ran = run("--label", "spam", "--label", "work")
    assert (ran.exit_code, "0.667" in ran.stdout) == (0, True)
    ran = run("--label", "SPAM=junk", "--label", "work", "--match", "loose", "--json")
    assert json.loads(ran.stdout)["data"] == "junk"
    ran = run("--label", "ham", "--label", "work")
    assert (ran.exit_code, "none of the labels" in ran.stdout) == (1, True)
    assert run().exit_code == 2


# -- the embedded model ----------------------------------------------------------------------------

ASKED = [
    {"role": "user", "content": "Is this spam? 'Win a FREE prize now!!!' Answer yes or no only."}
]


def test_the_embedded_model_answers_and_is_asked_again(local_client: LocalClient):
    answer = local_client.chat.completions.create(
        model="local", messages=ASKED, logprobs=True, top_logprobs=20, max_tokens=20, seed=1
    )
    labels = {"yes": True, "no": False}
    report = fc.classify(answer, labels, match="loose", first_word=True)
    field = report[""]
    assert report.status == "complete"
    assert field.distribution is not None
    settle = fc.Settle(tolerance=0.001, probe=llama_cpp.probe(local_client), prompt=ASKED)
    settled = fc.classify(answer, labels, match="loose", first_word=True, settle=settle)
    for value in (True, False):
        before, after = field.distribution[value], settled[""].distribution[value]
        assert before.low - 0.01 <= after.probability <= before.high + 0.01
        assert after.high - after.low <= 0.001


def test_a_decision_has_no_text_to_classify():
    answer = {"type": "choice", "choice": "a", "probabilities": {"a": 0.6, "b": 0.4}}
    with pytest.raises(PayloadError, match="Give it to score"):
        fc.classify({"answers": {"label": answer}}, ["a", "b"])
