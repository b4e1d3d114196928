"""Settling: the options of settling, and its run over the trees of an answer.

In:    the options; the trees of an answer, and its tokens.
Out:   the same trees, expanded, and the fields whose bounds stayed too wide.
Never: a second request for an answer: only next-token distributions along it and beside it.
Why:   one response shows the candidates of its own path only; other branches have mass, too.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fieldconf.distributions.tree_store import PrefixProbe, TreeStore, settle, token_id
from fieldconf.errors import RequestError
from fieldconf.paths import pointer
from fieldconf.probes import Probe
from fieldconf.tokens.token import Token

R = TypeVar("R")  # a report


@dataclass(frozen=True, slots=True)
class Settle:
    """Ask the server for what a response leaves open, until the bounds are narrow.

    Attributes:
        tolerance: how far apart ``low`` and ``high`` of a member may stay (0..1).
        budget: how many next-token distributions may be asked for, all fields together.
        fields: the JSON Pointers of the fields to settle; all but long texts if None.
        probe: the probe to ask, from ``fieldconf.probes``; ``extract`` has the embedded model's.
        prompt: the messages that were sent, or the prompt's token ids; ``extract`` knows it.

    >>> Settle(tolerance=0.001, fields=["/team"]).budget
    200
    """

    tolerance: float = 0.01
    budget: int = 200
    fields: Collection[str] | None = None
    probe: Probe | None = None
    prompt: Sequence[Mapping[str, Any]] | Sequence[int] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance <= 1 or self.budget < 0:
            message = f"tolerance={self.tolerance}, budget={self.budget} cannot be"
            raise ValueError(message)

    def run(self, store: TreeStore, tokens: Sequence[Token]) -> None:
        """Settle the trees of an answer; ``store.unsettled`` has the fields that stayed too wide.

        Raises:
            RequestError: if a request failed, or there is no probe or no prompt.
        """
        to_settle = [
            (path, tree)
            for path, tree in store.trees
            if tree is not None and tree.decided_at is not None
            and (self.fields is None or pointer(path) in self.fields)
        ]  # fmt: skip
        if not to_settle:
            return
        probe, prompt = self.probe, self.prompt
        if probe is None:
            raise RequestError("settling: nobody to ask", remedy="Give Settle(probe=...)")
        if prompt is None:
            raise RequestError("settling: no prompt", remedy="Give Settle(prompt=messages)")
        ids = [part for part in prompt if isinstance(part, int)]
        if not ids:
            ids = probe.prompt([part for part in prompt if not isinstance(part, int)])
        prefix_probe = PrefixProbe(probe, ids, [token_id(probe, token) for token in tokens])
        trees = [tree for _, tree in to_settle]
        settle(trees, prefix_probe, tolerance=self.tolerance, budget=self.budget)
        store.unsettled = frozenset(
            path for path, tree in to_settle if tree.has_gap or tree.width > self.tolerance
        )


def settled(score: Callable[[TreeStore], R], tokens: Sequence[Token], settle: Settle | None) -> R:
    """The report that ``score`` makes of an answer; with ``settle`` after further requests.

    Raises:
        RequestError: if the asking failed; it carries the ``report`` of what is known.
    """
    store = TreeStore(keeps=settle is not None)
    report = score(store)
    if settle is None or not store.trees:
        return report
    store.start_second_pass()
    try:
        settle.run(store, tokens)
    except RequestError as error:
        error.report = score(store)
        raise
    return score(store)
