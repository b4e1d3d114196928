"""A chunk that is sent twice counts once; a token that is written twice counts twice."""

import math

import pytest
from answers import TICKET, TICKET_SCHEMA, chunk, chunks, entry, response
from hypothesis import given
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

RIVALS = {"x": 0.031, "y": 0.017}
SURE = [(text, p / 1.03, {**RIVALS, **rivals}) for text, p, rivals in TICKET]


@given(st.sets(st.integers(1, len(SURE))))
def test_chunks_sent_twice_change_nothing(twice):
    """Whichever of them, live or saved."""
    made = [one for i, one in enumerate(chunks(SURE)) for one in [one] * (1 + (i in twice))]
    wanted = fc.score(response(SURE), TICKET_SCHEMA).to_dict()
    assert fc.score(made, TICKET_SCHEMA).to_dict() == wanted
    live = LiveScorer(compile_schema(TICKET_SCHEMA).as_requested)
    for one in made:
        live.feed(one)
    assert live.finish().to_dict() == wanted


def test_a_chunk_of_one_choice_is_no_repeat_of_anothers():
    made = []
    for one in chunks(SURE):
        other = {**one, "choices": [{**one["choices"][0], "index": 1}]}
        made += [one, other, one, other]
    values = [report.value for report in fc.score_all(made, TICKET_SCHEMA)]
    assert values == [{"urgent": True, "team": "billing"}] * 2


@pytest.mark.parametrize(
    "twice",
    [
        entry("0", 0.6, {"1": 0.3}) | {"logprob": -0.51, "top_logprobs": [
            {"token": "0", "bytes": [48], "logprob": -0.51},
            {"token": "1", "bytes": [49], "logprob": -1.2},
        ]},
        entry("0", 1.0, {"1": math.exp(-20)}),
        entry("0", 0.6),
    ],
    ids=["rounded", "certain", "alone"],
)  # fmt: skip
def test_a_token_that_is_written_twice(twice):
    """Numbers that many tokens share tell nothing."""
    piece = chunk({"content": "0"}, [twice])
    before = chunk({"content": "[1"}, [entry("[1", 0.7)])
    after = chunk({"content": "]"}, [entry("]", 0.7)])
    assert fc.score([before, piece, piece, after]).data == [100]
