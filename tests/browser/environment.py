"""Environment: whether the browser tests can run here, and with what.

In:    the Chromium on the machine; what ``make .venv/browser/.ready`` installed.
Out:   the paths of Chromium and of the Node packages; or a sentence that says what is missing.
Never: a download.
Why:   most machines that run the other tests have no browser.
"""

import importlib.util
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NODE_PACKAGES = ROOT / ".venv" / "browser" / "node_modules"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium():
    """The path of Chromium; None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def missing():
    """What is missing, in a sentence; None if the tests can run."""
    if chromium() is None:
        return "Chromium is not installed (on Debian: apt-get install chromium)"
    if shutil.which("node") is None:
        return "Node is not installed"
    if not (NODE_PACKAGES / "axe-core").is_dir() or importlib.util.find_spec("playwright") is None:
        return "their packages are not installed (make .venv/browser/.ready)"
    return None


if __name__ == "__main__":
    reason = missing()
    if reason is not None:
        sys.exit(f"browser tests: skipped, {reason}")
