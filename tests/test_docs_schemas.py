"""What docs/schemas.md says is true: its programs run, and its numbers are those of the code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCHEMAS = (ROOT / "docs" / "schemas.md").read_text()


def test_the_python_of_schemas_runs(capsys):
    """What a line prints is what its comment says."""
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", SCHEMAS, re.DOTALL)
    lines = [line for block in blocks for line in block.split("\n")]
    said = [line.split("  # ")[1] for line in lines if "  # " in line]
    for block in blocks:
        exec(block, names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[: len(said)] == said
    assert printed[len(said) :] == [str(loss) for loss in names["form"].lost]


def test_the_numbers_of_schemas_are_those_of_the_code():
    from fieldconf.schema import MAX_MEMBERS
    from fieldconf.schema.bounded_validation import SECONDS
    from fieldconf.schema.unions import MOST_CASES

    assert f"more than {MOST_CASES} cases" in SCHEMAS
    assert f"where they are {MAX_MEMBERS:,} scalars or fewer" in SCHEMAS
    assert SECONDS == 1
    assert "patterns have one second in all" in SCHEMAS
