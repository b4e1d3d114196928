"""Each fixture is listed; what is not written here has its origin and licence beside it."""

from builders import FIXTURES
from wire_samples import INDEX, PAYLOADS, RECORDED, RECORDINGS

LARGEST = 500_000  # bytes; what is larger is kept as .gz


def rows_of(page):
    """The cells of each row of a page's table: name, and the rest."""
    lines = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| `")]
    return {name.strip(" `"): [*rest] for _, name, *rest, _ in (line.split("|") for line in lines)}


def test_every_payload_is_in_the_index():
    assert {f"{name}.json" for name in [*INDEX, "INDEX"]} == {
        file.name for file in PAYLOADS.glob("*.json")
    }


def test_every_recording_has_an_origin_and_a_licence():
    rows = rows_of(RECORDED / "README.md")
    assert sorted(rows) == RECORDINGS
    for name, (origin, licence) in rows.items():
        assert origin.strip(), name
        assert licence.strip(), name


def test_a_foreign_recording_has_its_licence_beside_it():
    rows = rows_of(RECORDED / "README.md")
    foreign = {name for name, (origin, _) in rows.items() if "for this project" not in origin}
    licences = {file.with_suffix(".json").name for file in RECORDED.glob("*.LICENSE")}
    assert foreign == licences


def test_fixtures_are_small():
    assert not [file for file in FIXTURES.rglob("*") if file.stat().st_size > LARGEST]
