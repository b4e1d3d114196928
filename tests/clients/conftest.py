"""Clients talk to this machine only, whatever they would like to report or fetch."""

import socket

import pytest

LOOPBACK = ("127.0.0.1", "::1")


@pytest.fixture(autouse=True)
def loopback(monkeypatch):
    """Fail the test of a client that asks another machine; no proxy stands in between."""
    elsewhere = []
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            elsewhere.append(address)
            raise ConnectionRefusedError(address)
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setenv("NO_PROXY", ",".join(LOOPBACK))
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    yield
    assert not elsewhere
