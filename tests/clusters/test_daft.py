"""Daft: the same rows, by a batch function of Daft's."""

import importlib

import pytest

daft = pytest.importorskip(
    "daft", reason="Daft is not installed: pip install -e . --group clusters"
)

from drawn import SCHEMA, expected, responses, texts, unsure  # noqa: E402


@pytest.fixture(scope="module")
def example():
    return importlib.import_module("batch_daft")


@pytest.mark.parametrize("wide", [False, True])
def test_the_rows_are_those_of_one_call(example, wide):
    table = responses(texts())
    with daft.execution_config_ctx(default_morsel_size=40):  # several batches
        found = example.scored(daft.from_arrow(table), SCHEMA, wide=wide).to_arrow()
    wanted = expected(table, wide=wide)
    assert found.cast(wanted.schema).sort_by([("line", "ascending")]).equals(wanted)


def test_the_example_prints_what_is_unsure(example, capsys):
    example.main()
    assert capsys.readouterr().out.splitlines() == unsure(f"{example.HERE}/score_saved.py:Ticket")
