"""Law 2 for the steps of an alignment: a parser made when it is asked for is the fork of before."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from json_texts import ANSWERS, TEXTS, run

from fieldconf.parsing.finder import Finder
from fieldconf.parsing.parser import JSONParser
from fieldconf.tokens.alignment import AlignedStep, Aligner

RESTS = st.one_of(TEXTS, st.sampled_from([b"", b'"', b"}", b'\\u0041"', b"\xff", b"1e5,"]))


def said(parser: JSONParser) -> tuple:
    """All that a state says of itself, but for how many runs of white space it counted.

    Those that a cut divides count twice, and reading again cuts elsewhere. What counts is how many
    more a fork counts than what it was forked from.
    """
    error = parser.error and (parser.error.problem, parser.error.offset)
    return (
        parser.place, parser.path, parser.text, parser.start, parser.offset,
        parser.may_close, parser.depth, parser.open_containers, parser.done, error,
    )  # fmt: skip


class Plain:
    """The same told from the definition: a fork before each piece, and a list of all steps."""

    def __init__(self) -> None:
        self.finder, self.steps, self.edge = Finder(), [], 0

    def feed(self, written: bytes) -> list[tuple]:
        finder = self.finder
        start = finder.offset
        found = finder.found
        parser = found or finder.attempt
        before = parser.fork() if parser else JSONParser(offset=start)
        events = finder.feed(written)
        piece = len(self.steps)
        is_inside = found or finder.attempt or events
        self.steps.append((finder.offset, piece, before, written, bool(is_inside)))
        return [(event, self.approach(event)) for event in events]

    def approach(self, event) -> list[tuple]:
        edge = self.edge if event.path else max(self.edge, event.start)
        self.edge = event.stop
        is_number = event.type == "scalar" and event.raw[0] in b"-0123456789"
        last = event.stop - (not is_number)  # a number ends with the byte behind it
        return [
            step[1:4]
            for step in self.steps
            if step[0] > edge and step[4] and step[0] - len(step[3]) <= last
        ]


def pieces_of(text: bytes, sizes: list[int]) -> list[bytes]:
    made, at = [], 0
    while at < len(text):
        size = sizes[len(made) % len(sizes)] if sizes else len(text)
        made.append(text[at : at + size])
        at += size
    return made if any(sizes) else [text]


def check(pieces: list[bytes], rest: bytes) -> None:
    aligner, plain = Aligner(), Plain()
    for number, piece in enumerate(pieces):
        made, expected = aligner.feed(piece, number), plain.feed(piece)
        assert [item.event for item in made] == [event for event, _ in expected]
        for item, (_, approach) in zip(made, expected, strict=True):
            # Asked late, when the machine has gone on; and twice.
            for step, (index, before, written) in zip(item.decision_steps, approach, strict=True):
                assert (step.piece, step.token, step.written) == (index, index, written)
                assert said(step.parser) == said(before)
                ours, theirs = step.parser.fork(), before.fork()
                assert run(ours, [rest]) == run(theirs, [rest])
                assert said(ours) == said(theirs)
                assert ours.blanks - step.parser.blanks == theirs.blanks - before.blanks
                assert said(step.parser) == said(before)
            assert [s.piece for s in item.decision_steps] == [index for index, *_ in approach]
    assert aligner.finder.done == plain.finder.done
    assert (aligner.finder.error is None) == (plain.finder.error is None)


@settings(deadline=None, max_examples=150)
@given(ANSWERS, st.lists(st.integers(0, 7), min_size=1, max_size=9).filter(any), RESTS)
@example(b'Sure {x}: ```json\n{"a": "b", "c": [1, 22, true]}\n```', [1, 4, 0, 2], b'"}')
@example(b'{"a":{"b":{"c":', [3], b"1}}}")  # withheld: no value has closed
@example(b'["' + "é😀".encode() * 40 + b'", 1]', [3], b'"')  # characters are cut; many steps
@example(b'{"a": 1,,', [2], b"}")  # fails behind the first value
def test_a_parser_made_late_is_the_fork_of_before(text, sizes, rest):
    """Law 2: a step's parser, whenever it is asked for, is the fork taken before its piece.

    Same place, path, text, and the same events whatever follows; and the steps of a value are those
    whose pieces end behind what came before it.
    """
    check(pieces_of(text, sizes), rest)


def told(items, rest: bytes, *, backwards: bool) -> list:
    """What aligned values say of themselves; the last steps asked first, if so wished."""
    found = []
    for item in reversed(items) if backwards else items:
        approach, steps = item.decision_steps, []
        for step in reversed(approach) if backwards else approach:
            fork = step.parser.fork()
            place, path, text = fork.place, fork.path, fork.text
            following = run(fork, [rest]), fork.place, fork.path, fork.text
            following += (fork.blanks - step.parser.blanks,)
            steps.append(
                (step.piece, step.token, step.written, step.start, place, path, text, following)
            )
        found.append((item.event, item.first, item.last, sorted(steps)))
    return found


@settings(deadline=None, max_examples=150)
@given(
    ANSWERS, st.lists(st.integers(0, 7), min_size=1, max_size=9).filter(any),
    st.lists(st.integers(1, 40), min_size=1, max_size=4), RESTS, st.booleans(),
)  # fmt: skip
@example(
    b'Sure {x}: ```json\n{"a": "b", "c": [1, 22, true]}\n```', [1, 4, 0, 2], [6, 30], b'"}', True
)
@example(b'{"a":1,"b":22,"c":333}', [1], [9, 1], b"1}", True)  # a run ends inside of a number
@example(b'{"a":"x","b":"yy"}', [2, 0, 0], [5, 3], b"", False)  # pieces without bytes at an edge
@example(b'[1,2,"x"] and more', [3], [2], b"", False)
@example(b'[1,"a",,"b"]', [1], [20], b"", False)
def test_many_pieces_at_once_are_the_same(text, sizes, counts, rest, backwards):
    """Law 1 and 2: pieces read at once give what they give one by one, and the same steps."""
    pieces = pieces_of(text, sizes)
    single, many = Aligner(), Aligner()
    expected = [item for n, piece in enumerate(pieces) for item in single.feed(piece, n)]
    made, at, offset = [], 0, 0
    while at < len(pieces):
        some = pieces[at : at + counts[at % len(counts)]]
        starts = [offset + sum(map(len, some[:n])) for n in range(len(some))]
        made += many.feed_all(b"".join(some), list(range(at, at + len(some))), starts)
        at, offset = at + len(some), offset + sum(map(len, some))
    expected, made = expected + single.close(), made + many.close()
    assert told(made, rest, backwards=backwards) == told(expected, rest, backwards=backwards)
    many_end, single_end = many.finder, single.finder
    assert (many_end.done, str(many_end.error)) == (single_end.done, str(single_end.error))
    leaves = [(e.start, e.stop, str(e.path)) for e, *_ in expected if e.type == "scalar"]
    assert many.owners(leaves, None) == single.owners(leaves, None)


@settings(deadline=None, max_examples=100)
@given(TEXTS, RESTS)
def test_a_state_is_a_value(text, rest):
    """Law 2: what a parser is fed later never changes a state that was taken of it."""
    parser = JSONParser()
    for at in range(len(text)):
        state, fork = parser.state, parser.fork()
        parser.feed(text[at : at + 1])
        made = JSONParser.at(state)
        assert said(made) == said(fork)
        assert run(made, [rest]) == run(fork, [rest])


# -- fixed examples -----------------------------------------------------------------------------


def test_the_parser_of_a_step_is_made_once():
    aligner = Aligner()
    made = [
        item for n, piece in enumerate([b'{"a":"', b"x", b'",']) for item in aligner.feed(piece, n)
    ]
    value = made[-1]
    assert value.event.raw == b'"x"'
    assert [step.piece for step in value.decision_steps] == [0, 1, 2]
    pairs = zip(value.decision_steps, value.decision_steps, strict=True)
    assert all(a.parser is b.parser for a, b in pairs)


@pytest.mark.parametrize("before", [JSONParser(), JSONParser().state])
def test_a_step_takes_a_parser_or_its_state(before):
    assert AlignedStep(0, None, before, b"1").parser.place == "value"


def test_the_law_sees_a_state_that_came_too_late():
    # The law itself: a state taken behind the piece must not pass for the one before it.
    parser = JSONParser()
    parser.feed(b'{"a"')
    before = parser.fork()
    parser.feed(b":")
    assert said(AlignedStep(0, 0, parser.state, b":").parser) != said(before)
