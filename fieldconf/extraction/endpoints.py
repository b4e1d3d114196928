"""Endpoints: the calls of an OpenAI-compatible client, as data.

In:    an input and instructions.
Out:   the arguments of the client's own call.
Never: a provider's name, a request sent.
Why:   Chat Completions, Responses and Decisions take the same in different forms.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from fieldconf.errors import RequestError
from fieldconf.extraction.inputs import Image, Input, is_messages, parts_of
from fieldconf.providers import forms
from fieldconf.providers.forms import Ask
from fieldconf.requests.request import INSTRUCTIONS


@dataclass(frozen=True, slots=True)
class Api:
    """One call of a client.

    Attributes:
        title: its name for people.
        steps: the attributes that lead from the client to the call.
        asks: the forms of a request that this call takes.
        ask: from an input and instructions to arguments.
        has_seed: whether it takes a seed.
        has_stream: whether it can stream.
        since: the first openai package that has the call with these arguments.
    """

    title: str
    steps: tuple[str, ...]
    asks: frozenset[Ask]
    ask: Callable[[Input, str | None], dict[str, Any]]
    has_seed: bool = True
    has_stream: bool = True
    since: str = "openai>=1.40"

    def create(self, client: Any, arguments: Mapping[str, Any]) -> Any:
        """What the client's call gives.

        Raises:
            RequestError: if the client has no such call, or it takes no such argument.
        """
        if arguments.get("stream") and not self.has_stream:
            raise RequestError(
                f"{self.title} cannot be streamed", remedy="Use extract, and no stop_when= rule"
            )
        name = ".".join(self.steps)
        try:
            call: Callable[..., Any] = reduce(getattr, self.steps, client)
        except AttributeError as error:
            raise RequestError(
                f"the client has no {name}",
                remedy=f"Give an openai.OpenAI ({self.since}) or another client with the same "
                "face; or call yours with fc.request(...) and give the response to fc.score",
            ) from error
        try:
            return call(**arguments)
        except TypeError as error:
            if "unexpected keyword argument" not in str(error):
                raise
            raise RequestError(
                f"the client's {name} does not take this: {error}",
                remedy="Check the names in request_options=; "
                f"the client must not be older than {self.since}",
            ) from error


def _chat(input: Input, instructions: str | None) -> dict[str, Any]:
    system = [{"role": "system", "content": instructions}] if instructions else []
    if is_messages(input):
        return {"messages": [*system, *list(input)]}  # pyright: ignore[reportArgumentType]
    content = _content(input, _chat_part)
    first = system or [{"role": "system", "content": INSTRUCTIONS}]
    return {"messages": [*first, {"role": "user", "content": content}]}


def _responses(input: Input, instructions: str | None) -> dict[str, Any]:
    instruction_arguments = {"instructions": instructions} if instructions else {}
    if is_messages(input):
        return {"input": list(input), **instruction_arguments}  # pyright: ignore[reportArgumentType]
    content = _content(input, _responses_part)
    message = content if isinstance(content, str) else [{"role": "user", "content": content}]
    return {"input": message, "instructions": instructions or INSTRUCTIONS}


def _decisions(input: Input, instructions: str | None) -> dict[str, Any]:
    """There are no default instructions: the questions say what to do."""
    developer = [{"role": "developer", "content": instructions}] if instructions else []
    if is_messages(input):
        return {"input": [*developer, *list(input)]}  # pyright: ignore[reportArgumentType]
    content = _content(input, _responses_part)
    if isinstance(content, str) and not developer:
        return {"input": content}
    return {"input": [*developer, {"role": "user", "content": content}]}


def _content(input: Input, write: Callable[[str | Image], dict[str, Any]]) -> str | list[Any]:
    """A text as it is; else the parts in the API's words."""
    if isinstance(input, str):
        return input
    return [write(part) if isinstance(part, (str, Image)) else part for part in parts_of(input)]


def _chat_part(part: str | Image) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    detail = {"detail": part.detail} if part.detail else {}
    return {"type": "image_url", "image_url": {"url": part.url, **detail}}


def _responses_part(part: str | Image) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "input_text", "text": part}
    return {"type": "input_image", "image_url": part.url, "detail": part.detail or "auto"}


CHAT = Api(
    "Chat Completions",
    ("chat", "completions", "create"),
    frozenset(
        {forms.chat, forms.chat_counted, forms.chat_json, forms.chat_json_with_schema,
         forms.chat_unconstrained, forms.bare_chat, forms.bare_chat_json,
         forms.bare_chat_unconstrained}
    ),
    _chat,
)  # fmt: skip
RESPONSES = Api(
    "Responses",
    ("responses", "create"),
    frozenset({forms.responses, forms.bare_responses}),
    _responses,
    has_seed=False,
    since="openai>=1.92",
)
DECISIONS = Api(
    "Decisions",
    ("decisions", "create"),
    frozenset({forms.decisions}),
    _decisions,
    has_seed=False,
    has_stream=False,
    since="openai>=3.54",
)
APIS = (CHAT, RESPONSES, DECISIONS)
