"""Streams: a completion as chunks, cut anywhere.

In:    a ``Case`` or a whole response of OpenAI's Chat Completions.
Out:   a strategy of lists of chunks, as plain dicts.
Never: a chunk whose text ends inside of a character.
Why:   where a server cuts its stream must not change a report.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy

from fieldconf.strategies.cases import Case, entry, stream
from fieldconf.strategies.tokenisations import cut_at

_MOST_CUTS = 12


def streams(
    source: Case | Mapping[str, Any], *, is_broken_off: bool = False
) -> SearchStrategy[list[dict[str, Any]]]:
    """A completion as stream chunks that are cut anywhere. They shrink to one chunk with it all.

    Text and tokens need not come in the same chunk; a chunk may have several tokens, or nothing;
    the last one tells the usage.

    Args:
        source: a ``Case``, or a response of Chat Completions as a dict.
        is_broken_off: whether the stream ends before its end, as after a lost connection: the last
            chunks are missing, at least the one that says why the model stopped.

    Raises:
        InvalidArgument: (hypothesis' own) if the source is neither.

    >>> import fieldconf as fc
    >>> from hypothesis import given
    >>> from fieldconf.strategies.completions import completions
    >>> @given(completions(bool).flatmap(lambda case: st.tuples(st.just(case), streams(case))))
    ... def test(drawn):
    ...     case, chunks = drawn
    ...     assert fc.score(chunks, bool).to_dict() == fc.score(case.response, bool).to_dict()
    >>> test()
    """
    if isinstance(source, Case):
        text, model = source.text, source.model
        entries: Sequence[Any] = [entry(token) for token in source.tokens]
    else:
        text, entries, model = _parts(source)
    return _streams(text, entries, model, is_broken_off)


def _parts(response: Any) -> tuple[str, Sequence[Any], str]:
    try:
        choice = response["choices"][0]
        return choice["message"]["content"], choice["logprobs"]["content"], response["model"]
    except (TypeError, LookupError) as error:
        raise InvalidArgument(
            f"streams are made of a Case or of a response of Chat Completions with logprobs, "
            f"and this is neither ({type(error).__name__}: {error})"
        ) from None


@st.composite
def _streams(
    draw: DrawFn,
    text: str,
    entries: Sequence[Any],
    model: str,
    is_broken_off: bool,  # noqa: FBT001
) -> list[dict[str, Any]]:
    count = draw(st.integers(0, _MOST_CUTS))
    texts, groups = (
        cut_at(parts, draw(st.lists(st.integers(0, len(parts)), min_size=count, max_size=count)))
        for parts in (text, entries)
    )
    pairs = zip(texts, groups, strict=True)
    parts = [({"content": piece} if piece else {}, group) for piece, group in pairs]
    whole = stream(parts, len(entries), model)
    if is_broken_off:
        return whole[: draw(st.integers(1, len(whole) - 2))]
    return whole
