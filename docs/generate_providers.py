"""Write docs/providers.md: how each provider is asked for logprobs, and what they are worth.

The page is made of the table in ``fieldconf/providers/``:

    python docs/generate_providers.py

``tests/test_providers.py`` makes the page again and compares.
"""

from pathlib import Path
from typing import Any

from fieldconf.providers.forms import AnswerForm
from fieldconf.providers.framework_table import FRAMEWORKS, Framework
from fieldconf.providers.models import MODELS
from fieldconf.providers.provider_table import ROWS, Evidence, Provider
from fieldconf.responses.without_logprobs import ROWS as NO_RESPONSES

PAGE = Path(__file__).with_name("providers.md")

HEAD = """\
# Providers

`fc.request(Model, provider="...")` gives the parameters that a provider's own call needs, so that
its answer comes in the schema's form and with logprobs:

```python
response = client.responses.create(
    model="gpt-4o", input=messages, **fc.request(Ticket, provider="openai-responses")
)
report = fc.score(response, Ticket)
```

If the column "call" says `POST`, add the parameters to the JSON of the request. `extra_body` is an
argument of the OpenAI package: in a request of your own, merge its content into the JSON. The
parameters of `openai` also fit the `body` of a line in OpenAI's Batch API.

- **Cap**: the largest allowed number of candidates for each token. The default is 5, or the cap if
  that is lower.
- **Mask**: whether the logprobs are taken "before" or "after" tokens that the schema
  forbids are excluded. Of those that are taken before, the forbidden tokens hold a part. "unknown":
  the provider does not say, or the answer is not held to the schema.
- **Temperature**: whether they are taken before or after the temperature is applied. After it, they
  are the probabilities of the draw, not those of the model.
- **Reading**: how the reading of its answers is tested. *A recording* was sent by that server (for
  llama.cpp the tests also ask the server itself). *Vendor types*: a payload made by hand,
  which the vendor's own package accepts; those of OpenAI, Together, google-genai, Ollama and
  LiteLLM get it from a server in the tests, and what they return is scored as the payload.
  *Documentation*: a payload made by hand, from the vendor's documentation or source.

## With logprobs

"""

WITHOUT = """
## Without logprobs

For these `fc.request` raises `NoLogprobsError`; its `remedy` is the way out.

"""

DIFFERENT = """
## Models that differ

`fc.request(..., model="...")` knows these models. For a model with a way out it raises
`NoLogprobsError`. For the others its parameters turn reasoning off and respect the lower cap.

"""

BETWEEN = """
## Frameworks, files and others

What to pass to `fc.score` if there is a framework between you and the provider, or a file in place
of a provider. The names in the column "lost" are computed again from samples, in the tests:

- **bytes**: a token that is a part of a character has no text, and its field no confidence.
- **candidates**: confidences of free text stay; of an enum or a boolean only bounds are known.
- **model**, **finish reason**: the report does not say them; an answer that ends early is told by
  its JSON.
- **logprobs**: there are none.

"""

INSTEAD = """
## What is not read

These are errors (`fc.PayloadError`) of one line:

"""

TESTED: dict[Evidence, str] = {
    "recording": "tested with a recording",
    "vendor types": "tested with vendor types",
    "documentation": "from documentation only",
}


def table(names: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [names, ["---"] * len(names), *([cell.replace("|", r"\|") for cell in r] for r in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def parameters(row: Provider) -> str:
    """What is sent, less what stands in inner objects."""
    assert row.ask is not None
    made = row.ask(AnswerForm("", {}), row.default) | row.also
    return ", ".join(f"`{key}={_short(value)}`" for key, value in made.items())


def _short(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(_item(key, inside) for key, inside in value.items())
        return f"{{{inner or '…'}}}"
    return "[…]" if value == [] else repr(value)


def _item(key: str, value: Any) -> str:
    is_plain = isinstance(value, (bool, int)) or key in ("type", "response_mime_type")
    return f"{key}: {value!r}" if is_plain else key


def cap(row: Provider) -> str:
    """The cap in words."""
    if row.cap is None:
        return "no limit"
    return str(row.cap) if row.cap else "lists none"


def losses(row: Framework) -> str:
    """What is lost, in words."""
    listed = ", ".join(row.lost)
    words = f"{listed[:1].upper()}{listed[1:]}. {row.also}".strip() if listed else row.also
    return words or "Nothing."


def page() -> str:
    """The whole page."""
    given = [
        [
            f"{row.title} (`{row.key}`)", f"`{row.call}`", parameters(row), row.structured,
            cap(row), row.mask, row.temperature, TESTED[row.evidence], row.note,
        ]
        for row in ROWS if row.ask
    ]  # fmt: skip
    between = [
        [row.title, row.give, losses(row), row.advice, TESTED[row.evidence]] for row in FRAMEWORKS
    ]
    instead = [[row.what, f"{row.remedy}."] for row in NO_RESPONSES]
    none = [
        [f"{row.title} (`{row.key}`)", row.note, f"{row.instead}."] for row in ROWS if not row.ask
    ]
    models = [
        [
            f"`{model.pattern.pattern}`", ", ".join(f"`{key}`" for key in sorted(model.providers)),
            model.says, f"{model.instead}." if model.instead else "",
        ]
        for model in MODELS
    ]  # fmt: skip
    return "".join(
        [
            HEAD, table(["provider", "call", "ask with", "held to the schema by", "cap", "mask",
                         "temperature", "reading", "notes"], given),
            BETWEEN, table(["what", "pass", "lost", "what to do", "reading"], between),
            INSTEAD, table(["what it is", "what to do"], instead),
            WITHOUT, table(["provider", "what it does", "the way out"], none),
            DIFFERENT, table(["name (regular expression)", "at", "what it does", "the way out"],
                             models),
        ]
    )  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
