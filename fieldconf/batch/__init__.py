"""Batch: many saved responses, on all cores of a machine, in constant memory.

In:    files of raw responses, one in each line; or an Arrow batch of them.
Out:   Arrow rows: one for each field, or one for each response.
Never: a row lost or doubled, however often a run was killed; a run ended by one bad line.
Why:   one command scores a warehouse of saved responses.
"""

from typing import TYPE_CHECKING

from fieldconf.lazy import lazily

if TYPE_CHECKING:
    from fieldconf.batch.run_summary import BatchSummary
    from fieldconf.batch.runner import Scored, score_files
    from fieldconf.batch.scoring import output_schema, score_batch

__all__ = ["BatchSummary", "Scored", "output_schema", "score_batch", "score_files"]

lazily(__name__, {
    "runner": "Scored score_files",
    "scoring": "output_schema score_batch",
    "run_summary": "BatchSummary",
})  # fmt: skip
