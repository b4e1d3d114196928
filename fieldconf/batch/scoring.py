"""Scoring: a batch of saved responses in, a batch of rows out.

In:    an Arrow record batch with a column of raw responses, and any others.
Out:   a record batch: one row for each field, or for each response; the other columns repeated.
Never: an exception because of one response: its row says what is wrong.
Why:   every engine that moves Arrow batches, from a loop over files to a cluster, calls this.

Any error of one response is in its row, also an exception of a user's validator: a job over a
million responses does not end at one of them. Exceptions are left for arguments that are wrong for
all responses, and for a lack of memory, which cannot be attributed to one response.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from fieldconf.batch.arrow import array_of, arrow
from fieldconf.batch.response_ids import Saved, opened
from fieldconf.batch.rows import LONG, Row, RowFormat
from fieldconf.batch.schema_loading import load_schema
from fieldconf.batch.wide import wide_form
from fieldconf.calibration.calibrator import Calibrator, CalibratorLike
from fieldconf.classification import check_match
from fieldconf.distributions.label_matching import Match
from fieldconf.errors import FieldconfError, PayloadError
from fieldconf.policy import Policy, PolicyLike
from fieldconf.schema import Schema, compile_schema
from fieldconf.scoring.scorer import score_all
from fieldconf.tokens.temperature import check_temperature
from fieldconf.tokens.token import Mask


def score_batch(  # noqa: PLR0913  # options of a reading, by keyword
    batch: Any, schema: Any = None, *, column: str = "response", wide: bool = False,
    policy: PolicyLike | None = None, match: Match = "exact", mask: Mask | None = None,
    calibration: CalibratorLike | None = None, temperature: float | None = None,
) -> Any:  # fmt: skip
    """The fields of saved responses as rows.

    Args:
        batch: a ``pyarrow.RecordBatch``.
        schema: what ``score`` takes; or, as on the command line, its name: "module:Model",
            "file.py:Model" or "file.json". It is loaded once in each process.
        column: the column of the responses: texts, bytes or structs that ``score`` reads, or lines
            of a batch API's output. All other columns are repeated for each row.
        wide: one row for each response (and each of its choices), with columns for the declared
            fields, see ``output_schema``; else one row for each field.
        policy: see ``score``.
        match: see ``score``.
        mask: see ``score``.
        calibration: see ``score``. A file is read for each batch. A response of another model is
            an error row.
        temperature: see ``score``.

    Returns:
        A ``pyarrow.RecordBatch`` of ``output_schema``. A response that cannot be read has one row,
        whose status is "error" and whose reason says why.

    Raises:
        PayloadError: if ``batch`` is no record batch, or lacks the column; if the column has
            another type; or if another column has the name of an added one.
        SchemaError: if the schema is not valid, or missing in the wide form; or if it is a label
            set whose own rule differs from ``match``.
        PolicyError: if the policy is not valid, or names a field that the schema does not have.
        CalibrationError: if the calibration is not valid, or was fitted for another schema.
        RequestError: if the temperature is not a positive number.
        MissingPackageError: if pyarrow is not installed.

    >>> import json, pyarrow as pa
    >>> entry = {"token": "true", "logprob": -0.25}
    >>> saved = json.dumps({"id": "r-1", "choices": [
    ...     {"message": {"content": "true"}, "logprobs": {"content": [entry]}}]})
    >>> found = score_batch(pa.record_batch({"key": [7, 8], "response": [saved, "oops"]}), bool)
    >>> found.select(["key", "response_id", "status", "value", "logprob"]).to_pylist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [{'key': 7, 'response_id': 'r-1', 'status': 'complete', 'value': 'true', 'logprob': -0.25},
     {'key': 8, 'response_id': None, 'status': 'error', 'value': None, 'logprob': None}]
    """
    if not isinstance(batch, arrow().RecordBatch):
        raise PayloadError(
            f"a {type(batch).__name__} is no record batch",
            remedy="Give a pyarrow.RecordBatch: of a table, each of table.to_batches()",
        )
    compiled = _compiled(schema)
    check_match(compiled, match)
    if temperature is not None:
        check_temperature(temperature)
    form = _form(compiled, batch.schema, column, wide=wide)
    plan = _BatchPlan(
        compiled, Policy.of(policy).check(compiled), match, mask, form,
        Calibrator.of(calibration), temperature,
    )  # fmt: skip
    if plan.calibration is not None and not compiled.is_free:
        plan.calibration.check({"schema": compiled.digest})
    schema_of_rows = _output_schema(batch.schema, form, column)
    rows: list[Row] = []
    places: list[int] = []  # of which response each row is
    for place, data in enumerate(_payloads(batch.column(column))):
        scored = _scored(data, plan)
        rows += scored
        places += [place] * len(scored)
    arrays = batch.select(_others(batch.schema, column)).columns
    if places != list(range(batch.num_rows)):
        indexes = array_of(places, "int64")
        arrays = [array.take(indexes) for array in arrays]
    values: Iterable[Row] = zip(*rows, strict=True) if rows else ((),) * len(form.columns)
    added = [array_of(cells, new.type) for cells, new in zip(values, form.columns, strict=True)]
    arrays = [*arrays, *added]
    return arrow().RecordBatch.from_arrays(arrays, schema=schema_of_rows)


def output_schema(
    input: Any,  # of the batch
    schema: Any = None,
    *,
    column: str = "response",
    wide: bool = False,
) -> Any:
    """What ``score_batch`` makes of a batch with this ``pyarrow.Schema``.

    The long form adds ``batch.rows.COLUMNS``. The wide form adds response_id, custom_id, choice,
    status, outcome and reason, and for each declared field outside of lists "customer.name" with
    the value and "customer.name.confidence". Values that are always texts, numbers (``Decimal`` is
    one) or booleans have that type; scalars of several kinds are plain texts, and all else is JSON
    text; a list is one value. Beside numbers and scalars of several kinds there is their JSON text,
    "customer.name.json". Where a name is taken, also by a column of the batch, the field's JSON
    Pointer stands in its place: "/status" and "/status.confidence".

    Raises:
        PayloadError, SchemaError, MissingPackageError: as ``score_batch`` does.
    """
    return _output_schema(input, _form(_compiled(schema), input, column, wide=wide), column)


# -- arguments ------------------------------------------------------------------------------------


class _BatchPlan(NamedTuple):
    schema: Schema
    policy: Policy
    match: Match
    mask: Mask | None
    form: RowFormat
    calibration: Calibrator | None
    temperature: float | None


def _compiled(schema: Any) -> Schema:
    if isinstance(schema, str):
        return _loaded(schema, _file_state(schema))
    return compile_schema(schema).as_requested


@lru_cache(maxsize=64)
def _loaded(target: str, _file_state: tuple[str, int, int] | None) -> Schema:
    return compile_schema(load_schema(target)).as_requested


def _file_state(target: str) -> tuple[str, int, int] | None:
    """The path, time of change and size of a schema's file: another file is loaded again.

    None for a module, and where there is no file.
    """
    file = Path(target if target.endswith((".json", ".py")) else target.rpartition(":")[0])
    if file.suffix not in {".json", ".py"}:
        return None
    try:
        info = file.stat()
    except OSError:
        return None
    return str(file.absolute()), info.st_mtime_ns, info.st_size


def _form(schema: Schema, batch_schema: Any, column: str, *, wide: bool) -> RowFormat:
    return wide_form(schema, _others(batch_schema, column)) if wide else LONG


def _others(batch_schema: Any, column: str) -> list[str]:
    """The names of the columns other than the responses; they are repeated for each row."""
    return [name for name in batch_schema.names if name != column]


def _output_schema(batch_schema: Any, form: RowFormat, column: str) -> Any:
    if column not in batch_schema.names:
        raise PayloadError(
            f"the batch has no column {column!r};"
            f" it has {', '.join(map(repr, batch_schema.names))}",
            remedy="Give the name of the column of responses: column=...",
        )
    added = [(new.name, arrow().type_for_alias(new.type)) for new in form.columns]
    repeated = [field for field in batch_schema if field.name != column]
    clash = {field.name for field in repeated} & {name for name, _ in added}
    if clash:
        raise PayloadError(
            f"the column {min(clash)!r} is one that is added", remedy="Rename the batch's own"
        )
    return arrow().schema([*repeated, *added])


# -- responses ----------------------------------------------------------------------------------


def _scored(data: bytes, plan: _BatchPlan) -> list[Row]:
    """The rows of one response."""
    saved = Saved(data)
    try:
        saved = opened(data)
        reports = score_all(
            saved.payload, plan.schema, mask=plan.mask, match=plan.match, policy=plan.policy,
            calibration=plan.calibration, temperature=plan.temperature,
        )  # fmt: skip
        return [row for report in reports for row in plan.form.rows(saved, report)]
    except FieldconfError as error:
        return [plan.form.failed(saved, str(error))]
    except MemoryError:  # of the machine; a smaller batch may do
        raise
    except Exception as error:  # noqa: BLE001  # it is this response's alone
        fault = "a fault of fieldconf's, or of a function that it was given"
        return [plan.form.failed(saved, f"{fault}: {type(error).__name__}: {error}")]


# -- columns ------------------------------------------------------------------------------------


def _payloads(array: Any) -> Iterator[bytes]:
    """The responses of a column, one by one; empty bytes for null."""
    types, kind = arrow().types, array.type
    if types.is_dictionary(kind):
        yield from _payloads(array.dictionary_decode())
    elif types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind):
        yield from _payloads(array.cast("large_string").cast("large_binary"))  # no text is made
    elif types.is_string_view(kind):
        yield from ((text.as_py() or "").encode() for text in array)
    elif (
        types.is_binary(kind) or types.is_large_binary(kind)
        or types.is_binary_view(kind) or types.is_fixed_size_binary(kind)
    ):  # fmt: skip
        yield from (data.as_py() or b"" for data in array)
    elif types.is_nested(kind):
        values = (struct.as_py() for struct in array)
        yield from (b"" if value is None else msgspec.json.encode(value) for value in values)
    else:
        raise PayloadError(
            f"the column of responses holds {kind}", remedy="Give texts, bytes or structs"
        )
