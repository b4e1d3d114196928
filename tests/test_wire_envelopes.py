"""Texts and bytes that hold a payload: what stands around it changes nothing."""

import json

import pytest
from answers import TICKET, TICKET_SCHEMA, chunks, response
from builders import plain, sse

import fieldconf as fc

MARK = "\ufeff"

TEXTS = {
    "JSON": json.dumps(response(TICKET)),
    "JSON over several lines": json.dumps(response(TICKET), indent=1),
    "chunks as JSON Lines": "\n".join(map(json.dumps, chunks(TICKET))),
    "chunks as a list": json.dumps(chunks(TICKET)),
    "server-sent events": sse(chunks(TICKET)),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("before", [MARK, "\n" + MARK, MARK + "\r\n", MARK * 2])
def test_a_byte_order_mark_changes_nothing(text, before):
    wanted = plain(fc.score(text, TICKET_SCHEMA))
    for form in (before + text, (before + text).encode(), [before + text]):
        assert plain(fc.score(form, TICKET_SCHEMA)) == wanted


@pytest.mark.parametrize("name", ["chunks as JSON Lines", "server-sent events"])
def test_a_byte_order_mark_before_each_line_changes_nothing(name):
    """Files that were joined."""
    lines = TEXTS[name].split("\n")
    marked = "\n".join(MARK + line if line else line for line in lines)
    wanted = plain(fc.score(TEXTS[name], TICKET_SCHEMA))
    assert plain(fc.score(marked, TICKET_SCHEMA)) == wanted
    assert plain(fc.score(marked.encode(), TICKET_SCHEMA)) == wanted


def test_a_byte_order_mark_alone_is_an_empty_response():
    with pytest.raises(fc.PayloadError, match="empty"):
        fc.score(MARK)
