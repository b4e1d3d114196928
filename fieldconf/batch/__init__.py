"""Batch: many saved responses, on all cores of a machine, in constant memory.

In:    files of raw responses, a line each; or a batch of Arrow that holds them.
Out:   rows of Arrow: one a field, or one a response.
Never: a row lost or doubled, however often a run was killed; a run ended by one bad line.
Why:   a warehouse of what was answered is scored in one command.
"""

from typing import TYPE_CHECKING

from fieldconf.lazy import lazily

if TYPE_CHECKING:
    from fieldconf.batch.runner import Scored, score_files
    from fieldconf.batch.scoring import output_schema, score_batch
    from fieldconf.batch.summary import BatchSummary

__all__ = ["BatchSummary", "Scored", "output_schema", "score_batch", "score_files"]

lazily(__name__, {
    "runner": "Scored score_files",
    "scoring": "output_schema score_batch",
    "summary": "BatchSummary",
})  # fmt: skip
