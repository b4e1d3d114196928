"""Fixtures: a browser, and pages in it. Without one, the tests of this folder are not collected."""

from pathlib import Path

import environment
import pytest
from watching import ARGUMENTS, watched

reason = environment.missing()
if reason is not None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests of a process; each page has a profile of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=environment.chromium(), args=ARGUMENTS, timeout=60_000
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, tmp_path):
    """Open a page: ``visit(HTML text or path, width=1400, **options of the context)``."""
    opened = []

    def visit(source, *, width=1400, **options):
        path = source
        if isinstance(source, str):
            path = tmp_path / f"page {len(opened)}.html"
            path.write_bytes(source.encode())
        size = {"width": width, "height": 900}
        context = chromium.new_context(viewport=size, accept_downloads=True, **options)
        block = watched(context)
        page = block.__enter__()
        opened.append((context, block))
        page.goto(Path(path).absolute().as_uri())
        return page

    yield visit
    try:
        for _, block in opened:
            block.__exit__(None, None, None)
    finally:
        for context, _ in opened:
            context.close()
