"""Engines of clusters, each on this machine alone."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "examples"))
