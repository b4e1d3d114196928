"""Score saved responses in Spark: one Arrow function, handed to ``mapInArrow``.

Run: python examples/batch_spark.py
Once before: pip install "fieldconf[batch]" pyspark    (and a Java of 17 or newer)

Spark cuts the responses into batches and sends each to a worker; what comes back is a DataFrame.
On a cluster the workers have to have fieldconf, too, and the file with the model: ``addPyFile``.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from fieldconf.batch import output_schema, score_batch

HERE = Path(__file__).parent
SAVED = HERE / "saved_responses.jsonl"


def scored(responses: DataFrame, schema: str, *, wide: bool = False) -> DataFrame:
    """The fields of a column ``response``; all other columns are repeated."""

    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield score_batch(batch, schema, wide=wide)

    made = output_schema(to_arrow_schema(responses.schema), schema, wide=wide)
    return responses.mapInArrow(rows, from_arrow_schema(made))


def main() -> None:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # of the workers on this machine
    local = {"spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false"}
    with SparkSession.builder.master("local[2]").config(map=local).getOrCreate() as spark:
        spark.sparkContext.addPyFile(str(HERE / "score_saved.py"))  # where the model is
        lines = spark.read.text(str(SAVED), lineSep="\n")
        fields = scored(lines.withColumnRenamed("value", "response"), "score_saved:Ticket")
        unsure = fields.where("pointer <> '' and confidence < 0.5").orderBy("confidence")
        for row in unsure.collect():
            print(f"{row.confidence:.3f}  {row.pointer:<9} {row.value}")


if __name__ == "__main__":
    main()
