"""Score saved responses on Ray: from any source that Ray reads to any sink that it writes.

Run: python examples/batch_ray.py
Once before: pip install "fieldconf[batch,ray]"

Files of responses need no program: ``fieldconf batch --engine ray``. This is for responses that lie
elsewhere: in Parquet, in a table of Iceberg, in a database.
"""

from pathlib import Path

import pyarrow as pa
import ray
from ray.data.expressions import col

from fieldconf.batch.ray_data import scored

HERE = Path(__file__).parent
SAVED = HERE / "saved_responses.jsonl"


def main() -> None:
    with ray.init(include_dashboard=False, logging_level="warning"):
        lines = pa.table({"response": SAVED.read_bytes().splitlines()})
        responses = ray.data.from_arrow(lines)  # or ray.data.read_parquet("s3://...")
        fields = scored(responses, f"{HERE / 'score_saved.py'}:Ticket")
        unsure = fields.filter(expr=(col("pointer") != "") & (col("confidence") < 0.5))
        for row in unsure.sort("confidence").iter_rows():
            print(f"{row['confidence']:.3f}  {row['pointer']:<9} {row['value']}")


if __name__ == "__main__":
    main()
