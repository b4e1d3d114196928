"""Extraction: ask a model for a schema's fields, and score what it answers.

In:    a schema, a text or messages, and a client with the face of ``openai.OpenAI``.
Out:   a ``Report``, or its fields one by one while the answer arrives.
Never: our own HTTP, retries or timeouts: those are the client's. A request that fails is a
       ``RequestError``, whatever the client raised.
Why:   this is the whole loop for those who have no code of their own around the model yet.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, overload

from fieldconf.asking import our_errors
from fieldconf.errors import RequestError
from fieldconf.matching import Match
from fieldconf.providers.table import PROVIDERS
from fieldconf.report import Field, Report
from fieldconf.requesting import Defaults, parameters
from fieldconf.schema import Schema, compile_schema
from fieldconf.scoring import score_completion
from fieldconf.settling import Settle
from fieldconf.streaming import LiveScorer
from fieldconf.tokens import Mask
from fieldconf.wire import completions

T = TypeVar("T")


@overload
def extract(
    schema: type[T], text: str | Sequence[Mapping[str, Any]], *, client: Any,
    model: str | None = None, instructions: str | None = None, top_logprobs: int | None = None,
    mask: Mask | None = None, match: Match = "exact", settle: Settle | bool = False,
    options: Mapping[str, Any] | None = None,
) -> Report[T]: ...  # fmt: skip
@overload
def extract(
    schema: Any, text: str | Sequence[Mapping[str, Any]], *, client: Any,
    model: str | None = None, instructions: str | None = None, top_logprobs: int | None = None,
    mask: Mask | None = None, match: Match = "exact", settle: Settle | bool = False,
    options: Mapping[str, Any] | None = None,
) -> Report[Any]: ...  # fmt: skip
def extract(  # noqa: PLR0913  # options of a request, by keyword
    schema: Any,
    text: str | Sequence[Mapping[str, Any]],
    *,
    client: Any,
    model: str | None = None,
    instructions: str | None = None,
    top_logprobs: int | None = None,
    mask: Mask | None = None,
    match: Match = "exact",
    settle: Settle | bool = False,
    options: Mapping[str, Any] | None = None,
) -> Report[Any]:
    """Ask a model for the fields of a schema, and say how sure it was of each.

    Args:
        schema: a pydantic model (or any type pydantic understands) or a JSON Schema.
        text: the text to read, or chat messages in the client's own format.
        client: an ``openai.OpenAI`` (any base_url) or what ``fc.local()`` gives.
        model: the model's name; a client with only one needs none.
        instructions: the system message, where ``text`` is a text.
        top_logprobs: how many candidates to list for each token.
        mask: where the server's logprobs stand ("pre", "post"), if you know.
        match: how the answer's strings are matched with the members of an enum, see ``score``.
        settle: ask the server for what the answer's own logprobs leave open: True, or a
            ``Settle`` that says how far. The embedded model can be asked; for others give a probe.
        options: further arguments of ``client.chat.completions.create``.

    Raises:
        RequestError: if the request failed.
        SchemaError: if the schema is no schema.
    """
    compiled = compile_schema(schema)
    question = _Question(text, client, model, instructions, top_logprobs, options or {})
    arguments, defaults = question.arguments(compiled)
    compiled = defaults.read(compiled)
    asking = _settle(client, arguments, defaults, wanted=settle)
    with our_errors(client):
        response = client.chat.completions.create(**arguments)
    return score_completion(
        completions(response)[0], compiled, mask=mask or defaults.mask, layout=defaults.layout,
        match=match, settle=asking,
    )  # fmt: skip


@overload
def stream(
    schema: type[T], text: str | Sequence[Mapping[str, Any]], *, client: Any,
    model: str | None = None, instructions: str | None = None, top_logprobs: int | None = None,
    mask: Mask | None = None, match: Match = "exact", settle: Settle | bool = False,
    options: Mapping[str, Any] | None = None,
) -> "FieldStream[T]": ...  # fmt: skip
@overload
def stream(
    schema: Any, text: str | Sequence[Mapping[str, Any]], *, client: Any,
    model: str | None = None, instructions: str | None = None, top_logprobs: int | None = None,
    mask: Mask | None = None, match: Match = "exact", settle: Settle | bool = False,
    options: Mapping[str, Any] | None = None,
) -> "FieldStream[Any]": ...  # fmt: skip
def stream(  # noqa: PLR0913  # options of a request, by keyword
    schema: Any,
    text: str | Sequence[Mapping[str, Any]],
    *,
    client: Any,
    model: str | None = None,
    instructions: str | None = None,
    top_logprobs: int | None = None,
    mask: Mask | None = None,
    match: Match = "exact",
    settle: Settle | bool = False,
    options: Mapping[str, Any] | None = None,
) -> "FieldStream[Any]":
    """As ``extract``, but gives each field the moment its value closes.

    Iterate over what it returns; its ``report`` is the same as that of the whole response. Fields
    are settled in the report only: the server cannot be asked while it answers.

    Raises:
        RequestError: if the request failed; midway, it carries the ``report`` so far.
        SchemaError: if the schema is no schema.
    """
    compiled = compile_schema(schema)
    question = _Question(text, client, model, instructions, top_logprobs, options or {})
    arguments, defaults = question.arguments(compiled)
    compiled = defaults.read(compiled)
    asking = _settle(client, arguments, defaults, wanted=settle)
    with our_errors(client):
        chunks = client.chat.completions.create(**arguments, stream=True)
    scorer = LiveScorer(
        compiled, mask=mask or defaults.mask, layout=defaults.layout,
        match=match, settle=asking,
    )  # fmt: skip
    return FieldStream(chunks, scorer, client)


class FieldStream(Generic[T]):
    """Fields as they close. Made by ``stream``.

    Leaving it early (``close``, or the end of a ``with`` block) closes the connection; ``report``
    is then that of what has arrived.
    """

    def __init__(self, chunks: Iterable[Any], scorer: LiveScorer, client: Any) -> None:
        self._chunks = chunks
        self._scorer = scorer
        self._client = client
        self._fields = self._read()
        self._report: Report[T] | None = None

    def __iter__(self) -> Iterator[Field]:
        return self._fields

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def report(self) -> Report[T]:
        """The report; reads the rest of the stream first."""
        for _ in self._fields:
            pass
        if self._report is None:
            self._report = self._scorer.finish()
        return self._report

    def close(self) -> None:
        """Stop reading and close the connection."""
        self._fields.close()
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()

    def _read(self) -> Generator[Field]:
        try:
            with our_errors(self._client):
                for chunk in self._chunks:
                    yield from self._scorer.feed(chunk)
        except RequestError as error:
            error.report = self._scorer.finish()
            raise


def _settle(
    client: Any, arguments: Mapping[str, Any], defaults: Defaults, *, wanted: Settle | bool
) -> Settle | None:
    """What is wanted, with the probe and the prompt of this request."""
    if wanted is False:
        return None
    made = Settle() if wanted is True else wanted
    if made.probe is None:
        if defaults.make_probe is None:
            raise RequestError(
                "settling: it is not known how to ask this server for next-token logprobs",
                remedy="Give Settle(probe=...), see fieldconf.probes",
            )
        made = replace(made, probe=defaults.make_probe(client))
    return made if made.prompt is not None else replace(made, prompt=arguments["messages"])


# -- the request --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Question:
    """What the caller said, before the client's defaults."""

    text: str | Sequence[Mapping[str, Any]]
    client: Any
    model: str | None
    instructions: str | None
    top_logprobs: int | None
    options: Mapping[str, Any]

    def arguments(self, schema: Schema) -> tuple[dict[str, Any], Defaults]:
        """The arguments of ``client.chat.completions.create``, and the defaults they hold."""
        defaults: Defaults = getattr(self.client, "fieldconf_defaults", None) or Defaults()
        row = PROVIDERS["openai"]  # the face of the client; the cap is its server's
        standing = dict(defaults.options)
        listed = standing.pop("top_logprobs", row.default)
        if self.top_logprobs is not None:
            listed = self.top_logprobs
        made = parameters(row, schema, listed, defaults.make_schema)
        named = {"model": self.model} if self.model else {}
        arguments = standing | made | named | {"messages": self._messages(made, defaults)}
        arguments |= self.options
        if "model" not in arguments:
            raise RequestError("no model was named", remedy="Give model='...'")
        return arguments, defaults

    def _messages(self, made: dict[str, Any], defaults: Defaults) -> list[Any]:
        if not isinstance(self.text, str):
            return list(self.text)
        sent = made["response_format"]["json_schema"]["schema"]
        return defaults.make_messages(sent, self.text, self.instructions)
