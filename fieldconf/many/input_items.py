"""Input items: many inputs, one after the other.

In:    any iterable of what ``extract`` takes; a mapping from names to it; ``InputItem`` values.
Out:   ``Task`` values: an input with its number, read when its turn comes and not before.
Never: a text read as an iterable of letters.
Why:   a million inputs need not be in memory, and a file that cannot be read is one failure.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias, cast

from fieldconf.errors import RequestError
from fieldconf.extraction.inputs import Image, Input


@dataclass(frozen=True, slots=True)
class InputItem:
    """One input with a name, or one that is read when its turn comes.

    Args:
        input: what ``extract`` takes; or a function that gives it, called in the thread that asks:
            what it raises is the failure of this input alone.
        id: its unique name, which is in the output. With names, inputs may come in another order
            when a run is resumed.
        place: where it stands, such as "line 3 of mails.txt"; for messages and the output.

    >>> InputItem("I was charged twice", id="mail-17")
    InputItem(input='I was charged twice', id='mail-17')
    """

    input: Input | Callable[[], Input]
    id: str | None = None
    place: str = field(default="", repr=False, compare=False)


Texts: TypeAlias = Iterable[Input | InputItem] | Mapping[str, Input]
"""Any number of inputs; a mapping names each."""
AnyTexts: TypeAlias = Texts | AsyncIterable[Input | InputItem]


@dataclass(frozen=True, slots=True)
class Task:
    """One input with its number, from 0."""

    index: int
    entry: InputItem

    @property
    def id(self) -> str | None:
        """Its name, if it has one."""
        return self.entry.id

    @property
    def place(self) -> str:
        """Where it stands, if that is known."""
        return self.entry.place

    @property
    def shown(self) -> str:
        """Its name in messages."""
        return f"input {self.index}" + ("" if self.id is None else f" ({self.id!r})")

    def read(self) -> Input:
        """The input; what its function returns if it is one."""
        source = self.entry.input
        return source() if callable(source) else source


def tasks(inputs: Texts) -> Iterator[Task]:
    """The inputs, each taken from the iterable when it is asked for."""
    if isinstance(inputs, Mapping):
        mapping = cast("Mapping[str, Input]", inputs)
        inputs = (InputItem(value, id=str(name)) for name, value in mapping.items())
    for index, item in enumerate(inputs):
        yield _task(index, item)


async def tasks_async(inputs: AnyTexts) -> AsyncIterator[Task]:
    """``tasks`` of inputs that may be an asynchronous iterable."""
    if isinstance(inputs, AsyncIterable):
        numbers = count()
        async for item in inputs:
            yield _task(next(numbers), item)
    else:
        for task in tasks(inputs):
            yield task


def _task(index: int, item: Input | InputItem) -> Task:
    return Task(index, item if isinstance(item, InputItem) else InputItem(item))


def count_of(inputs: Any) -> int | None:
    """The number of inputs; None if it is not known before they are read.

    Raises:
        RequestError: if it is one input, or none.
    """
    if isinstance(inputs, (str, bytes, Image)):
        raise RequestError(
            f"one {type(inputs).__name__} was given, not many inputs",
            remedy="Give a list of texts, or use extract",
        )
    if not isinstance(inputs, (Iterable, AsyncIterable)):
        raise RequestError(
            f"a {type(cast('object', inputs)).__name__} is no iterable of inputs",
            remedy="Give a list of texts",
        )
    try:
        return len(cast("Any", inputs))
    except TypeError:
        return None
