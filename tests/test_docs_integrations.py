"""What the page on integrations says is so, with the real frameworks."""

import pytest
from pages import prints_what_it_says

from fieldconf.testing import Answer, FakeServer


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the page leaves its clients open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the same
def test_the_python_of_integrations(capsys, monkeypatch):
    for package in ("langchain_openai", "pydantic_ai", "pydantic_evals"):
        pytest.importorskip(
            package, reason=f"{package} is missing: pip install -e . --group clients"
        )
    value = {"urgent": True, "team": "billing"}
    with FakeServer(Answer(value, confidences={"urgent": 0.95, "team": 0.6})) as running:
        for name, setting in {
            "OPENAI_BASE_URL": running.base_url, "OPENAI_API_KEY": "key",
            "LANGSMITH_TRACING": "false", "NO_PROXY": "127.0.0.1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, setting)
        assert prints_what_it_says("docs/integrations.md", capsys) == 5
