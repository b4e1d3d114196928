"""The pytest plugin: fakes as fixtures, closed at the end of the test.

In:    the answers of a test.
Out:   fixtures ``fieldconf_client``, ``fieldconf_async_client``, ``fieldconf_server``.
Never: an import of a client, or of the scorer, before a test asks for a fixture.
Why:   every run of pytest loads it if this library is installed.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fieldconf.testing.clients import AsyncFakeClient, FakeClient
    from fieldconf.testing.fake_server import FakeServer


@pytest.fixture
def fieldconf_client() -> "Iterator[Callable[..., FakeClient]]":
    """Make a fake client: ``fieldconf_client(Answer(...), ...)``; it is closed with the test."""
    from fieldconf.testing.clients import FakeClient  # noqa: PLC0415

    with ExitStack() as stack:
        yield lambda *answers, **options: stack.enter_context(FakeClient(*answers, **options))


@pytest.fixture
def fieldconf_async_client() -> "Callable[..., AsyncFakeClient]":
    """Make a fake client for asynchronous code; it holds nothing that must be closed."""
    from fieldconf.testing.clients import AsyncFakeClient  # noqa: PLC0415

    return AsyncFakeClient


@pytest.fixture
def fieldconf_server() -> "Iterator[Callable[..., FakeServer]]":
    """Start a fake server: ``fieldconf_server(Answer(...), ...)``; it ends with the test."""
    from fieldconf.testing.fake_server import FakeServer  # noqa: PLC0415

    with ExitStack() as stack:
        yield lambda *answers, **options: stack.enter_context(FakeServer(*answers, **options))
