"""Text repair: replaces a text that the tokens do not spell by the text that they wrote.

In:    a completion; the prompt, if the caller gave it.
Out:   the completion with the part of its text that the tokens wrote, or with its JSON as written.
Never: a guess between several places that fit; a value before all tokens: an example in the prompt
       is no answer.
Why:   servers put the prompt before the answer (TGI's ``return_full_text``), gateways append notes
       or rewrite the JSON, and a prefill opens JSON that the model continues.

A prefill is the beginning of a value that is still open where the tokens begin. It stays, and no
token wrote it. Other text before or after the tokens is left out.
"""

from dataclasses import replace

from fieldconf.parsing.finder import Finder
from fieldconf.parsing.kinds import is_container
from fieldconf.parsing.parser import Event
from fieldconf.responses.formats.tool_calls import find
from fieldconf.responses.payload_access import parsed, unfenced
from fieldconf.tokens.spelling import is_whole, places_of, spell
from fieldconf.tokens.token import Completion, utf8, written

_BLOCK = 4096  # bytes; values in a prompt are passed over one by one


def fitted(completion: Completion, prompt: str | None = None) -> Completion:
    """The completion with a text that its tokens spell, if there is one.

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
    value = parsed(unfenced(content))
    if value and is_container(value):  # an equal value in another form: a gateway rewrote it
        place = find(value, tokens)
        if place is not None and not spell(place[0], tokens).reason:
            return replace(completion, content=place[0])
    return _part(completion, content, prompt) or completion


def _part(completion: Completion, content: str, prompt: str | None) -> Completion | None:
    """The completion with the part of its text that the tokens wrote, and the prefill before it."""
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
            return None  # the tokens did not write the rest of the value
    try:
        text = whole[begin:stop].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # the tokens begin or end inside of a character
        return None
    return replace(completion, content=text)


def _begin(whole: bytes, start: int, stop: int) -> tuple[int, bool]:
    """Where the value begins that ``whole[start:stop]`` holds or continues.

    The second item says whether it is still open at ``stop``.
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
