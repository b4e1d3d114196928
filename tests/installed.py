"""What older versions of the dependencies do otherwise, or do not have yet.

``make lowest`` runs the tests with the lowest versions that ``pyproject.toml`` allows. A test of
what such a version cannot do is skipped and says from when on it can; what it merely spells in
another way is spelled here.
"""

import importlib.util
import inspect
from functools import partial

import click.testing
import openai
import pytest


def _asks_responses_for_logprobs():
    if importlib.util.find_spec("openai.types.responses") is None:
        return False
    from openai.resources.responses import Responses

    return "top_logprobs" in inspect.signature(Responses.create).parameters


needs_responses = pytest.mark.skipif(
    not _asks_responses_for_logprobs(),
    reason=f"openai {openai.__version__} cannot ask the Responses API for logprobs: 1.92 can",
)

_APART = {"mix_stderr": False}  # before click 8.2 it must be asked for
_KNOWN = inspect.signature(click.testing.CliRunner).parameters
CliRunner = partial(
    click.testing.CliRunner, **{name: value for name, value in _APART.items() if name in _KNOWN}
)
"""Click's, with ``stderr`` apart from ``stdout``."""


def chat_helpers(client):
    """Where an ``openai.OpenAI`` has ``parse`` and ``stream``: before 1.92 among its betas."""
    plain = client.chat.completions
    return plain if hasattr(plain, "parse") else client.beta.chat.completions


needs_decisions = pytest.mark.skipif(
    not hasattr(openai.OpenAI, "decisions"),
    reason=f"openai {openai.__version__} cannot ask the Decisions API: 3.54 can",
)
