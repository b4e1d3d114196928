"""The raw path: a saved response is read from its bytes as it is read from its values.

``completions(bytes) == completions(json.loads(bytes))``, number by number and word by word; and
where one of them is an error, the other is the same error.
"""

import copy
import json
import math
import pickle
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_law_6_wire_fuzz import damaged
from wire_samples import INDEX, PAYLOADS, RECORDED, RECORDINGS, sample

from fieldconf import score, strategies
from fieldconf.errors import FieldconfError
from fieldconf.responses import completions
from fieldconf.responses.fast import from_json
from fieldconf.responses.fast.lazy_candidates import LazyCandidates
from fieldconf.tokens.token import Candidate, Token

READ_RAW = [
    "openai",
    "openai batch line",
    "azure",
    "deepseek",
    "vllm",
    "tgi",
    "llama.cpp",
    "litellm",
]


def outcome(payload):
    """All that is said of a payload, or all that its error says."""
    try:
        made = completions(payload)
    except FieldconfError as error:
        facts = {name: value for name, value in vars(error).items() if name != "came"}
        return type(error), str(error), repr(facts), repr(getattr(error, "came", ()))
    return made, repr(made)  # its text tells -0.0 from 0.0


def by_values(data):
    """The same by ``json.loads`` alone."""
    with mock.patch.object(from_json, "opened", return_value=None):
        return outcome(data)


def assert_same(data):
    assert outcome(data) == by_values(data)
    if isinstance(data, bytes):
        try:
            values = json.loads(data.decode())
        except (ValueError, RecursionError):
            return
        if not isinstance(values, str):  # a text in JSON is no payload by itself
            assert outcome(data) == outcome(values)


FORMS = [
    {"separators": (",", ":")},
    {},
    {"indent": 2},
    {"ensure_ascii": False},
    {"ensure_ascii": False, "indent": "\t"},
]


def saved(payload, form):
    if isinstance(payload, list) and form % 2:
        return "\n".join(json.dumps(one) for one in payload).encode()
    return json.dumps(payload, **FORMS[form]).encode("utf-8", "surrogatepass")


forms = st.integers(0, len(FORMS) - 1)


@st.composite
def written(draw, *names):
    """A completion as one of the providers writes it."""
    case = draw(strategies.completions(top_logprobs=draw(st.sampled_from([None, 0, 1, 5]))))
    return draw(strategies.dialects(*names)).write(case)


# -- structure ------------------------------------------------------------------------------------

ANYTHING = [
    None, True, False, 0, -1, 7, -0.0, 0.5, -0.5, -100, -100.0, -9998.0, -9999.0,
    -3.4028234663852886e38, 1e400, -1e400, math.nan, 10**30, -(10**400), "", "x", "-0.5",
    "token_id:7", "\ud800", "é", "\ufffd", "\\xf0", [], [None], [300], [-1], [1.0], [True],
    ["a"], [34], [[]], {}, {"x": 1}, [{"token": "a"}], [{"token": "a", "logprob": -0.1}],
]  # fmt: skip
NAMES = [
    "id", "token_id", "topLogprobs", "top_logprobs", "logprob", "bytes", "token", "logprobs",
    "content", "choices", "type", "object", "output", "done", "message", "delta", "text",
    "response", "error", "detail", "candidates", "promptFeedback", "meta_info", "stop",
    "generated_text", "timings", "usage", "model", "token_logprobs", "tokens", "index",
    "finish_reason", "custom_id", "status_code", "body", "completion_probabilities",
    "system_fingerprint", "steps", "refusal", "tool_calls", "new",
]  # fmt: skip


def containers(value):
    found = [value] if isinstance(value, (dict, list)) else []
    inner = value.values() if isinstance(value, dict) else value if found else ()
    return found + [one for item in inner for one in containers(item)]


@st.composite
def struck(draw, payloads):
    """A payload with some of its parts dropped, replaced, doubled, moved or renamed."""
    payload = copy.deepcopy(draw(payloads))
    for _ in range(draw(st.integers(1, 3))):
        known = containers(payload)
        parent = known[draw(st.integers(0, len(known) - 1))]
        new = copy.deepcopy(draw(st.sampled_from(ANYTHING)))
        if isinstance(parent, dict):
            name = draw(st.sampled_from([*parent, *NAMES]))
            other = draw(st.sampled_from([name, *NAMES]))
            stroke = draw(st.sampled_from(["drop", "put", "rename"]))
            old = parent.pop(name, new)
            parent |= {"drop": {}, "put": {name: new}, "rename": {other: old}}[stroke]
        elif parent:
            place = draw(st.integers(0, len(parent) - 1))
            stroke = draw(st.sampled_from([[], [new], [parent[place]] * 2, [parent[place], new]]))
            parent[place : place + 1] = copy.deepcopy(stroke)
            if draw(st.booleans()):
                parent.reverse()
    return payload


@st.composite
def doubled(draw):
    """Bytes in which an object has a key twice."""
    data = saved(draw(written(*READ_RAW)), draw(forms))
    name = draw(st.sampled_from(NAMES)).encode()
    places = [i for i in range(len(data)) if data.startswith(b'"' + name + b'":', i)]
    if not places:
        return data
    at = draw(st.sampled_from(places))
    new = json.dumps(draw(st.sampled_from(ANYTHING))).encode()
    return data[:at] + b'"' + name + b'": ' + new + b", " + data[at:]


@st.composite
def spoiled(draw):
    """Bytes with some of them changed, taken out or put in; mostly no JSON any more."""
    data = bytearray(saved(draw(written(*READ_RAW)), draw(forms)))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(data)))
        new = draw(st.binary(max_size=2) | st.sampled_from([b"\xff", b"\xed\xa0\x80", b"\\ud800"]))
        data[at : at + draw(st.integers(0, 2))] = new
    return bytes(data)


@given(written(), forms)
def test_bytes_are_read_as_their_values_are(payload, form):
    """completions(bytes) == completions(json.loads(bytes)), in every dialect."""
    data = saved(payload, form)
    assert_same(data)
    assert_same(data.decode())


@settings(max_examples=300)
@given(struck(written(*READ_RAW)), forms)
def test_strange_bodies_are_read_as_their_values_are(payload, form):
    assert_same(saved(payload, form))


@settings(max_examples=200)
@given(damaged(), forms)
def test_damaged_samples_are_read_as_their_values_are(made, form):
    assert_same(saved(made.payload, form))


@given(doubled())
def test_of_a_key_that_comes_twice_the_last_holds(data):
    assert_same(data)


@settings(max_examples=300)
@given(spoiled())
def test_what_is_no_json_is_the_same_error(data):
    assert_same(data)


@given(
    written("openai"), st.lists(st.sampled_from(ANYTHING[:19]), min_size=1, max_size=8), st.data()
)
def test_lists_are_witnesses_as_ever(payload, numbers, data):
    """Of which numbers a list consists decides what is believed: any, in any order."""
    entries = payload["choices"][0]["logprobs"]["content"]
    entry = entries[data.draw(st.integers(0, len(entries) - 1))]
    names = [entry["token"], "a", "b", "é", "\ufffd", "token_id:3", ""]
    entry["logprob"] = data.draw(st.sampled_from([*numbers, entry["logprob"]]))
    entry["top_logprobs"] = [
        {"token": data.draw(st.sampled_from(names)), "logprob": number} for number in numbers
    ]
    assert_same(saved(payload, 0))


@given(written(*READ_RAW), forms)
def test_the_chat_family_is_read_raw(payload, form):
    """Else the law would hold of nothing; bodies without any list of entries are not."""
    body = payload.get("response", {}).get("body", payload)
    has_lists = any(choice["logprobs"]["content"] for choice in body["choices"])
    assert (from_json.opened(saved(payload, form)) is not None) == has_lists


@given(written("openai", "llama.cpp"))
def test_candidates_that_are_not_made_yet_equal_those_that_are(payload):
    """A list that nobody has looked at is the tuple that it stands for, in all ways."""
    for made, other in zip(completions(saved(payload, 0)), completions(payload), strict=True):
        for token, wanted in zip(made.tokens or (), other.tokens or (), strict=True):
            assert len(token.candidates) == len(wanted.candidates)
            assert pickle.loads(pickle.dumps(token)) == wanted
            assert copy.deepcopy(token) == token == wanted
            assert hash(token) == hash(wanted)
            assert list(reversed(token.candidates)) == list(reversed(wanted.candidates))
            assert token.candidates[:1] == wanted.candidates[:1]
            assert repr(token) == repr(wanted)


@pytest.mark.parametrize("name", [*INDEX, *RECORDINGS])
def test_what_providers_send_is_read_as_its_values_are(name):
    file = PAYLOADS / f"{name}.json" if name in INDEX else RECORDED / name
    data = file.read_bytes()
    assert_same(data)
    assert_same(data.decode())


# -- fixed ----------------------------------------------------------------------------------------


def body(*entries, **more):
    choice = {"message": {"content": "ab"}, "logprobs": {"content": list(entries)}}
    return {"choices": [choice], **more}


def entry(token, logprob, *top, **more):
    listed = [{"token": text, "logprob": number} for text, number in top]
    return {"token": token, "logprob": logprob, "top_logprobs": listed, **more}


@pytest.mark.parametrize(
    "payload",
    [
        body(entry("ab", 0, ("ab", 0))),  # whole numbers are numbers, too
        body(entry("ab", -0.0, ("ab", 0), ("c", -100))),
        body(entry("ab", -0.1, ("ab", -0.1), ("c", -0.2), ("d", -0.3))),  # more than all mass
        body(entry("ab", -0.1, ("c", -0.2), ("ab", -0.1))),
        body(entry("ab", -0.1, ("ab", -0.1), ("c", None))),
        body(entry("ab", -0.1, ("token_id:5", -3.0), ("ab", -0.1))),
        body(entry("ab", -0.1, ("ab", -0.1), ("token_id:5", -3.0))),
        body(entry("ab", -0.1, ("ab", -0.1), bytes=[97, 98])),  # bytes of one of them only
        body(entry("ab", -0.1, ("ab", -0.1), bytes=[1, 2])),
        body(entry("ab", -0.1, ("ab", -0.1), bytes=[True, 98])),
        body(entry("ab", -0.1, ("ab", -0.1), bytes="ab")),
        body(entry("ab", -0.1, ("ab", -0.1), id=5)),
        body(entry("ab", -0.1, ("ab", -0.1), id=-5)),
        body(entry("ab", -0.1, ("ab", -0.1), topLogprobs=[{"token": "c", "logprob": -0.5}])),
        body(entry("a", -9999.0, ("c", -0.1)), entry("b", -0.1, ("b", -0.1))),
        body(entry("ab", -100.0, ("ab", -100.0))),
        body(entry("ab", None, ("ab", None))),
        body(entry("ab", -(10**400), ("ab", 10**400)), entry("ab", -0.1, ("ab", -(10**400)))),
        body(entry("ab", -0.1), object="response"),
        body(entry("ab", -0.1), response={"body": {"choices": []}}),
        {"custom_id": "x", "response": {"status_code": 200, "body": body(entry("ab", -0.1))}},
        {"custom_id": "x", "response": {"status_code": 500, "body": body(entry("ab", -0.1))}},
        {
            "custom_id": "x",
            "error": {"message": "no"},
            "response": {"body": body(entry("ab", -0.1))},
        },
        {"response": {"body": body(entry("ab", -0.1))}},
        [[body(entry("ab", -0.1))]],
        [[[[[[[[[[body(entry("ab", -0.1))]]]]]]]]]],
    ],
    ids=repr,
)
def test_bodies_that_take_a_closer_look(payload):
    assert_same(saved(payload, 0))


PLAIN = saved(body(entry("ab", -0.1, ("ab", -0.1), ("c", -3.0))), 0)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + PLAIN,
        b"\xe2\x80\x83" + PLAIN,  # white space that JSON does not know
        PLAIN + b" \n",
        PLAIN + b"}",
        PLAIN[:-1],
        PLAIN.replace(b'"c"', b'"\xff"'),
        PLAIN.replace(b'"c"', b'"\\ud83d"'),
        PLAIN.replace(b'"c"', b'"\x01"'),
        PLAIN.replace(b"-3.0", b"NaN"),
        PLAIN.replace(b"-3.0", b"-Infinity"),
        PLAIN.replace(b"-3.0", b"-1e999"),
        PLAIN.replace(b"-3.0", b"-0"),
        PLAIN.replace(b"-3.0", b"-03"),
        PLAIN.replace(b"-3.0", b"-3,"),
        PLAIN[:-1] + b', "new": ' + b"9" * 5000 + b"}",  # more digits than Python reads
        PLAIN[:-1] + b', "new": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        PLAIN[:-1] + b', "new": "\xc3"}',
        PLAIN[:-1] + b', "new": "' + b"x" * 4095 + "é".encode() + b'"}',
        PLAIN.replace(b'"choices"', b'"\\u0063hoices"'),
        PLAIN.replace(b'"logprob"', b'"logprob":-7,"logprob"'),
        b"data: " + PLAIN + b"\n\ndata: [DONE]\n\n",
        PLAIN + b"\n" + PLAIN,
    ],
    ids=lambda data: repr(data[:12] + data[-12:]),
)
def test_texts_that_json_knows_or_does_not(data):
    assert_same(data)


def test_a_list_that_nobody_looks_at_is_not_made():
    (made,) = completions(PLAIN)
    (token,) = made.tokens
    assert isinstance(token.candidates, LazyCandidates)
    assert token.candidates.built is None
    wanted = (Candidate("ab", None, -0.1), Candidate("c", None, -3.0))
    assert token == Token("ab", None, -0.1, wanted)
    assert token.candidates.built == wanted


def test_scoring_looks_at_candidates_without_keeping_them():
    listed = [{"token": text, "bytes": [*text.encode()], "logprob": p} for text, p in (
        ("true", -0.1), ("false", -2.5))]  # fmt: skip
    entry = {**listed[0], "top_logprobs": listed}
    content = {"message": {"content": "true"}, "logprobs": {"content": [entry]}}
    report = score(json.dumps({"choices": [content]}).encode(), {"type": "boolean"})
    assert report[""].distribution[False].probability > 0
    candidates = report.tokens[0].candidates
    assert isinstance(candidates, LazyCandidates)
    assert candidates.built is None
    assert [candidate.text for candidate in candidates] == ["true", "false"]


def test_a_table_of_spellings_is_bounded():
    data = json.dumps(sample("openai_chat")).encode()
    from_json.OCTETS.clear()
    with mock.patch.object(from_json, "_MOST_OCTETS", 3):
        assert_same(data)
        assert len(from_json.OCTETS) <= 3
