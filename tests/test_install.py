"""An environment is installed by uv with the settings of pip, or else by pip.

What users install are extras, what only developers need are dependency groups.
"""

import re
import subprocess
import sys
import tomllib
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import install
import pytest

PYTHON = Path("folder", "bin", "python")
ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PYPROJECT["dependency-groups"]
EXTRAS = PYPROJECT["project"]["optional-dependencies"]


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


# -- extras and dependency groups ---------------------------------------------------------------


def test_a_group_is_replaced_by_its_requirements():
    """Any pip can install these; only pip 25.1 and newer know ``--group``."""
    arguments = install.without_groups(["-e", ".", "--group", "bench", "-q"])
    assert arguments[:2] == ["-e", "."]
    assert arguments[-3:] == ["orjson>=3.10", "psutil>=5.9", "-q"]
    assert {"pytest>=8.2", "ollama>=0.6"} <= {*arguments}  # of groups that it includes
    assert all(isinstance(argument, str) for argument in arguments)


def test_pip_is_given_no_group(monkeypatch, ran):
    monkeypatch.setitem(sys.modules, "uv", None)
    install.main("folder", "-e", ".", "--group", "lowest")
    assert ran[-1][1][-3:] == ["-e", ".", "httpx<0.28"]


def test_every_extra_is_shown_to_users_and_no_group_is_an_extra():
    shown = re.findall(r'pip install "\.\[(\w+)\]"', (ROOT / "docs/installing.md").read_text())
    assert sorted(shown) == sorted(EXTRAS)
    assert not GROUPS.keys() & EXTRAS.keys()


def test_every_group_is_explained():
    text = (ROOT / "docs/installing.md").read_text()
    (named,) = re.findall(r"dependency groups of\s+`pyproject.toml`: (.*?)\.\n", text, re.DOTALL)
    assert re.findall(r"`([\w-]+)`", named) == sorted(GROUPS, key=[*GROUPS].index)


def test_every_group_that_is_installed_somewhere_exists():
    places = [
        ROOT / "Makefile",
        ROOT / "README.md",
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("tests/**/*.py"),
    ]
    installed = {
        name
        for place in places
        for name in re.findall(r"-e \. --group ([\w-]+)", place.read_text())
    }
    assert {"test", "dev", "clients", "clients-instructor", "clusters"} <= installed <= {*GROUPS}
