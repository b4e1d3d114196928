"""Take docs/pictures/page-*.png: the pages of reports in a browser.

In:    `data/messages.jsonl`, invented messages with the answers of the embedded model; an invented
       invoice; Chromium and the packages of `make .venv/browser/.ready`.
Out:   a picture each of: the page of many reports, one report, review; light and dark.
Never: a picture of another page than the one that the library writes.
Why:   people look before they read.

    python docs/generate_screenshots.py
"""

import json
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from pydantic import BaseModel

import fieldconf as fc

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tests" / "browser"))
from environment import chromium  # noqa: E402
from orders import TEXT, invoice  # noqa: E402
from watching import ARGUMENTS  # noqa: E402

FOLDER = HERE / "pictures"
COLOURS = 96  # of a picture: enough for flat areas and letters


class Message(BaseModel):
    """What the desk wants to know of a message."""

    urgent: bool
    team: Literal["billing", "technical", "sales"]


def pages(folder: Path) -> Path:
    """Write the pages."""
    rows = [json.loads(line) for line in (HERE / "data/messages.jsonl").read_text().splitlines()]
    reports = {row["document"]: fc.score(row["response"], Message) for row in rows}
    texts = {row["document"]: row["text"] for row in rows}
    labels = fc.labels([{"document": row["document"], "value": row["value"]} for row in rows])
    return fc.view(
        reports, folder / "many.html", texts=texts, labels=labels, title="Messages to the desk"
    )


def shot(page: Page, name: str) -> None:
    """Take the picture of a page, with few colours."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS).save(FOLDER / f"page-{name}.png", optimize=True)


def main() -> None:
    """Take the pictures."""
    folder = Path(tempfile.mkdtemp())
    many = pages(folder).as_uri()
    letter = invoice().to_html(folder / "one.html", source=TEXT).as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)

        def opened(address: str, scheme: Literal["light", "dark"], height: int) -> Page:
            page = browser.new_page(viewport={"width": 1280, "height": height}, color_scheme=scheme)
            page.goto(address)
            return page

        shot(opened(many, "light", 820), "many")
        page = opened(many, "dark", 560)
        page.keyboard.press("r")
        page.wait_for_selector(".asked")
        for key in "11214":
            page.keyboard.press(key)
        page.wait_for_selector("text=Review: 5 done")
        shot(page, "review")
        page = opened(letter, "light", 820)
        page.click("summary:has-text('count') >> nth=0")
        page.evaluate("scrollTo(0, 0)")
        shot(page, "report")
        browser.close()


if __name__ == "__main__":
    main()
