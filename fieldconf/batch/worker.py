"""Worker: scores one block, from its lines to its part on disk.

In:    a block, and the task for its lines.
Out:   its part on disk, and the counts of the part.
Never: a block lost because of one line, or because of a file that cannot be read.
Why:   this runs on every core, independently of the other cores.

Line numbers count from the start of a piece here. The start of a piece in its file is known only
after all pieces before it have been read.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fieldconf.batch.arrow import arrow
from fieldconf.batch.blocks import Block, LineBlock, read
from fieldconf.batch.json_lines import LONGEST, Lines
from fieldconf.batch.parts import About, Folder
from fieldconf.batch.remote_files import shown
from fieldconf.batch.rows import ERROR
from fieldconf.batch.scoring import output_schema, score_batch
from fieldconf.calibration.calibrator import Calibrator
from fieldconf.distributions.label_matching import Match
from fieldconf.errors import OutputError, PayloadError
from fieldconf.policy import Policy
from fieldconf.tokens.token import Mask

RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class BlockTask:
    """What to do with each line. It is sent to other processes.

    Attributes:
        schema, wide, policy, match, mask, calibration, temperature: as for ``score_batch``.
        longest: how long a line may be, in bytes.
    """

    schema: Any
    wide: bool = False
    policy: Policy | None = None
    match: Match = "exact"
    mask: Mask | None = None
    calibration: Calibrator | None = None
    temperature: float | None = None
    longest: int = LONGEST

    def score(self, batch: Any) -> Any:
        """The rows of a batch of lines."""
        return score_batch(
            batch, self.schema, column=RESPONSE, wide=self.wide, policy=self.policy,
            match=self.match, mask=self.mask, calibration=self.calibration,
            temperature=self.temperature,
        )  # fmt: skip

    def schema_of(self, source: str) -> Any:
        """The Arrow schema of rows whose column "source" has this type."""
        pa = arrow()
        batch_schema = pa.schema([
            ("source", source), ("line", "int64"), (RESPONSE, pa.large_binary()),
        ])  # fmt: skip
        return output_schema(batch_schema, self.schema, column=RESPONSE, wide=self.wide)


class BlockResult(NamedTuple):
    """A scored block.

    Attributes:
        block: the block.
        about: the counts of its part.
        is_new: whether this run scored it, and not an earlier one.
    """

    block: Block
    about: About
    is_new: bool


def earlier_counts(block: Block, folder: Folder) -> About | None:
    """The counts of a block that an earlier run scored; None if no run did.

    Raises:
        OutputError: if the earlier run read other lines, or its part cannot be read.
    """
    about = folder.about(block.name)
    if about is not None and about.digest != _digest(block):
        raise OutputError(
            f"{shown(block.pieces[0].name)} is not what it was when this was begun",
            remedy=f"Give the same again, or another output, or remove {folder.path}",
        )
    return about


def score_and_write(block: Block, task: BlockTask, folder: Folder) -> About:
    """Score a block and write its rows.

    Raises:
        OutputError: if its part cannot be written.
    """
    schema = task.schema_of("int32")
    lines_read: list[tuple[LineBlock, Lines]] = []
    problems: list[tuple[int, str]] = []
    for piece in block.pieces:
        try:
            lines_read.append((piece, read(piece, task.longest)))
        except PayloadError as error:
            problems.append((piece.source, error.found or str(error)))
    reason = f"the line has more than {_size(task.longest)}. Raise longest= (--max-line)"
    refused = [_failed(schema, piece.source, number, reason)
               for piece, lines in lines_read for number in lines.too_long]  # fmt: skip
    counted = tuple((piece.source, piece.nth, lines.count) for piece, lines in lines_read)
    batch = _batch(lines_read)
    lines_read.clear()  # the texts are in the batch: one may be very long
    table = arrow().Table.from_batches(_rows(batch, schema, task) + refused, schema=schema)
    if refused:
        table = table.sort_by([("source", "ascending"), ("line", "ascending")])  # which is stable
    failed = table["status"].to_pylist().count(ERROR)
    count = batch.num_rows + len(refused)
    about = About(count, failed, counted, tuple(problems), _digest(block))
    folder.write(block.name, table, about)
    return about


def _batch(lines_read: Sequence[tuple[LineBlock, Lines]]) -> Any:
    pa = arrow()
    sources = [piece.source for piece, lines in lines_read for _ in lines.texts]
    numbers = [number for _, lines in lines_read for number in lines.numbers]
    texts = [text for _, lines in lines_read for text in lines.texts]
    return pa.RecordBatch.from_arrays(
        [pa.array(sources, "int32"), pa.array(numbers, "int64"), pa.array(texts, "large_binary")],
        names=["source", "line", RESPONSE],
    )


def _rows(batch: Any, schema: Any, task: BlockTask) -> list[Any]:
    """The rows of lines; halved again and again if they cannot be scored together."""
    if not batch.num_rows:
        return []
    try:
        return [task.score(batch)]
    except Exception as error:  # noqa: BLE001  # out of memory, or a fault of ours: not of all lines
        if batch.num_rows == 1:
            source, line = (batch.column(name)[0].as_py() for name in ("source", "line"))
            return [_failed(schema, source, line, f"{type(error).__name__}: {error}")]
    half = batch.num_rows // 2
    return _rows(batch.slice(0, half), schema, task) + _rows(batch.slice(half), schema, task)


def _failed(schema: Any, source: int, line: int, reason: str) -> Any:
    """The row of a line that could not be scored: its place and the reason."""
    row = {"source": source, "line": line, "status": ERROR, "reason": reason}
    return arrow().RecordBatch.from_pylist([row], schema=schema)


def _size(count: int) -> str:
    return f"{count} bytes" if count % (1 << 20) else f"{count >> 20} MiB"


def _digest(block: Block) -> str:
    texts = [piece.text for piece in block.pieces if isinstance(piece.text, bytes)]
    return hashlib.blake2b(b"".join(texts), digest_size=16).hexdigest() if texts else ""
