"""Inputs of benchmarks that are no part of this repository.

In:    a path that was asked for.
Out:   the same path; or exit code 1 and one line that says what is absent.
Never: a benchmark that starts without what it measures with.
Why:   the labelled texts and the corpora are other people's, and too large to keep here.
"""

import sys
from pathlib import Path


def present(path: Path) -> Path:
    """The path, if there is something."""
    if not path.exists():
        sys.exit(f"{path} is absent: see CONTRIBUTING.md, Corpora")
    return path
