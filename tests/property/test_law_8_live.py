"""Law 8: `score(raw bytes)`, `score(SDK object)`, `score(list of chunks)` and the live stream of
one response agree."""

import json
from itertools import pairwise

from answers import chunk, entry
from hypothesis import given, settings
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-99, 999)
    | st.sampled_from(["", "a", "né", "🎉 x", '"'])
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "né"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


@st.composite
def streams(draw):
    """A stream of an answer, cut into tokens anywhere and into chunks anywhere else.

    Text and tokens need not come in the same chunk; some chunks may lack tokens altogether.
    """
    text = json.dumps(draw(documents), ensure_ascii=draw(st.booleans()))
    text = draw(st.sampled_from(["", "Here:\n", "```json\n"])) + text
    text = text[: draw(st.integers(1, len(text)))] if draw(st.booleans()) else text
    tokens = cut(text.encode(), draw(st.lists(st.integers(0, 200), max_size=12)))
    entries = [
        entry(raw.decode("utf-8", "replace"), draw(st.sampled_from([0.5, 0.9, 1.0]))) | {
            "bytes": list(raw)
        }
        for raw in tokens
    ]  # fmt: skip
    at = draw(st.lists(st.integers(0, len(text)), max_size=5).map(sorted))
    pieces = [text[a:b] for a, b in zip([0, *at], [*at, len(text)], strict=True)]
    of = draw(
        st.lists(st.integers(0, len(entries)), min_size=len(at), max_size=len(at)).map(sorted)
    )
    groups = [entries[a:b] for a, b in zip([0, *of], [*of, len(entries)], strict=True)]
    if draw(st.booleans()):
        groups[draw(st.integers(0, len(groups) - 1))] = None
    made = [chunk({"content": p}, g) for p, g in zip(pieces, groups, strict=True)]
    return [*made, chunk({}, None, draw(st.sampled_from(["stop", "length"])))]


@settings(deadline=None)
@given(streams())
def test_the_live_stream_agrees_with_the_whole(made):
    """The report is that of the whole, and what streamed is in it (unless it is unaligned)."""
    live = LiveScorer(compile_schema(None))
    streamed = [field for piece in made for field in live.feed(piece)]
    report = live.finish()
    assert report.to_dict() == fc.score(made).to_dict()
    for field in streamed:
        final = report.fields[field.pointer]
        assert final.value == field.value
        assert final.to_dict() == field.to_dict() or not report.owners  # unaligned: no numbers


def test_tokens_that_stop_before_the_text_does():
    """Found by the law above: what had streamed is withdrawn, and the report says why."""
    made = [
        chunk({"content": ""}, [entry("[", 0.5), entry("null", 0.5)]),
        chunk({"content": "[null, null]"}, None),
        chunk({}, None, "stop"),
    ]
    live = LiveScorer(compile_schema(None))
    streamed = [field for piece in made for field in live.feed(piece)]
    assert [field.pointer for field in streamed] == ["/0"]
    report = live.finish()
    assert report.status == "unaligned"
    assert report["/0"].confidence is None


@settings(deadline=None)
@given(streams())
def test_events_lines_and_lists_agree(made):
    """The same chunks as a list, as server-sent events and as JSON Lines."""
    wanted = fc.score(made).to_dict()
    assert fc.score("".join(f"data: {json.dumps(c)}\n\n" for c in made)).to_dict() == wanted
    assert fc.score("\n".join(map(json.dumps, made)).encode()).to_dict() == wanted
