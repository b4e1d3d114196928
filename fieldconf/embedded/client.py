"""Client: an OpenAI client for a model on this machine.

In:    a GGUF file (the default one is fetched once, see ``fetch``) and a few sizes.
Out:   ``LocalClient``, an ``openai.OpenAI`` that answers from a loopback server of its own.
Never: a process or a port left behind, a download without being asked, another host.
Why:   trying the library, and testing against true logprobs, must need no account and no network.
"""

import contextlib
import importlib.util
import json
import os
import secrets
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, cast

import openai

from fieldconf.embedded import server_process
from fieldconf.embedded.prompt import embedded_messages, embedded_schema
from fieldconf.embedded.weights import REMEDY_FETCH, SMOLLM2, find_weights, weights_path
from fieldconf.errors import LocalModelError
from fieldconf.probes import Probe, llama_cpp
from fieldconf.requests.request import Defaults
from fieldconf.threads import cached_property
from fieldconf.tokens.token import Layout

_REMEDY_INSTALL = 'Run: pip install "fieldconf[local]"'
_START_SECONDS = 120.0


def _defaults(model: str) -> Defaults:
    """What an extraction sends to the embedded model where the caller says nothing."""
    options = {
        "model": model,
        # Temperature 0 and no prompt cache: equal requests get equal logprobs.
        "temperature": 0,
        "max_tokens": 512,  # 13 s on one thread
        # 200 costs a twentieth more than 20 and cuts the error of ratings from .018 to .0002;
        # 2,000 costs three times as much and mends nothing more (bench/exact.py).
        "top_logprobs": 200,
        "extra_body": {"cache_prompt": False},
    }
    return Defaults(
        request_options=MappingProxyType(options),
        mask="before",  # forbidden tokens are among the candidates and hold mass
        make_schema=embedded_schema,
        make_messages=embedded_messages,
        layout=Layout(compact=True, ordered=True, plain=True),  # see bench/exact.py
        make_probe=lambda client: client.probe,
        provider="llama.cpp",
    )


class LocalClient(openai.OpenAI):
    """An OpenAI client whose server is its own and ends with it.

    Close it, or use it in a ``with`` statement; a forgotten one ends when it is collected or the
    interpreter exits. Copies (``with_options``) share the server. There are no retries: the
    server is on this machine, so what failed once fails again.

    Attributes:
        fieldconf_defaults: what an extraction should send.
    """

    def __init__(self, *, server: "_Server", **options: Any) -> None:
        super().__init__(**options)
        self._server = server
        self.fieldconf_defaults = _defaults(server.alias)

    @cached_property
    def probe(self) -> Probe:
        """Whom to ask for next-token logprobs of this model, see ``fieldconf.probes``."""
        return llama_cpp.probe(self)

    def copy(self, **options: Any) -> Self:
        """Make a client with other options on the same server."""
        return super().copy(**options, _extra_kwargs={"server": self._server})

    with_options = copy

    def aio(self) -> "AsyncLocalClient":
        """Make an asynchronous client of the same server, for one event loop; close it there."""
        return AsyncLocalClient(local=self)

    def close(self) -> None:
        """End the server, even while it answers, and free its port; more than once is fine."""
        if hasattr(self, "_server"):  # the parent's __init__ may have failed
            self._server.stop()
        super().close()

    def request(self, *args: Any, **options: Any) -> Any:
        """As of the parent; a request on its way when the client is closed is told so."""
        try:
            return cast("Any", super().request(*args, **options))
        except RuntimeError:  # the HTTP client's, which the parent lets through
            self.check()
            raise

    def check(self) -> None:
        """Raise LocalModelError if the model cannot answer: it was closed, or its process ended."""
        self._server.check()

    def _prepare_options(self, options: Any) -> Any:
        self.check()
        return super()._prepare_options(options)


class AsyncLocalClient(openai.AsyncOpenAI):
    """An asynchronous client of a ``LocalClient``'s server, which ends with that one.

    Attributes:
        fieldconf_defaults: what an extraction should send.
    """

    def __init__(self, *, local: LocalClient, **options: Any) -> None:
        settings: dict[str, Any] = {
            "base_url": local.base_url,
            "api_key": local.api_key,
            "timeout": local.timeout,
            "max_retries": 0,
            "http_client": openai.DefaultAsyncHttpxClient(trust_env=False),
        }
        super().__init__(**(settings | options))
        self._local = local
        self.fieldconf_defaults = local.fieldconf_defaults

    @property
    def probe(self) -> Probe:
        """Whom to ask for next-token logprobs; it blocks, so ask it in a thread."""
        return self._local.probe

    def copy(self, **options: Any) -> Self:
        """Make a client with other options on the same server."""
        return super().copy(**options, _extra_kwargs={"local": self._local})

    with_options = copy

    async def _prepare_options(self, options: Any) -> Any:
        self._local.check()
        return await super()._prepare_options(options)


def start(
    model: str | os.PathLike[str] | None, *, context: int, threads: int, slots: int, timeout: float
) -> LocalClient:
    """Start the embedded model; ``fieldconf.embedded.local`` says what the arguments mean."""
    if min(context, threads, slots) < 1:
        message = f"context={context}, threads={threads}, slots={slots} cannot be"
        raise LocalModelError(message, remedy="Each must be 1 or more")
    if importlib.util.find_spec("xllamacpp") is None:
        raise LocalModelError("The embedded model needs xllamacpp", remedy=_REMEDY_INSTALL)
    path = find_weights() if model is None else _checked(Path(model))
    if path is None:
        state = "are damaged" if weights_path().exists() else "are not here yet"
        raise LocalModelError(f"The embedded model's weights {state}", remedy=REMEDY_FETCH)
    server = _Server(path, context=context, threads=threads, slots=slots)
    return LocalClient(
        server=server,
        base_url=f"{server.address}/v1",
        api_key=server.key,
        timeout=timeout,
        max_retries=0,
        http_client=server.http,
    )


def _checked(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        message = f"Cannot read the model {path} ({error.strerror})"
        raise LocalModelError(message, remedy="Give the path of a GGUF file") from error
    if magic != b"GGUF":
        message = f"{path} is not a GGUF file: it begins with {magic!r}"
        raise LocalModelError(message, remedy="Give the path of a GGUF file")
    return path


class _Server:
    """The process, its address, and the connections to it; one life, ended once."""

    def __init__(self, path: Path, *, context: int, threads: int, slots: int) -> None:
        self.alias = SMOLLM2.model if path.name == SMOLLM2.file else path.stem
        self.key = secrets.token_urlsafe()
        self._owner = os.getpid()
        # By path, not "-m": the child needs nothing of this package, whose imports take a second.
        # -P: no file beside it, or in the working directory, may pass for a standard module.
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", server_process.__file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )  # fmt: skip
        # Not a proxy of the environment: it would be asked for this machine's loopback address.
        self.http = openai.DefaultHttpxClient(trust_env=False)
        # The finalizer also runs at exit; it must not hold this object, or it would never die.
        self.stop = weakref.finalize(self, _stop, self._process, self._owner, self.http.close)
        settings: server_process.ServerSettings = {
            "model": str(path),
            "alias": self.alias,
            "key": self.key,
            "context": context,
            "threads": threads,
            "slots": slots,
        }
        self.address = self._start(settings)

    def _start(self, settings: server_process.ServerSettings) -> str:
        answer = _ask(self._process, json.dumps(settings))
        if "address" in answer:
            return answer["address"]
        self.stop()
        why = answer.get("error", f"its process ended with {self._process.returncode}")
        message = f"The embedded model could not be started from {settings['model']} ({why})"
        raise LocalModelError(message, remedy="Is it a complete GGUF file, and is there memory?")

    def check(self) -> None:
        """Raise LocalModelError if a request cannot be answered, instead of a connection error."""
        if os.getpid() != self._owner:
            message = "The embedded model belongs to the process that this one was forked from"
        elif not self.stop.alive:
            message = "The embedded model was closed"
        elif self._process.poll() is not None:
            message = f"The embedded model's process ended with {self._process.returncode}"
        else:
            return
        raise LocalModelError(message, remedy="Start another: fieldconf.local()")


def _ask(process: subprocess.Popen[str], settings: str) -> dict[str, str]:
    """Hand over the settings, wait for the one line of answer; ``{}`` if none came."""
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018
    guard = threading.Timer(_START_SECONDS, process.kill)
    guard.start()
    try:
        process.stdin.write(f"{settings}\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline() or "{}")
    except (BrokenPipeError, json.JSONDecodeError):
        return {}
    finally:
        guard.cancel()


def _stop(process: subprocess.Popen[str], owner: int, disconnect: Callable[[], None]) -> None:
    disconnect()
    if os.getpid() == owner:  # the end of a fork must not end its parent's model
        process.kill()  # it has nothing to save, and asking it would wait for running requests
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # what was not sent before it died
                pipe.close()
    process.wait()
