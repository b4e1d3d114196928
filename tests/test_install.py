"""An environment is installed by uv with the settings of pip, or else by pip."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import install
import pytest

PYTHON = Path("folder", "bin", "python")


@pytest.fixture
def uv(monkeypatch):
    module = ModuleType("uv")
    module.__spec__ = ModuleSpec("uv", loader=None)
    monkeypatch.setitem(sys.modules, "uv", module)


@pytest.fixture
def ran(monkeypatch):
    """What was run, as (module, arguments, environment); uv fails to install ``bad``."""
    seen = []

    def run(command, *, env=None, **_):
        seen.append((command[2], command[3:], env))
        code = int(command[2] == "uv" and "bad" in command)
        return subprocess.CompletedProcess(command, code, stdout="global.cert='a.pem'\n")

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_the_environment_replaces_what_a_file_says():
    listed = (
        ":env:.find-links='y'\ndownload.cert='no.pem'\nglobal.find-links='x'\n"
        "global.index-url='a'\ninstall.index-url='b'\n"
    )
    assert install.settings_of(listed) == {"find-links": "y", "index-url": "b"}


def test_the_settings_of_pip_are_those_of_uv():
    settings = {"extra-index-url": "\na\nb", "constraint": "c.txt", "quiet": "1"}
    expected = {"UV_INDEX": "a b", "UV_CONSTRAINT": "c.txt"}
    assert install.environment_of(settings) == expected


def test_uv_is_not_used_with_a_setting_that_it_does_not_have():
    assert install.environment_of({"only-binary": ":all:"}) is None


def test_uv_installs_with_the_settings_of_pip(uv, ran):
    install.main("folder", "good")
    (configuration, _, _), (module, arguments, environment) = ran
    assert (configuration, module) == ("pip", "uv")
    assert arguments[-3:] == ["--python", PYTHON, "good"]
    assert environment["SSL_CERT_FILE"] == "a.pem"


def test_pip_installs_what_uv_cannot(uv, ran, capsys):
    install.main("folder", "bad")
    assert [module for module, _, _ in ran] == ["pip", "uv", "pip"]
    assert ran[-1][1][:3] == ["--python", PYTHON, "install"]
    assert ran[-1][1][-1] == "bad"
    assert "pip" in capsys.readouterr().err


def test_pip_installs_where_uv_is_missing(monkeypatch, ran, capsys):
    monkeypatch.setitem(sys.modules, "uv", None)
    install.main("folder", "good")
    assert [module for module, _, _ in ran] == ["pip"]
    assert "uv is missing" in capsys.readouterr().err
