"""Answer bounds: where in a payload one whole answer ends and another one begins.

In:    the deltas of a payload's items, item by item.
Out:   whether an item begins another answer.
Never: an item read ahead; texts stored, except that of the last item.
Why:   a list, or JSON Lines, may contain the chunks of one answer or several whole answers. They
       differ only in finish marks, ids, indices of choices, and in whether texts repeat.

Quirks, each handled below:

* Chunks may follow the last one: usage, content filters, the last one repeated.
* Proxies may give each chunk another id: an id counts once two items had it.
* Azure's filter sends an empty id.
* Gemini may mark every chunk as the last one: an answer that ends inside its JSON has not ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fieldconf.responses.delta import Delta
from fieldconf.responses.payload_access import is_json


@dataclass(slots=True)
class _Choice:
    """The deltas of one choice so far.

    Attributes:
        count: how many deltas had a part of the answer.
        ended: whether one of them was marked as the last.
        at_once: whether the first of them was marked as the last.
        first: the text of the first of them.
        latest: the last of them.
    """

    count: int = 0
    ended: bool = False
    at_once: bool = False
    first: str = ""
    latest: Delta | None = None


class Answers:
    """Receives the items of a payload in order, and decides which of them begin another answer."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._source = ""
        self._is_steady = False  # two items in a row had this source
        self._has_whole = False  # one item was a whole answer

    def goes_on(self, source: str) -> bool:
        """Whether a chunk of the first choice certainly continues the current answer."""
        choice = self._choices.get(0)
        is_open = choice is not None and choice.count > 1 and not choice.ended
        if is_open and source == self._source:
            self._is_steady = bool(source)
            return True
        return False

    def begins(self, deltas: Sequence[Delta]) -> bool:
        """Whether the next item begins another answer; its deltas are recorded."""
        source = next((delta.source for delta in deltas if delta.source), "")
        is_next = self._is_next(deltas, source)
        if is_next:
            self.__init__()
        if source:
            self._is_steady = source == self._source
            self._source = source
        for delta in deltas:
            if delta.index is None:
                continue
            choice = self._choices.setdefault(delta.index, _Choice())
            if _has_answer(delta):
                if not choice.count:
                    choice.at_once, choice.first = _is_last(delta), delta.content or ""
                choice.count += 1
                choice.latest = delta
            choice.ended = choice.ended or _is_last(delta)
            self._has_whole = self._has_whole or delta.extent == "final"
        return is_next

    def _is_next(self, deltas: Sequence[Delta], source: str) -> bool:
        is_other = bool(source and self._source) and source != self._source
        is_same = bool(source) and source == self._source
        if is_other and self._is_steady:
            return True
        parts = [delta for delta in deltas if _has_answer(delta)]
        if not parts or not any(choice.count for choice in self._choices.values()):
            return False
        if any(delta.extent == "final" for delta in parts):
            has_ended = any(choice.ended for choice in self._choices.values())
            return self._has_whole or is_other or (has_ended and not is_same)
        return any(
            self._is_of_another(delta, is_other=is_other, is_same=is_same) for delta in parts
        )

    def _is_of_another(self, delta: Delta, *, is_other: bool, is_same: bool) -> bool:
        choice = self._choices.get(delta.index or 0)
        if choice is None or choice.latest is None:
            begun = [state for state in self._choices.values() if state.count]
            are_whole = all(state.at_once and state.count == 1 for state in begun)
            return are_whole and _is_last(delta) and not is_same
        # The end of a stream may repeat the tokens.
        is_end = is_same and delta.content is None and delta.tokens == choice.latest.tokens
        is_again = _repeats(choice, delta) or is_end
        if choice.ended:
            is_more = choice.at_once and _is_open(choice, delta, is_same=is_same)
            return is_other or not (is_again or is_more)
        if delta.extent == choice.latest.extent == "cumulative":
            return is_other or not (is_same or is_again)
        if delta.extent == "unclear":  # with a count it would be one of the others
            return is_other
        is_all = delta.extent == "cumulative" and (delta.content or "").startswith(choice.first)
        are_whole = _is_container(choice.first) and _is_container(delta.content)
        return choice.count == 1 and are_whole and not is_all and not is_same


def _has_answer(delta: Delta) -> bool:
    """Whether a delta has a part of an answer; chunks after the last one have none."""
    if delta.index is None:
        return False
    is_text = bool(delta.content and delta.content.strip())
    is_spelled = delta.content is None and bool(delta.tokens)
    is_other = bool(delta.calls or delta.refusal or delta.decisions)
    return delta.extent == "final" or is_text or is_spelled or is_other


def _is_last(delta: Delta) -> bool:
    return delta.last or delta.finish_reason is not None or delta.extent == "final"


def _repeats(choice: _Choice, delta: Delta) -> bool:
    """Whether a delta repeats the last one, or begins with all of it.

    After an answer that came in one piece, an equal delta is another answer: answers may be equal.
    """
    latest = choice.latest
    if latest is None or choice.at_once:
        return False
    if delta == latest:
        return True
    if delta.extent == latest.extent == "cumulative":
        text, before = (part.content or "" for part in (delta, latest))
        is_cut = before.startswith(text) and _is_last(delta) and not choice.ended  # a stop string
        return is_cut or text.startswith(before.rstrip("\ufffd"))
    return False


def _is_open(choice: _Choice, delta: Delta, *, is_same: bool) -> bool:
    """Whether the first delta, although marked as the last, was only the beginning."""
    if delta.extent != "increment" or (choice.latest and choice.latest.finish_reason == "length"):
        return False
    if is_same:
        return not is_json(choice.first)
    has_tokens = bool(delta.tokens or (choice.latest and choice.latest.tokens))
    is_begun = choice.first.lstrip().startswith(("{", "["))
    return not has_tokens and is_begun and not delta.source and not _is_container(choice.first)


def _is_container(text: str | None) -> bool:
    text = (text or "").strip()
    return text[:1] in ("{", "[") and text[-1:] in ("}", "]") and is_json(text)
