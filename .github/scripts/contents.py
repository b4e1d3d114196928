"""Contents: what must be in a release, and what must not.

In:    the folder of the wheel and the sdist, and the tag of the release.
Out:   a line for each, or an exit with all that is wrong.
Never: a change to the files.
Why:   a wheel without ``py.typed``, or with the tests, is found only by its users.
"""

import sys
import tarfile
import zipfile
from pathlib import Path

WHEEL_NEEDS = (
    "fieldconf/__init__.py", "fieldconf/py.typed", "fieldconf/page/page.css",
    "fieldconf/page/page.js", "fieldconf/page/templates/page.html",
)  # fmt: skip
SDIST_NEEDS = (
    "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
    "Makefile", "mkdocs.yml", "fieldconf/__init__.py", "fieldconf/py.typed", "tests/conftest.py",
    "examples/ticket.py", "docs/guide.md", "bench/run.py",
)  # fmt: skip
MOST_BYTES = 10_000_000  # an index takes more; a corpus that came in by mistake is larger


def wheel_problems(path: Path, version: str) -> list[str]:
    """What is wrong with a wheel."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        infos = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(infos[0]).decode() if infos else ""
    outside = [
        n for n in names if not n.startswith(("fieldconf/", f"fieldconf-{version}.dist-info/"))
    ]
    problems = [f"{path.name} lacks {name}" for name in WHEEL_NEEDS if name not in names]
    problems += [f"{path.name} contains {name}" for name in outside]
    if f"\nVersion: {version}\n" not in metadata:
        problems.append(f"{path.name} is not of version {version}")
    if not any(name.endswith("licenses/LICENSE") for name in names):
        problems.append(f"{path.name} lacks the licence")
    if ".invalid" in metadata.partition("\n\n")[0]:
        problems.append(f"{path.name} has the placeholder in place of the project's address")
    return problems


def sdist_problems(path: Path, version: str) -> list[str]:
    """What is wrong with a source distribution."""
    with tarfile.open(path) as archive:
        names = {*archive.getnames()}
    needs = [f"fieldconf-{version}/{name}" for name in SDIST_NEEDS]
    return [f"{path.name} lacks {name}" for name in needs if name not in names]


def main(folder: str, tag: str) -> None:
    """Check both; exit with the problems."""
    version = tag.removeprefix("v")
    wheels, sdists = sorted(Path(folder).glob("*.whl")), sorted(Path(folder).glob("*.tar.gz"))
    problems = [p for path in wheels for p in wheel_problems(path, version)]
    problems += [p for path in sdists for p in sdist_problems(path, version)]
    problems += [
        f"{path.name} has {path.stat().st_size:,} bytes"
        for path in (*wheels, *sdists) if path.stat().st_size > MOST_BYTES
    ]  # fmt: skip
    if len(wheels) != 1 or len(sdists) != 1:
        problems.append(f"{folder} has {len(wheels)} wheels and {len(sdists)} sdists, not 1 and 1")
    if problems:
        sys.exit("\n".join(problems))
    for path in (*wheels, *sdists):
        sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
