"""Grammars: the part of JSON Schema that a server supports.

In:    nothing.
Out:   ``Grammar`` records: keywords, formats and limits.
Never: a provider's name: the table assigns a grammar to each provider.
Why:   a server refuses, or silently ignores, the keywords that it does not support.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grammar:
    """The keywords, formats and limits of a server.

    Attributes:
        title: its name in messages.
        words: the supported keywords for scalars and arrays.
        formats: the supported values of ``format``; None for all.
        free_keys: whether objects may have undeclared keys.
        prefix: whether ``prefixItems`` is supported.
        object_root: whether the whole answer must be one object.
        depth, keys, members, characters: the limits for levels of objects, all properties, all
            members of enums, and all characters of names and members; None for no limit.
        enum_characters, long_enum: the limit for the characters of the members of one enum that
            has more members than ``long_enum``.
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
"""OpenAI's, with the limits of February 2026; servers that copy the API support no more."""

FULL = Grammar(
    "JSON Schema",
    frozenset({*STRING, *_ITEMS, *NUMBERS}),
)
"""Servers that compile JSON Schema into their own grammar (llama.cpp, vLLM, SGLang ...)."""
