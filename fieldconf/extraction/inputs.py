"""Inputs: texts, images and messages for a model.

In:    a text; texts and images; or messages in the client's own format.
Out:   parts that each API writes in its own words.
Never: an image downloaded: the server does that, or the file is on this machine.
Why:   the same input works for Chat Completions and for Responses.
"""

import base64
import mimetypes
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from fieldconf.errors import RequestError

Detail: TypeAlias = Literal["low", "high", "auto"]

_MAGIC: Mapping[bytes, str] = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Image:
    """An image for the model to look at.

    Args:
        source: an address (``https:``, ``data:``), a file's path, or the image's bytes.
        detail: how closely the server should look, where it lets one choose.

    Raises:
        RequestError: if the file cannot be read, or is of no kind that is known.

    >>> Image("https://example.com/receipt.png").url
    'https://example.com/receipt.png'
    >>> Image(b"GIF89a").url
    'data:image/gif;base64,R0lGODlh'
    """

    source: str | os.PathLike[str] | bytes
    detail: Detail | None = None
    url: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", _address(self.source))

    def __repr__(self) -> str:
        shown = self.url if len(self.url) <= 60 else f"{self.url[:57]}..."
        return f"Image({shown!r})"


Part: TypeAlias = str | Image | Mapping[str, Any]
"""A text, an image, or a part in the client's own format (audio, files ...)."""
Input: TypeAlias = str | Image | Sequence[Part] | Sequence[Any]
"""What to read: a text, an image, parts of one message, or messages in the client's own format."""


def is_messages(input: Input) -> bool:
    """Whether an input is messages (each has a role) and not parts of one."""
    if isinstance(input, (str, Image)):
        return False
    return any(
        cast("Mapping[str, Any]", item).get("role") if isinstance(item, Mapping)
        else getattr(item, "role", None)
        for item in input
    )  # fmt: skip


def with_system_text(input: Input, text: str) -> Input | None:
    """Messages with a text added to their own system message; None if they have none.

    Servers accept only one system message.
    """
    if not is_messages(input):
        return None
    first, *others = cast("Any", input)
    if not isinstance(first, Mapping):
        return None
    message = cast("Mapping[str, Any]", first)
    content = message.get("content")
    if message.get("role") not in ("system", "developer") or not isinstance(content, str):
        return None
    return [{**message, "content": f"{content}\n{text}"}, *others]


def parts_of(input: Input) -> list[Part]:
    """The parts of one message.

    Raises:
        RequestError: if something is no part.
    """
    if isinstance(input, (str, Image)):
        return [input]
    parts: list[Any] = list(input)
    wrong = [part for part in parts if not isinstance(part, (str, Image, Mapping))]
    if wrong or not parts:
        what = f"a {type(wrong[0]).__name__}" if wrong else "nothing"
        raise RequestError(
            f"the input holds {what}",
            remedy="Give a text, a list of texts and fc.Image, or messages",
        )
    return parts


def _address(source: str | os.PathLike[str] | bytes) -> str:
    if isinstance(source, bytes):
        return _as_data(source, "")
    if isinstance(source, str) and source.startswith(("https:", "http:", "data:")):
        return source
    path = Path(source)
    try:
        return _as_data(path.read_bytes(), path.name)
    except (OSError, ValueError) as error:
        raise RequestError(
            f"cannot read the image {str(path)!r} ({getattr(error, 'strerror', error)})",
            remedy="Give the path of a file, an address, or bytes",
        ) from error


def _as_data(data: bytes, name: str) -> str:
    kind_by_magic = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
    kind = kind_by_magic or mimetypes.guess_type(name)[0]
    if kind is None or not kind.startswith("image/"):
        raise RequestError(
            "the image is of no known kind", remedy="Give a PNG, JPEG, GIF or WebP, or a data: URL"
        )
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
