"""Fixtures that more than one file asks for."""

import importlib.util
from collections.abc import Iterator

import pytest

from fieldconf.local import LocalClient, local
from fieldconf.local_weights import find_weights


@pytest.fixture(scope="session")
def local_client() -> Iterator[LocalClient]:
    """One embedded model for the whole session; slow to start, never changed by a test."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip('the embedded runtime is missing: pip install "fieldconf[local]"')
    if find_weights() is None:
        pytest.skip("the embedded model's weights are missing: fieldconf local fetch")
    with local() as client:
        yield client
