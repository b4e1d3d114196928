"""What ``fieldconf batch`` writes opens in DuckDB, pandas and Polars, with the same values."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from fieldconf.batch import score_batch
from fieldconf.batch.runner import score_files
from fieldconf.testing import Answer, payloads


class Order(BaseModel):
    name: str
    count: int
    price: float
    paid: bool
    status: str | None
    tags: list[str]


ORDERS = [
    {"name": 'née "x"\n', "count": 3, "price": 0.5, "paid": True, "status": None, "tags": ["a"]},
    {"name": "", "count": 2**53 + 1, "price": 1e300, "paid": False, "status": "", "tags": []},
]
TEXTS = [*(json.dumps(payloads.chat(Answer(one))) for one in ORDERS), "oops"]


@pytest.fixture(params=[False, True], ids=["long", "wide"])
def written(request, tmp_path):
    """A file of rows, and the rows in plain values."""
    (tmp_path / "saved.jsonl").write_text("\n".join(TEXTS))
    path = tmp_path / "rows.parquet"
    score_files(tmp_path / "saved.jsonl", Order, path, wide=request.param, workers=1)
    table = pq.read_table(path)
    assert table.num_rows == (3 if request.param else 2 + 13 + 1)
    assert table["status"].to_pylist()[-1] == "error"
    return path, table


def test_duckdb_reads_the_file(written):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    path, table = written
    with duckdb.connect() as session:
        found = session.execute(f"select * from '{path}'")
        names = [column[0] for column in found.description]
        rows = found.fetchall()
        failed = session.execute(f"select line from '{path}' where status = 'error'").fetchall()
    assert names == table.schema.names
    assert [dict(zip(names, row, strict=True)) for row in rows] == table.to_pylist()
    assert failed == [(3,)]


def test_pandas_reads_the_file(written):
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    path, table = written
    plain = pd.read_parquet(path)
    assert list(plain.columns) == table.schema.names
    exact = pd.read_parquet(path, dtype_backend="pyarrow")
    assert pa.Table.from_pandas(exact, preserve_index=False).to_pylist() == table.to_pylist()
    assert plain["confidence" if "confidence" in plain else "name.confidence"].dtype == float


def test_polars_reads_the_file(written):
    pl = pytest.importorskip("polars", reason="polars is not installed")
    path, table = written
    assert pl.read_parquet(path).rows(named=True) == table.to_pylist()
    lazily = pl.scan_parquet(path).filter(pl.col("status") == "error").select("line").collect()
    assert lazily.rows() == [(3,)]


# -- batches that these packages made, and back ---------------------------------------------------

EXPECTED = score_batch(pa.record_batch({"key": [1, 2, 3], "response": TEXTS}), Order, wide=True)


def test_a_batch_may_come_of_pandas_and_go_there():
    """An index is one more column, and comes back; the frame's own notes do not mislead."""
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pd.DataFrame({"key": [1, 2, 3], "response": TEXTS})
    found = score_batch(pa.RecordBatch.from_pandas(frame), Order, wide=True)
    assert found.to_pylist() == EXPECTED.to_pylist()
    long = score_batch(pa.RecordBatch.from_pandas(frame.iloc[1:]), Order).to_pandas()
    assert list(long["key"]) == [2] * 7 + [3]
    kinds = frame.astype({"response": "category"})
    assert score_batch(pa.RecordBatch.from_pandas(kinds), Order, wide=True).equals(found)


def test_a_batch_may_come_of_polars_and_go_there():
    pl = pytest.importorskip("polars", reason="polars is not installed")
    frame = pl.DataFrame({"key": [1, 2, 3], "response": TEXTS})
    for level in (pl.CompatLevel.oldest(), pl.CompatLevel.newest()):
        parts = [score_batch(one, Order, wide=True)
                 for one in frame.to_arrow(compat_level=level).to_batches()]  # fmt: skip
        assert pl.from_arrow(pa.Table.from_batches(parts)).rows(named=True) == EXPECTED.to_pylist()


def test_duckdb_reads_and_gives_batches():
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    given = pa.table({"key": [1, 2, 3], "response": TEXTS})
    with duckdb.connect() as session:
        session.register("given", given)
        batches = session.sql("select * from given").to_arrow_table().to_batches()
        parts = [score_batch(one, Order, wide=True) for one in batches]
        session.register("scored", pa.Table.from_batches(parts))
        sure = session.execute("""select key from scored where "paid.confidence" > .5""")
        assert sure.fetchall() == [(1,), (2,)]
    assert pa.Table.from_batches(parts).to_pylist() == EXPECTED.to_pylist()
