"""Score saved responses in Daft: one Arrow function, inside a batch function of Daft's.

Run: python examples/batch_daft.py
Once before: pip install "fieldconf[batch]" daft

A function of Daft's gives one value a row, so that the fields of a response come as one list of
structs; ``explode`` and ``unnest`` make rows and columns of it. It runs wherever Daft runs: on the
cores of this machine, or on a Ray cluster.
"""

from pathlib import Path

import daft
import pyarrow as pa
import pyarrow.compute as pc

from fieldconf.batch import output_schema, score_batch

HERE = Path(__file__).parent
SAVED = HERE / "saved_responses.jsonl"
NUMBERED = pa.schema({"row": pa.int64(), "response": pa.string()})


def scored(responses: daft.DataFrame, schema: str, *, wide: bool = False) -> daft.DataFrame:
    """The fields of a column ``response``; all other columns are repeated."""
    made = list(output_schema(NUMBERED, schema, wide=wide))[1:]

    @daft.func.batch(return_dtype=daft.DataType.from_arrow_type(pa.list_(pa.struct(made))))
    def fields_of(column: daft.Series) -> pa.Array:
        numbers = pa.array(range(len(column)), pa.int64())
        batch = pa.record_batch({"row": numbers, "response": column.to_arrow()})
        fields = score_batch(batch, schema, wide=wide)
        ends = pc.run_end_encode(fields["row"]).run_ends  # each response has a row at least
        starts = pa.concat_arrays([pa.array([0], ends.type), ends])
        return pa.ListArray.from_arrays(starts, fields.drop_columns("row").to_struct_array())

    kept = [name for name in responses.column_names if name != "response"]
    found = responses.select(*kept, fields_of(responses["response"]).alias("field"))
    return found.explode("field").select(*kept, daft.col("field").unnest())


def main() -> None:
    lines = daft.from_arrow(pa.table({"response": SAVED.read_bytes().splitlines()}))
    fields = scored(lines, f"{HERE / 'score_saved.py'}:Ticket")
    unsure = fields.where("pointer <> '' and confidence < 0.5").sort("confidence")
    for row in unsure.iter_rows():
        print(f"{row['confidence']:.3f}  {row['pointer']:<9} {row['value']}")


if __name__ == "__main__":
    main()
