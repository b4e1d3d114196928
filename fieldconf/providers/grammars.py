"""Grammars: which part of JSON Schema a server can hold a model to.

In:    nothing.
Out:   ``Grammar`` records: keywords, formats and limits.
Never: a provider's name: the table says who has which.
Why:   what a server does not understand it refuses, or it ignores it without a word.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a server's grammar understands.

    Attributes:
        title: whose it is.
        words: the keywords that ask something of scalars and arrays.
        formats: the values of ``format``; None for all.
        free_keys: whether objects may have keys that are not named.
        prefix: whether ``prefixItems`` is understood.
        object_root: whether the whole must be one object.
        depth, keys, members, characters: the most levels of objects, properties in all, members of
            enums in all, and characters of names and members in all; None for no limit.
        enum_characters, long_enum: the most characters of the members of one enum that has more
            members than ``long_enum``.
    """

    title: str
    words: frozenset[str]
    formats: frozenset[str] | None = None
    free_keys: bool = True
    prefix: bool = True
    object_root: bool = False
    depth: int | None = None
    keys: int | None = None
    members: int | None = None
    characters: int | None = None
    enum_characters: int | None = None
    long_enum: int = 250


STRING = ("pattern", "format", "minLength", "maxLength")
NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_ITEMS = ("minItems", "maxItems")

STRICT = Grammar(
    "strict structured output",
    frozenset({"pattern", "format", *_ITEMS, *NUMBERS}),
    frozenset({
        "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid",
    }),
    free_keys=False, prefix=False, object_root=True,
    depth=10, keys=5000, members=1000, characters=120_000, enum_characters=15_000,
)  # fmt: skip
"""OpenAI's, whose limits of February 2026 these are; those who copy the API are no wider."""

FULL = Grammar(
    "JSON Schema",
    frozenset({*STRING, *_ITEMS, *NUMBERS}),
)
"""Of servers that compile JSON Schema into a grammar of their own (llama.cpp, vLLM, SGLang ...)."""
