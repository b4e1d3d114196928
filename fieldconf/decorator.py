"""Decorator: methods of a pydantic model that extract, stream and score it.

In:    a pydantic model, or a label set; its settings.
Out:   the same class (or an equal label set), with ``extract``, ``extract_many``, ``stream``,
       their asynchronous forms, ``score`` and ``request``.
Never: another class, metaclass or schema; a field of the model replaced: a model with a field
       called ``score`` keeps it, and has no method ``score``.
Why:   the client and its settings are chosen once, where a model is declared, not in each call.

The decorator ``confident`` is for every model; the base class ``Confident`` is for models whose
methods type checkers should know. Both may be used together: the decorator gives the settings.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar, Unpack, cast, overload

from pydantic import BaseModel

from fieldconf.calibration.calibrator import Calibrator, CalibratorLike
from fieldconf.distributions.label_matching import Match
from fieldconf.distributions.settling import Settle
from fieldconf.errors import RequestError, SchemaError
from fieldconf.extraction.extract import aextract, astream, extract, stream
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import NAMES, Options, explicit, merged_options
from fieldconf.extraction.streams import AsyncFieldStream, FieldStream
from fieldconf.many.extract_many import ManyOptions, aextract_many, extract_many
from fieldconf.many.input_items import AnyTexts, Texts
from fieldconf.many.task_runner import AsyncResultStream
from fieldconf.many.thread_runner import ResultStream
from fieldconf.policy import Policy, PolicyLike
from fieldconf.report import Report
from fieldconf.requests.request import request
from fieldconf.schema import LabelSet
from fieldconf.scoring.scorer import score
from fieldconf.tokens.token import Mask

M = TypeVar("M", bound=BaseModel)
F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    face = classmethod
else:

    class face(classmethod):  # noqa: N801  # stands for classmethod
        """A class method that is absent where the class has a field of the same name.

        Else pydantic would take the method for the default of that field.
        """

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            """The bound method; an AttributeError where a field has its name."""
            name = self.__func__.__name__
            extra = getattr(instance, "__pydantic_extra__", None) or ()
            if owner is not None and (
                owner is Confident or _is_field(owner, name) or name in extra
            ):
                message = f"{owner.__name__} has no method {name!r}"
                raise AttributeError(message)
            return super().__get__(instance, owner)


def options_of(function: Callable[..., Any]) -> Callable[[F], F]:
    """Show the options of a function in the signature of a method that takes them unnamed."""

    def shown(method: F) -> F:
        signature = inspect.signature(method)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        own_names = {p.name for p in own}
        more = [
            p for name, p in inspect.signature(function).parameters.items()
            if p.kind is p.KEYWORD_ONLY and name not in own_names
        ]  # fmt: skip
        method.__signature__ = signature.replace(parameters=[*own, *more])  # pyright: ignore[reportFunctionMemberAccess]
        return method

    return shown


class Confident(BaseModel):
    """A base class for models with ``extract`` and its other forms; type checkers know them.

    ``Ticket.extract(...).value`` is a ``Ticket`` to pyright and mypy. Settings come from the
    decorator ``confident``, which may stand above the class.

    >>> import fieldconf as fc
    >>> from fieldconf.testing import FakeClient
    >>> class Ticket(fc.Confident):
    ...     urgent: bool
    >>> report = Ticket.extract("Hurry!", client=FakeClient({"urgent": True}), model="m")
    >>> report.value
    Ticket(urgent=True)
    """

    __fieldconf__: ClassVar[Mapping[str, Any]] = {}

    @face
    @explicit
    def extract(
        cls, input: Input, *, client: Any = None, **options: Unpack[Options]
    ) -> Report[Self]:
        """Ask a model for an instance; see ``fieldconf.extract``."""
        return extract(cls, input, **_asking(cls, options, client))

    @face
    @explicit
    async def aextract(
        cls, input: Input, *, client: Any = None, **options: Unpack[Options]
    ) -> Report[Self]:
        """Ask an asynchronous client for an instance; see ``fieldconf.aextract``."""
        return await aextract(cls, input, **_asking(cls, options, client, "async_client"))

    @face
    @options_of(extract_many)
    def extract_many(
        cls, inputs: Texts, *, client: Any = None, **options: Unpack[ManyOptions]
    ) -> ResultStream[Self]:
        """Ask a model for an instance of each of many inputs; see ``fieldconf.extract_many``."""
        return extract_many(cls, inputs, **_asking_many(cls, options, client))

    @face
    @options_of(aextract_many)
    def aextract_many(
        cls, inputs: AnyTexts, *, client: Any = None, **options: Unpack[ManyOptions]
    ) -> AsyncResultStream[Self]:
        """Ask an asynchronous client for many instances; see ``fieldconf.aextract_many``."""
        return aextract_many(cls, inputs, **_asking_many(cls, options, client, "async_client"))

    @face
    @explicit
    def stream(
        cls, input: Input, *, client: Any = None, **options: Unpack[Options]
    ) -> FieldStream[Self]:
        """Ask a model for an instance, event by event; see ``fieldconf.stream``."""
        return stream(cls, input, **_asking(cls, options, client))

    @face
    @explicit
    def astream(
        cls, input: Input, *, client: Any = None, **options: Unpack[Options]
    ) -> AsyncFieldStream[Self]:
        """Ask an asynchronous client for an instance, event by event; see ``fieldconf.astream``."""
        return astream(cls, input, **_asking(cls, options, client, "async_client"))

    @face
    def score(  # noqa: PLR0913  # options of a reading, by keyword
        cls, payload: Any, *, mask: Mask | None = None, choice: int = 0, call: int = 0,
        match: Match | None = None, settle: Settle | None = None, tokenizer: Any = None,
        prompt: str | None = None, policy: PolicyLike | None = None,
        calibration: CalibratorLike | None = None, temperature: float | None = None,
    ) -> Report[Self]:  # fmt: skip
        """Score a response that another client received; see ``fieldconf.score``."""
        settings = settings_of(cls)
        return score(
            payload, cls, mask=mask or settings.get("mask"), choice=choice, call=call,
            match=match or settings.get("match") or "exact", settle=settle, tokenizer=tokenizer,
            prompt=prompt, policy=settings.get("policy") if policy is None else policy,
            calibration=settings.get("calibration") if calibration is None else calibration,
            temperature=temperature,
        )  # fmt: skip

    @face
    def request(
        cls, *, provider: str | None = None, model: str | None = None,
        top_logprobs: int | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """What to add to your own call of a provider; see ``fieldconf.request``."""
        settings = settings_of(cls)
        return request(
            cls, provider=provider or settings.get("provider") or "openai",
            model=model or settings.get("model"),
            top_logprobs=settings.get("top_logprobs") if top_logprobs is None else top_logprobs,
        )  # fmt: skip


FACES = (
    "extract", "aextract", "extract_many", "aextract_many", "stream", "astream", "score", "request",
)  # fmt: skip


class ConfidentLabels(LabelSet):
    """A label set with the methods of ``Confident``. Made by ``confident``.

    It is equal to the label set that it was made of, and can be used in its place.
    """

    __fieldconf__: Mapping[str, Any]

    def __init__(self, labels: LabelSet, settings: Mapping[str, Any]) -> None:
        super().__init__(
            labels.labels, match=labels.match, first_word=labels.first_word, after=labels.after
        )
        object.__setattr__(self, "__fieldconf__", settings)

    extract, aextract, extract_many, aextract_many, stream, astream, score, request = (
        vars(Confident)[name].__func__ for name in FACES
    )


class Decorator(Protocol):
    """Gives settings to a model or a label set."""

    @overload
    def __call__(self, kind: LabelSet, /) -> ConfidentLabels: ...
    @overload
    def __call__(self, kind: type[M], /) -> type[M]: ...


@overload
def confident(model_class: LabelSet, /) -> ConfidentLabels: ...
@overload
def confident(model_class: type[M], /) -> type[M]: ...
@overload
def confident(
    *, client: Any = None, async_client: Any = None, **options: Unpack[Options]
) -> Decorator: ...
@explicit
def confident(
    model_class: Any = None, /, *, client: Any = None, async_client: Any = None,
    **options: Unpack[Options],
) -> Any:  # fmt: skip
    """Give a pydantic model the method ``Ticket.extract("...")`` and its other forms.

    Bare (``@fc.confident``) or with settings (``@fc.confident(model="gpt-4o", temperature=0)``).
    Settings are what ``extract`` takes; classes that inherit from the model inherit them, a call
    or a decorator further down overrides them one by one. The class stays the class it was.

    A field or a method of the class that has the name of one of ours is left alone: a model with a
    field ``score`` is scored by ``fc.score(response, Model)``. So that type checkers know the
    methods, let the model inherit from ``Confident`` too.

    A ``LabelSet`` gets settings and methods in the same way:
    ``fc.confident(model="gpt-4o")(fc.LabelSet(["spam", "ham"]))``.

    Args:
        model_class: the model, or the label set.
        client: whom ``extract``, ``extract_many`` and ``stream`` ask: a client, or a function that
            gives one (so that importing your module needs no key).
        async_client: the same for ``aextract``, ``aextract_many`` and ``astream``.
        options: the options of ``extract``, as settings.

    Raises:
        SchemaError: if it is neither a pydantic model nor a label set.
        PolicyError: if the policy is none.
        CalibrationError: if the calibration is none.

    >>> import fieldconf as fc
    >>> from fieldconf.testing import FakeClient
    >>> from pydantic import BaseModel
    >>> @fc.confident(client=FakeClient({"urgent": True}), model="m")
    ... class Ticket(BaseModel):
    ...     urgent: bool
    >>> Ticket.extract("Hurry!").value
    Ticket(urgent=True)
    >>> from fieldconf.testing import Answer
    >>> spam_or_ham = fc.confident(client=FakeClient(Answer(text="spam")), model="m")(
    ...     fc.LabelSet(["spam", "ham"]))
    >>> spam_or_ham.extract("Win a prize!").value
    'spam'
    """
    clients = {"client": client, "async_client": async_client}
    settings: dict[str, Any] = {
        **merged_options(options),
        **{name: value for name, value in clients.items() if value is not None},
    }
    if settings.get("policy") is not None:  # a file is read once, and what is wrong is said now
        settings["policy"] = Policy.of(settings["policy"])
    if settings.get("calibration") is not None:
        settings["calibration"] = Calibrator.of(settings["calibration"])

    def decorate(kind: Any) -> Any:
        if isinstance(kind, LabelSet):
            return ConfidentLabels(kind, _over(settings_of(kind), settings))
        if not _is_model(kind):
            raise SchemaError(
                f"{kind!r} is no pydantic model",
                remedy="confident is for subclasses of BaseModel; for other types use fc.extract",
            )
        kind.__fieldconf__ = _over(_own(kind), settings)
        for name in FACES:
            if inspect.getattr_static(kind, name, None) is None:  # else it is the model's own
                setattr(kind, name, vars(Confident)[name])
        return kind

    return decorate if model_class is None else decorate(model_class)


def settings_of(kind: type | LabelSet) -> Mapping[str, Any]:
    """The settings of a model: its own over those of the classes that it inherits from."""
    if isinstance(kind, LabelSet):
        return getattr(kind, "__fieldconf__", {})
    settings: dict[str, Any] = {}
    for parent in reversed(kind.__mro__):
        settings = _over(settings, _own(parent))
    return settings


_CLIENTS = ("client", "async_client")


def _own(kind: type) -> Mapping[str, Any]:
    return vars(kind).get("__fieldconf__", {})


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    return {**below, **above, **merged_options(_without_clients(above), _without_clients(below))}


def _without_clients(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a request, without the clients."""
    return {name: value for name, value in settings.items() if name not in _CLIENTS}


def _asking(
    kind: type | LabelSet, options: Options, client: Any, name: str = "client"
) -> dict[str, Any]:
    """The options of a call, merged over the settings, and the client or what its function gives.

    Raises:
        TypeError: for a name that is no option.
        RequestError: if there is no client.
    """
    settings = settings_of(kind)
    merged = merged_options(cast("Mapping[str, Any]", options), _without_clients(settings))
    source: Any = settings.get(name) if client is None else client
    if source is None:
        package = "openai.OpenAI" if name == "client" else "openai.AsyncOpenAI"
        raise RequestError(
            f"{getattr(kind, '__name__', 'the label set')} has no {name} to ask",
            remedy=f"Give client={package}(), here or once: @fc.confident({name}={package})",
        )
    makes_clients = inspect.isclass(source) or (
        callable(source) and not hasattr(source, "chat") and not hasattr(source, "responses")
    )
    return {**merged, "client": source() if makes_clients else source}


def _asking_many(
    kind: type | LabelSet, options: ManyOptions, client: Any, name: str = "client"
) -> dict[str, Any]:  # fmt: skip
    """The arguments of ``extract_many``; its own options cannot be settings of a model."""
    values = cast("Mapping[str, Any]", options)
    of_many = {name for name in ManyOptions.__annotations__ if name not in NAMES}
    of_each = {name: value for name, value in values.items() if name not in of_many}
    arguments = _asking(kind, cast("Options", of_each), client, name)
    return {**arguments, **{name: value for name, value in values.items() if name in of_many}}


def _is_model(kind: Any) -> bool:
    """Whether this is a pydantic model; a caller without a type checker may pass anything."""
    return isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not BaseModel


def _is_field(owner: type, name: str) -> bool:
    """Whether a class has a field of this name, also while pydantic still builds the class."""
    fields = getattr(owner, "__pydantic_fields__", None) or getattr(owner, "model_fields", {})
    try:
        return name in fields or name in inspect.get_annotations(owner)
    except NameError:  # an annotation that is not defined yet; pydantic resolves it later
        return False
