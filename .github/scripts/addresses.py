"""Addresses: what a release says of where the project lives.

In:    the repository's address, and the tag of the release.
Out:   in this checkout, ``pyproject.toml`` with the address in place of the placeholder, and
       ``README.md`` with links that work outside of the repository.
Never: an address in the sources: a checkout does not know where it will be hosted.
Why:   the page of a release shows the README and the links, but not the files beside it.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACEHOLDER = "https://repository.invalid"


def main(address: str, tag: str, root: Path = ROOT) -> None:
    """Write both files."""
    pyproject, readme = root / "pyproject.toml", root / "README.md"
    text = pyproject.read_text(encoding="utf-8")
    if PLACEHOLDER not in text:
        sys.exit(f"pyproject.toml does not contain {PLACEHOLDER}: where is the project's address?")
    pyproject.write_text(text.replace(PLACEHOLDER, address.rstrip("/")), encoding="utf-8")
    text = readme.read_text(encoding="utf-8")
    links = re.sub(r"\]\((?![a-z]+:|#)", f"]({address.rstrip('/')}/blob/{tag}/", text)
    readme.write_text(links, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
