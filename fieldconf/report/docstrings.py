"""Docstrings: what the docstring of a record says of it and of its attributes.

In:    a class whose docstring may have a section ``Attributes:``.
Out:   its first sentence or paragraph, and the text about each attribute.
Never: a text that does not stand in the docstring; Python without docstrings (-OO) has none.
Why:   the JSON Schema of a report describes its keys, and the words are written once.
"""

import re
from inspect import cleandoc
from typing import Any

from fieldconf.threads import cached_property

_ENTRY = re.compile(r"^    (\w+(?:, \w+)*): (.*(?:\n(?:     .*|))*)", re.MULTILINE)


def summary_of(record: Any) -> str:
    """The first paragraph.

    >>> from fieldconf.fields.status import Stopped
    >>> summary_of(Stopped)
    'Where and why reading was stopped early, and what that spared.'
    """
    return _plain(cleandoc(record.__doc__ or "").partition("\n\n")[0])


def attributes_of(record: type) -> dict[str, str]:
    """The text about each attribute and each property, by its name.

    >>> from fieldconf.fields.status import Stopped
    >>> attributes_of(Stopped)["read"]
    'tokens that had been read.'
    """
    section = cleandoc(record.__doc__ or "").partition("\nAttributes:\n")[2]
    section = re.split(r"\n(?=\S)", section)[0]  # up to the next line that is not indented
    texts = {name: summary_of(value) for name, value in vars(record).items() if _is_property(value)}
    for names, words in _ENTRY.findall(section):
        texts |= dict.fromkeys(names.split(", "), _plain(words))
    return texts


def _is_property(value: Any) -> bool:
    return isinstance(value, (property, cached_property))


def _plain(text: str) -> str:
    lines = (line.strip() for line in text.replace("``", "`").strip().splitlines())
    return "\n".join(lines)
