"""Spark: the same rows, by ``mapInArrow`` (Spark on this machine)."""

import importlib
import shutil
import sys

import pytest

pyspark = pytest.importorskip(
    "pyspark", reason="Spark is missing: pip install -e . --group clusters"
)

from drawn import (  # noqa: E402
    SCHEMA,
    assert_ended,
    assert_on_loopback,
    children,
    expected,
    responses,
    texts,
    unsure,
)
from pyspark import SparkContext  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]


@pytest.fixture(scope="module")
def example():
    return importlib.import_module("batch_spark")


@pytest.fixture(scope="module", autouse=True)
def machine():
    """The JVM, which outlives its sessions; it is ended by its process."""
    before = set(children())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        yield
    begun = set(children()) - before
    gateway = SparkContext._gateway
    assert gateway is not None
    gateway.shutdown()
    gateway.proc.stdin.close()
    assert gateway.proc.wait(60) is not None
    SparkContext._gateway = SparkContext._jvm = None
    assert_ended(begun)


@pytest.fixture
def spark(machine, tmp_path):
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "40",  # several batches for each task
        "spark.sql.warehouse.dir": str(tmp_path / "warehouse"),
        "spark.local.dir": str(tmp_path / "local"),
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    yield session
    session.stop()


@pytest.mark.parametrize("wide", [False, True])
def test_the_rows_are_those_of_one_call(spark, example, wide):
    table = responses(texts())
    given = spark.createDataFrame(table).repartition(3)
    found = example.scored(given, SCHEMA, wide=wide).toArrow()
    wanted = expected(table, wide=wide)
    assert found.cast(wanted.schema).sort_by([("line", "ascending")]).equals(wanted)
    assert_on_loopback(children())


def test_the_example_prints_what_is_unsure(example, capsys):
    example.main()
    said = unsure(f"{example.HERE}/score_saved.py:Ticket")
    assert capsys.readouterr().out.splitlines() == said
