"""Doctest blocks: examples in docstrings become code blocks on the pages of the reference.

In:    the docstrings that griffe collects.
Out:   the same; each paragraph that begins with ``>>>`` stands in a fenced block.
Never: a change of other text.
Why:   in Markdown ``>>>`` begins a quotation, and our docstrings have examples without a heading.
"""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\n).+)*", re.MULTILINE)


class DoctestBlocks(griffe.Extension):
    """Fences around the examples of every object."""

    def on_instance(self, *, obj: griffe.Object, **_rest: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring and "\nExample" not in obj.docstring.value:
            obj.docstring.value = EXAMPLE.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)
