"""Unmatched: the names of a policy that no field of the answers has.

In:    a policy; the pointers of the fields of answers, as they come.
Out:   an error for each name that no pointer has matched.
Never: an answer kept; more memory for more answers.
Why:   without a schema, only the answers can tell that a name is misspelt.
"""

from collections.abc import Iterable

from fieldconf.errors import PolicyError, nearest
from fieldconf.paths import matches, parse_pointer
from fieldconf.policy.pointers import pointers_of
from fieldconf.policy.policies import Policy
from fieldconf.schema import compile_schema

_MOST_POINTERS = 500
"""The number of pointers among which the nearest one is suggested."""
_OPTIONAL = "If answers may leave it out, give a schema"


class UnmatchedNames:
    """The names of a policy that no field has matched so far.

    >>> names = UnmatchedNames(Policy(fields={"/total": 0.9, "/items/*/prise": 0.8}))
    >>> names.see(["", "/total", "/items/0/price"])
    >>> [error.remedy.split("?")[0] for error in names.errors()]
    ["Did you mean '/items/0/price'"]
    """

    def __init__(self, policy: Policy) -> None:
        root = compile_schema(None).root
        self._patterns = {
            name: [parse_pointer(pattern) for pattern in pointers_of(name, root)]
            for name in policy.fields
        }
        self._pointers: dict[str, None] = {}  # in order, each once

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def see(self, pointers: Iterable[str]) -> None:
        """Take the pointers of fields that answers have."""
        for text in pointers:
            path = parse_pointer(text)
            for name in [
                name for name, patterns in self._patterns.items()
                if any(matches(steps, path) for steps in patterns)
            ]:  # fmt: skip
                del self._patterns[name]
            if text and len(self._pointers) < _MOST_POINTERS:
                self._pointers[text] = None

    def errors(self) -> list[PolicyError]:
        """An error for each name that no field has."""
        return [
            PolicyError(
                f"no answer has the field {name!r} of the policy",
                remedy=f"{nearest(name, sorted(self._pointers))} {_OPTIONAL}",
            )
            for name in self._patterns
        ]
