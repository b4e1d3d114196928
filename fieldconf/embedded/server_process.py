"""Server process: load the embedded model, print the address, serve until the parent is gone.

In:    on standard input one line of JSON (see ``ServerSettings``), later the end of the file.
Out:   on standard output one line of JSON: ``{"address": ...}`` or ``{"error": ...}``.
Never: an import of the rest of this library; a process that outlives its parent.
Why:   in the parent's process the runtime cannot be ended while it answers another thread, and
       a fork of the parent hangs. A process can always be ended, and ends itself when its
       standard input does, however the parent died.
"""

import importlib
import json
import os
import signal
import sys
from typing import Any, TypedDict


class ServerSettings(TypedDict):
    """What the parent says: sizes in tokens and counts."""

    model: str
    alias: str
    key: str
    context: int
    threads: int
    slots: int


def _params(params: Any, settings: ServerSettings) -> Any:
    params.model.path = settings["model"]
    params.model_alias = {settings["alias"]}  # else answers carry the path as the model's name
    params.api_keys = [settings["key"]]  # a loopback port is open to every page in a browser
    params.n_ctx = settings["context"] * settings["slots"]  # the runtime divides it by the slots
    params.n_parallel = settings["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.use_jinja = False  # with it the grammar admits code fences around the JSON
    params.cache_prompt = False  # with it the same question gives other logprobs the second time
    params.warmup = params.ui = params.endpoint_slots = False
    params.verbosity = params.cache_ram_mib = 0
    params.offline = True
    return params


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted cell must not end the model
    settings: ServerSettings = json.loads(sys.stdin.readline())
    try:
        runtime: Any = importlib.import_module("xllamacpp")
        server = runtime.Server(_params(runtime.CommonParams(), settings))
        answer = {"address": server.listening_address}
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent has to hear of it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)  # noqa: T201
    sys.stdin.read()
    os._exit(0)  # the runtime's own clean-up waits for requests that nobody reads any more


if __name__ == "__main__":
    main()
