"""Fixtures that more than one file asks for."""

import importlib.util
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from fieldconf.embedded import local
from fieldconf.embedded.client import LocalClient
from fieldconf.embedded.weights import find_weights

# A loaded machine must not fail a law: nothing is timed, and the first text strategy in a fresh
# clone takes seconds to build its table of characters.
CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

# The gate draws the same examples each time, so that a change fails for what it did itself;
# ``make search`` draws new ones (``--hypothesis-profile=search``). ``make quick``, for daily work,
# draws FEW of each law (``--hypothesis-profile=fast``).
FEW = 10
settings.register_profile("gate", derandomize=True, **CALM)
settings.register_profile("search", derandomize=False, **CALM)
settings.register_profile("fast", derandomize=True, max_examples=FEW, **CALM)
settings.load_profile("gate")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the fast profile, lower the number of examples of laws that set their own, too."""
    if config.getoption("--hypothesis-profile") != "fast":
        return
    for item in items:
        test = getattr(item, "function", None)
        own = getattr(test, "_hypothesis_internal_use_settings", None)
        if own is not None and own.max_examples > FEW:
            test._hypothesis_internal_use_settings = settings(own, max_examples=FEW)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what reads a corpus, before any fixture of the test does, where the corpus is absent."""
    for mark in item.iter_markers("corpora"):
        for path in mark.args:
            if not path.exists():
                pytest.skip(f"{path} is absent: see CONTRIBUTING.md, Corpora")


@pytest.fixture(scope="session")
def local_client() -> Iterator[LocalClient]:
    """One embedded model for the whole session; slow to start, never changed by a test."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip('the embedded runtime is missing: pip install "fieldconf[local]"')
    if find_weights() is None:
        pytest.skip("the embedded model's weights are missing: fieldconf local fetch")
    with local() as client:
        yield client
