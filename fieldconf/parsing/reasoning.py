"""Reasoning: the marks around what a model writes before its answer.

In:    nothing, or a complete text.
Out:   the marks, as a table; where the answer begins in the text.
Never: a mark inside of a JSON value: the finder searches for marks only outside of values.
Why:   reasoning may hold drafts of the answer, and each family of models has its own marks. Often
       there is only the closing mark, since the chat template wrote the opening one.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple


class Marks(NamedTuple):
    """The opening and the closing mark of reasoning.

    ``stands_alone`` says whether the closing mark also ends reasoning without an opening mark; a
    mark that may also end the answer must not.
    """

    opening: bytes
    closing: bytes
    stands_alone: bool = True


REASONING: tuple[Marks, ...] = (
    Marks(b"<think>", b"</think>"),  # DeepSeek, Qwen, and most others
    Marks(b"<thinking>", b"</thinking>"),
    Marks(b"<reasoning>", b"</reasoning>"),  # Bedrock, around each chunk
    Marks(b"<thought>", b"</thought>"),  # Gemini, where it is asked as OpenAI is
    Marks(b"<seed:think>", b"</seed:think>"),  # Seed-OSS
    Marks(b"<mm:think>", b"</mm:think>"),  # MiniMax
    Marks(b"<longcat_think>", b"</longcat_think>"),
    Marks(b"[THINK]", b"[/THINK]"),  # Mistral
    Marks("◁think▷".encode(), "◁/think▷".encode()),  # Kimi
    Marks(b"<|START_THINKING|>", b"<|END_THINKING|>"),  # Cohere
    Marks(b"<|inner_prefix|>", b"<|inner_suffix|>"),  # Apertus
    Marks(b"<|begin_of_thought|>", b"<|end_of_thought|>"),  # OpenThinker, Sky-T1
    Marks(b"[unused16]", b"[unused17]"),  # Pangu
    Marks(b"<|channel>thought", b"<channel|>"),  # Gemma
    Marks(b"<|channel|>analysis", b"<|end|>", stands_alone=False),  # gpt-oss: harmony
    Marks(b"<|start|>assistant<|channel|>analysis", b"<|end|>", stands_alone=False),
)
"""The marks of reasoning, by family of models."""

FINAL: tuple[bytes, ...] = (
    b"<|channel|>final<|message|>",
    b"<|channel|>final<|constrain|>json<|message|>",
    b"<|channel|>final <|constrain|>json<|message|>",
    b"assistantfinal",  # the same, where the server took the marks out and left their names
)
"""Marks at the beginning of the answer: text before them is not the answer."""

ENDINGS = (*(marks.closing for marks in REASONING if marks.stands_alone), *FINAL)
"""After each of these the answer begins, whether or not there was an opening mark."""


def any_of(words: Iterable[bytes]) -> bytes:
    r"""A regular expression of these words, the longest first.

    >>> any_of([b"a", b"a|b"]) == rb"a\|b|a"
    True
    """
    return b"|".join(map(re.escape, sorted(words, key=len, reverse=True)))


THOUGHTS = b"(?:%s)" % b"|".join(
    b"%s.*?%s" % (re.escape(marks.opening), re.escape(marks.closing)) for marks in REASONING
)
"""A regular expression (DOTALL) of reasoning between its two marks."""

_ENDING = re.compile(b"(?:%s)" % any_of(ENDINGS) + rb"\s*")
_THOUGHTS = re.compile(rb"(?:\s*" + THOUGHTS + rb")+\s*", re.DOTALL)


def answer_start(text: bytes) -> int:
    """Where the answer begins in a text that is not JSON: after its last mark; 0 without marks.

    >>> answer_start(b"<think>Is it spam?</think>spam"), answer_start(b"It is.</think>spam")
    (26, 14)
    >>> answer_start(b"spam")
    0
    """
    last = max((match.end() for match in _ENDING.finditer(text)), default=0)
    thoughts = _THOUGHTS.match(text, last)
    return thoughts.end() if thoughts else last
