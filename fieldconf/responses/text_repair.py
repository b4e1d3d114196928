"""Fitting: a text that its tokens do not spell as it is, made what they wrote.

In:    a completion; what the caller says of the prompt.
Out:   the same with the part of its text that the tokens wrote, or in the words in which they did.
Never: a place where the tokens fit several; a value that stands before all tokens: an example in
       the prompt is no answer.
Why:   servers put the prompt before the answer (TGI's ``return_full_text``), gateways put notes
       behind it or write its JSON anew, and a prefill opens JSON that the model goes on with.

The beginning of a value that is still open where the tokens begin is a prefill: it stays, and no
token wrote it. What stands before or behind that is left out.
"""

from dataclasses import replace

from fieldconf.parsing.finder import Finder
from fieldconf.parsing.kinds import is_container
from fieldconf.parsing.parser import Event
from fieldconf.responses.formats.tool_calls import found_among
from fieldconf.responses.payload_access import parsed, unfenced
from fieldconf.tokens.spelling import is_whole, places_of, spell
from fieldconf.tokens.token import Completion, utf8, written

_BLOCK = 4096  # bytes; values in a prompt are passed over one by one


def fitted(completion: Completion, prompt: str | None = None) -> Completion:
    """The completion with a text that its tokens spell, where there is one such.

    >>> from fieldconf.tokens.token import Token
    >>> tokens = Token('{"a"', None, -0.1), Token(": 1}", None, -0.2)
    >>> fitted(Completion('Like {"a": 2}: {"a": 1}', tokens)).content
    '{"a": 1}'
    """
    tokens, content = completion.tokens, completion.content
    if not tokens or not content or utf8(content) in b"".join(written(tokens)):
        return completion
    if is_whole(spell(content, tokens)):
        return completion
    return _rewritten(completion, content) or _part(completion, content, prompt) or completion


# -- the same value in other words ----------------------------------------------------------------


def _rewritten(completion: Completion, content: str) -> Completion | None:
    """With the JSON as the model wrote it, where the text has an equal value in other words."""
    value = parsed(unfenced(content))
    if not value or not is_container(value):
        return None
    as_written = found_among(value, completion.tokens or ())
    if as_written is None or spell(as_written, completion.tokens or ()).reason:
        return None
    return replace(completion, content=as_written)


# -- a text that holds more -----------------------------------------------------------------------


def _part(completion: Completion, content: str, prompt: str | None) -> Completion | None:
    """With the part of the text that the tokens wrote, and the prefill before it."""
    whole = utf8(content)
    prompt_bytes = utf8(prompt) if prompt else b"".join(written(completion.prompt))
    if prompt_bytes and whole.startswith(prompt_bytes):
        rest = whole[len(prompt_bytes) :].decode("utf-8", "surrogatepass")
        if rest and not spell(rest, completion.tokens or ()).reason:
            return replace(completion, content=rest)
    places = places_of(whole, completion.tokens or ())
    if len(places) != 1:
        return None
    start, stop = places[0]
    begin, is_open = _begin(whole, start, stop)
    if is_open and stop < len(whole):
        footer = Finder()
        footer.feed(whole[begin:])
        if completion.finish_reason != "length" or footer.error is None:
            return None  # somebody else wrote the value's end, or more of the value
    try:
        text = whole[begin:stop].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # the tokens begin or end inside of a character
        return None
    return replace(completion, content=text)


def _begin(whole: bytes, start: int, stop: int) -> tuple[int, bool]:
    """Where the value begins that the tokens of ``whole[start:stop]`` wrote or went on with.

    And whether it is still open at their end.
    """
    begin = 0
    while True:
        finder, at = Finder(scalars=False), begin
        events: list[Event] = []
        while at < stop and not finder.done and finder.error is None:
            events = finder.feed(whole[at : min(at + _BLOCK, stop)])
            at = min(at + _BLOCK, stop)
        if not finder.done:
            break
        root = events[-1]
        if begin + root.stop > start:
            return min(start, begin + root.start), False
        begin += root.stop
    alone = Finder()
    alone.feed(whole[start:stop])
    alone.close()
    parser = finder.parser
    if alone.done or alone.error is None or parser is None or finder.error is not None:
        return start, False
    opened = parser.open_containers
    return (min(start, begin + opened[0][1]), True) if opened else (start, False)
