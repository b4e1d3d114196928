"""Page: how large pages of many reports are, and how soon they can be used.

python bench/page.py [REPORTS] [FIELDS]

Writes a page of so many reports with so many fields each, opens it in headless Chromium, and prints
the time from the start of the navigation until the script has run and a frame was painted, and how
long the renderer's process has used a processor by then, from its start; then the time from a click
on a row to the painted report, and of the filter. It needs Chromium and the
packages of ``make .venv/browser/.ready``.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "tests")]

import environment  # noqa: E402
from builders import report_of, token  # noqa: E402
from watching import ARGUMENTS  # noqa: E402

import fieldconf as fc  # noqa: E402
from fieldconf.viewing.many_page import ManyPage  # noqa: E402
from fieldconf.viewing.overview import overview_of  # noqa: E402

RUNS = 5
NAMES = ("interactive", "  of the processor's time", "open a report", "filter")
PAINTED = (
    "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
)


def reports_of(count, fields):
    """Reports with so many fields each; every tenth value is doubtful, each has four rivals."""
    names = [f"field_{n}" for n in range(fields)]
    reports, texts = {}, {}
    for number in range(count):
        tokens = []
        for place, name in enumerate(names):
            sure = 0.6 if (number + place) % 10 == 0 else 0.01
            rivals = [
                (f"value {number} {place}", -sure),
                *((f"other {n}", -3.0 - n) for n in range(4)),
            ]
            tokens += [
                f'{"," if place else "{"}"{name}":"',
                token(rivals[0][0], -sure, rivals),
                '"',
            ]
        document = f"document {number:04}"
        reports[document] = report_of(*tokens, "}")
        texts[document] = " ".join(f"{name} is value {number} {p}." for p, name in enumerate(names))
    return reports, texts


def measured(page, address):
    """(interactive, its time on the processor, opened, filtered), in milliseconds."""
    page.goto("about:blank")
    page.goto(address)
    interactive = page.evaluate(PAINTED)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    busy = 1000 * metrics["ProcessTime"]
    start = page.evaluate("performance.now()")
    page.evaluate("document.querySelector('#table tbody a').click()")
    opened = page.evaluate(PAINTED) - start
    page.goto(address.split("#")[0])
    page.evaluate("location.hash = ''")
    start = page.evaluate("performance.now()")
    page.evaluate(
        "const box = document.querySelector('.filters input'); box.value = 'document 00';"
        "box.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    return interactive, busy, opened, page.evaluate(PAINTED) - start


def main(count=500, fields=10):
    from playwright.sync_api import sync_playwright

    reports, texts = reports_of(count, fields)
    folder = Path(tempfile.mkdtemp())
    empty = len(ManyPage("", (), overview_of([], [])).whole(tokens=False).encode())
    start = time.perf_counter()
    path = fc.view(reports, folder / "page.html", texts=texts)
    written = time.perf_counter() - start
    print(f"{count} reports, {count * fields:,} fields: {path.stat().st_size / 1e6:.1f} MB in one "
          f"file, written in {written:.1f} s; an empty page has {empty / 1000:.1f} kB")  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=environment.chromium(), args=ARGUMENTS)
        runs = [
            measured(browser.new_page(viewport={"width": 1400, "height": 900}), path.as_uri())
            for _ in range(RUNS)
        ]
        browser.close()
    for name, *times in zip(NAMES, *runs, strict=True):
        middle = statistics.median(times)
        print(f"{name}: {middle:.0f} ms ({RUNS} runs: {min(times):.0f} to {max(times):.0f})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
