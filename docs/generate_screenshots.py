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
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

import fieldconf as fc

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tests" / "browser"))
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


def main() -> None:
    """Take the pictures."""
    from environment import chromium
    from playwright.sync_api import Page, sync_playwright
    from watching import ARGUMENTS

    def shot(page: Page, name: str, **options: Any) -> None:
        from io import BytesIO

        from PIL import Image

        picture = Image.open(BytesIO(page.screenshot(**options))).convert("RGB")
        picture.quantize(COLOURS).save(FOLDER / f"page-{name}.png", optimize=True)

    folder = Path(tempfile.mkdtemp())
    many = pages(folder).as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)

        def opened(address: str, scheme: Literal["light", "dark"], height: int = 820) -> Page:
            page = browser.new_page(
                viewport={"width": 1280, "height": height}, color_scheme=scheme
            )
            page.goto(address)
            return page

        shot(opened(many, "light"), "many")
        page = opened(many, "dark", height=560)
        page.keyboard.press("r")
        page.wait_for_selector(".asked")
        for key in "11214":
            page.keyboard.press(key)
        page.wait_for_selector("text=Review: 5 done")
        shot(page, "review")
        browser.close()


if __name__ == "__main__":
    main()
