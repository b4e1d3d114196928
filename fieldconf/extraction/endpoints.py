"""APIs: the ways to ask an OpenAI-compatible server, as data.

In:    what to read, and instructions.
Out:   the arguments of the client's own call.
Never: a provider's name, a request sent.
Why:   Chat Completions, Responses and Decisions say the same in other words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from fieldconf.errors import RequestError
from fieldconf.extraction.inputs import Image, Input, Part, is_messages, parts_of
from fieldconf.providers import forms
from fieldconf.providers.forms import Ask
from fieldconf.requests.request import INSTRUCTIONS


@dataclass(frozen=True, slots=True)
class Api:
    """One call of a client.

    Attributes:
        title: its name for people.
        steps: the attributes that lead from the client to the call.
        asks: the forms of a request that are for this call.
        ask: from what to read and instructions to arguments.
        has_seed: whether there is a seed.
        has_stream: whether an answer can be streamed.
        since: the openai package in which the call takes what it is given.
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
    content = _content(input, _CHAT_PARTS)
    first = system or [{"role": "system", "content": INSTRUCTIONS}]
    return {"messages": [*first, {"role": "user", "content": content}]}


def _responses(input: Input, instructions: str | None) -> dict[str, Any]:
    instruction_arguments = {"instructions": instructions} if instructions else {}
    if is_messages(input):
        return {"input": list(input), **instruction_arguments}  # pyright: ignore[reportArgumentType]
    content = _content(input, _RESPONSES_PARTS)
    message = content if isinstance(content, str) else [{"role": "user", "content": content}]
    return {"input": message, "instructions": instructions or INSTRUCTIONS}


def _decisions(input: Input, instructions: str | None) -> dict[str, Any]:
    """The questions say what to do: there are no instructions unless somebody gives some."""
    developer = [{"role": "developer", "content": instructions}] if instructions else []
    if is_messages(input):
        return {"input": [*developer, *list(input)]}  # pyright: ignore[reportArgumentType]
    content = _content(input, _RESPONSES_PARTS)
    if isinstance(content, str) and not developer:
        return {"input": content}
    return {"input": [*developer, {"role": "user", "content": content}]}


Write = Mapping[type, Callable[[Any], dict[str, Any]]]


def _content(input: Input, write: Write) -> str | list[Any]:
    """A text as it is; else the parts in the API's words."""
    if isinstance(input, str):
        return input
    return [_written(part, write) for part in parts_of(input)]


def _written(part: Part, write: Write) -> Any:
    return write[type(part)](part) if type(part) in write else part


def _chat_image(image: Image) -> dict[str, Any]:
    detail = {"detail": image.detail} if image.detail else {}
    return {"type": "image_url", "image_url": {"url": image.url, **detail}}


def _responses_image(image: Image) -> dict[str, Any]:
    return {"type": "input_image", "image_url": image.url, "detail": image.detail or "auto"}


_CHAT_PARTS: Write = {str: lambda text: {"type": "text", "text": text}, Image: _chat_image}
_RESPONSES_PARTS: Write = {
    str: lambda text: {"type": "input_text", "text": text},
    Image: _responses_image,
}

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
