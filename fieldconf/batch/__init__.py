"""Batch: many saved responses, on all cores of a machine, in constant memory.

In:    files of raw responses, a line each; or a batch of Arrow that holds them.
Out:   rows of Arrow: one a field, or one a response.
Never: a row lost or doubled, however often a run was killed; a run ended by one bad line.
Why:   a warehouse of what was answered is scored in one command.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fieldconf.batch.score_files import Scored, score_files
    from fieldconf.batch.scoring import output_schema, score_batch
    from fieldconf.batch.summary import BatchSummary

__all__ = ["BatchSummary", "Scored", "output_schema", "score_batch", "score_files"]

_ROOMS = {
    "Scored": "faces", "score_files": "faces", "Summary": "summary",
    "output_schema": "scoring", "score_batch": "scoring",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415  # where it is asked for

    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
