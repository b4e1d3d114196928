"""The embedded model: what stops its start, what it really answers, and its end."""

import gc
import importlib.machinery
import importlib.util
import json
import os
import select
import socket
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import jsonschema
import openai
import pytest
from embedded_ticket import TEXT, TICKET

from fieldconf.embedded import local
from fieldconf.embedded import weights as local_weights
from fieldconf.embedded.client import LocalClient
from fieldconf.embedded.prompt import embedded_messages, embedded_schema
from fieldconf.embedded.weights import weights_path
from fieldconf.errors import LocalModelError


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FIELDCONF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


# -- what stops a start ---------------------------------------------------------------------------


@pytest.fixture
def runtime(monkeypatch):
    """The runtime looks installed, whether it is or not."""
    if importlib.util.find_spec("xllamacpp") is None:
        spec = importlib.machinery.ModuleSpec("xllamacpp", None)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)


def test_a_missing_runtime_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(LocalModelError, match=r'pip install "fieldconf\[local\]"$'):
        local()


def test_missing_and_damaged_weights_say_the_one_command(cache, runtime, monkeypatch):
    monkeypatch.setattr(local_weights, "_module", lambda weights: "weights_of_nobody")
    with pytest.raises(LocalModelError, match=r"not here yet\. Run: fieldconf local fetch$"):
        local()
    cache.mkdir()
    weights_path().write_bytes(b"GGUF")
    with pytest.raises(LocalModelError, match=r"damaged\. Run: fieldconf local fetch$"):
        local()


def test_a_file_that_is_missing_or_no_gguf_is_named(runtime, tmp_path):
    with pytest.raises(LocalModelError, match="No such file"):
        local(tmp_path / "none.gguf")
    (tmp_path / "text.gguf").write_bytes(b"PK\3\4")
    with pytest.raises(LocalModelError, match=r"text\.gguf is not a GGUF file"):
        local(tmp_path / "text.gguf")


def test_a_gguf_that_cannot_be_loaded_is_an_error_and_leaves_no_process(runtime, tmp_path):
    (tmp_path / "empty.gguf").write_bytes(b"GGUF")
    with pytest.raises(LocalModelError, match=r"could not be started from .*empty\.gguf \("):
        local(tmp_path / "empty.gguf")


def test_sizes_that_cannot_be_are_refused():
    with pytest.raises(LocalModelError, match=r"threads=0.*1 or more"):
        local(threads=0)


# -- the real model -------------------------------------------------------------------------------


def ask(client: LocalClient, **options):
    defaults = client.fieldconf_defaults
    shape = {"name": "ticket", "schema": defaults.make_schema(TICKET)}
    return client.chat.completions.create(
        **{**defaults.request_options, **options},
        messages=defaults.make_messages(TICKET, TEXT, None),
        logprobs=True,
        response_format={"type": "json_schema", "json_schema": shape},
    )


def entries(choice):
    found = choice.logprobs.content if choice.logprobs else []
    return [(bytes(t.bytes or []), t.logprob, len(t.top_logprobs)) for t in found]


def test_two_answers_and_a_stream_are_the_same_to_the_last_bit(local_client):
    first, second = ask(local_client), ask(local_client)
    content = first.choices[0].message.content
    jsonschema.validate(json.loads(content), TICKET)
    assert " " not in content.partition('"name"')[0]
    assert first.model == local_client.fieldconf_defaults.request_options["model"]
    assert entries(first.choices[0]) == entries(second.choices[0])
    streamed = [c.choices[0] for c in ask(local_client, stream=True) if c.choices]
    # A stream lacks the entry of the end of the answer, which has no bytes.
    pieces = [entry for choice in streamed for entry in entries(choice)]
    assert pieces == entries(first.choices[0])[:-1]
    assert b"".join(raw for raw, _, _ in pieces) == content.encode()
    assert {n for _, _, n in pieces} == {
        local_client.fieldconf_defaults.request_options["top_logprobs"]
    }


def test_keywords_the_runtime_does_not_know_do_not_lose_the_schema(local_client):
    schema = {
        "type": "object",
        "properties": {
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
            "code": {"type": "string", "pattern": "^(?!x)[a-z]+$", "maxLength": 4},
            "site": {"type": "string", "format": "nonsense", "maxLength": 4},
        },
    }
    answer = local_client.chat.completions.create(
        model="any",
        messages=embedded_messages(schema, TEXT),  # pyright: ignore[reportArgumentType]
        max_tokens=200,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "x", "schema": embedded_schema(schema)},
        },
    )
    assert set(json.loads(answer.choices[0].message.content)) == {"tags", "code", "site"}


def test_a_copy_with_other_options_shares_the_server(local_client):
    twin = local_client.with_options(timeout=7.0)
    assert isinstance(twin, LocalClient)
    assert twin.timeout == 7.0
    assert ask(twin, max_tokens=1).choices[0].finish_reason == "length"


def test_a_proxy_of_the_environment_is_not_asked(local_client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with local() as client:
        assert ask(client, max_tokens=1).choices


# -- the end --------------------------------------------------------------------------------------


@pytest.fixture
def own(local_client):
    """A client that the test may end; asks for the session's only to skip where it cannot be."""
    with local() as client:
        yield client


def is_open(client: LocalClient) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((client.base_url.host, client.base_url.port)) == 0


def test_closing_frees_the_port_ends_the_process_and_may_be_repeated(own):
    process = own._server._process
    threads = threading.active_count()
    assert ask(own, max_tokens=1).choices
    assert is_open(own)
    own.close()
    own.close()
    assert not is_open(own)
    assert process.returncode is not None
    assert threading.active_count() <= threads
    with pytest.raises(LocalModelError, match="was closed"):
        own.models.list()


def test_closing_while_a_stream_is_open_and_a_request_runs_does_not_hang(own):
    stream = ask(own, stream=True)
    next(stream)
    failed = []

    def wait_for_the_slot():
        try:
            own.chat.completions.create(model="any", messages=[{"role": "user", "content": "Hi"}])
        except (LocalModelError, openai.APIError) as error:
            failed.append(error)

    waiting = threading.Thread(target=wait_for_the_slot)
    waiting.start()
    own.close()
    waiting.join(30)
    assert not waiting.is_alive()
    assert failed
    assert not is_open(own)
    stream.close()


def test_a_client_closed_between_its_check_and_its_sending_says_that_it_was_closed(
    own, monkeypatch
):
    monkeypatch.setattr(own, "_prepare_request", lambda request: own.close())
    with pytest.raises(LocalModelError, match="was closed"):
        own.models.list()


def test_a_forgotten_client_ends_with_its_last_reference(local_client):
    client = local()
    process = client._server._process
    assert ask(client, max_tokens=1).choices
    del client
    gc.collect()
    assert process.returncode is not None


def test_a_process_that_died_is_named(own):
    own._server._process.kill()
    own._server._process.wait()
    with pytest.raises(LocalModelError, match=r"process ended with -?\d+\. Start another"):
        own.models.list()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no way here to wait for a grandchild")
@pytest.mark.parametrize(
    ("ending", "status"), [("", 0), ("os._exit(3)", 3), ("os.kill(os.getpid(), 9)", -9)]
)
def test_nothing_is_left_however_the_interpreter_ends(local_client, ending, status):
    program = (
        "from fieldconf.embedded import local; import os; client = local();"
        f"print(client._server._process.pid, client.base_url.port, flush=True); {ending}"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "")
    pid, port = map(int, done.stdout.split())
    assert has_ended(pid, within=10)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def has_ended(pid: int, within: float) -> bool:
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], within)[0])
    finally:
        os.close(watched)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_is_told_to_start_its_own_and_harms_nothing(own):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
        child = os.fork()
    if child == 0:
        status = 1
        try:
            own.models.list()
        except LocalModelError as error:
            status = 0 if "forked" in str(error) else 2
        own.close()
        os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert ask(own, max_tokens=1).choices
