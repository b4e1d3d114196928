"""One answer as a whole, as a stream, and as a stream of which only the fields are kept."""

from itertools import pairwise

from builders import chunks, entry, response

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

SURE = -1e-4  # nats: sure enough for every policy


def cut(text: str, places) -> list[bytes]:
    """The bytes of a text, cut at these places."""
    data = text.encode()
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


def report_of(pieces, schema=None, sizes=(), finish_reason="stop"):
    """The report of an answer in these tokens; it must be the same however the answer came.

    ``sizes`` says how many tokens each chunk has, in turn.
    """
    entries = [piece if isinstance(piece, dict) else entry(piece, SURE) for piece in pieces]
    whole = fc.score(response(entries, finish_reason=finish_reason), schema)
    made = chunks(entries, sizes)
    made[-2]["choices"][0]["finish_reason"] = finish_reason
    assert fc.score(made, schema).to_dict(tokens=True) == whole.to_dict(tokens=True)
    for keep in ("all", "fields"):
        live = LiveScorer(compile_schema(schema).as_requested, keep=keep)
        for one in made:
            live.feed(one)
        assert live.finish().to_dict() == whole.to_dict()
    return whole
