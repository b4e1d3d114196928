"""Watching: pages in headless Chromium that must fetch nothing, and break nothing.

In:    a page, in a context of the browser.
Out:   failures: a request beyond the page itself, a dialog, an error on the console, an exception.
Never: a request beyond loopback.
Why:   a page from a mail attachment shows what a stranger wrote.
"""

from contextlib import contextmanager

import environment

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-sync", "--disable-background-networking", "--disable-component-update",
    "--disable-dev-shm-usage",
]  # fmt: skip
WIDTHS = (400, 800, 1400)  # pixels: a telephone, half a screen, a screen
AXE = environment.NODE_PACKAGES / "axe-core" / "axe.min.js"


@contextmanager
def watched(context, allowed=""):
    """A page of a context; what it must not do is looked for when the block ends.

    ``allowed`` is the address below which it may fetch; by default nothing but itself.
    """
    page, problems = context.new_page(), []
    page.set_default_timeout(20_000)

    def on_request(request):
        is_itself = request.is_navigation_request() and request.frame == page.main_frame
        is_ours = is_itself and request.url.startswith(("file:", "about:"))
        if not is_ours and not (allowed and request.url.startswith(allowed)):
            problems.append(f"fetched {request.url[:200]}")

    def on_dialog(dialog):
        problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("request", on_request)
    page.on("dialog", on_dialog)
    page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
    page.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    page.on("popup", lambda popup: problems.append(f"opened {popup.url}"))
    yield page
    assert problems == [], problems


def serious_findings(page):
    """What axe-core calls serious or critical: (rule, first element, help) of each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        (each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"][:300])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def overflow(page):
    """How many pixels the page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
