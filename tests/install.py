"""Install packages into an environment: by uv, or by pip where uv cannot do it.

In: the folder of an environment, and arguments as ``pip install`` takes them; ``--group``, too.
Out: what the arguments name is installed there.
Never: an installation that ignores a setting of pip.
Why: uv needs seconds where pip needs minutes, but it does not read the configuration of pip. A
dependency group is read here, because Pythons still come with a pip older than 25.1, which cannot.
"""

import ast
import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
SECTIONS = ("global", "install", ":env:")  # of pip's configuration; a later one replaces an earlier
VARIABLES = {
    "cert": "SSL_CERT_FILE",
    "constraint": "UV_CONSTRAINT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_DEFAULT_INDEX",
    "no-index": "UV_NO_INDEX",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "trusted-host": "UV_INSECURE_HOST",
}
# What is installed does not depend on these.
IGNORED = {
    "break-system-packages", "cache-dir", "disable-pip-version-check", "no-cache-dir", "no-color",
    "no-input", "progress-bar", "quiet", "require-virtualenv", "retries", "root-user-action",
}  # fmt: skip


def requirements_of(group, groups):
    """The requirements of a dependency group, and of the groups that it includes.

    >>> requirements_of("dev", {"dev": [{"include-group": "test"}, "ruff"], "test": ["pytest>=8"]})
    ['pytest>=8', 'ruff']
    """
    return [
        requirement
        for item in groups[group]
        for requirement in ([item] if isinstance(item, str)
                            else requirements_of(item["include-group"], groups))
    ]  # fmt: skip


def without_groups(arguments):
    """The arguments with the requirements of a group in place of ``--group NAME``."""
    arguments = list(arguments)
    groups = tomllib.loads(PYPROJECT.read_text())["dependency-groups"]
    while "--group" in arguments:
        place = arguments.index("--group")
        arguments[place : place + 2] = requirements_of(arguments[place + 1], groups)
    return arguments


def settings_of(listed):
    """The settings that ``pip install`` uses, of what ``pip config list`` printed."""
    found = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        found[section, option] = ast.literal_eval(value)
    return {
        option: value
        for section in SECTIONS
        for (where, option), value in found.items()
        if where == section
    }


def environment_of(settings):
    """The same settings in the environment of uv; ``None`` if it lacks one of them."""
    if settings.keys() - VARIABLES.keys() - IGNORED:
        return None
    return {
        VARIABLES[option]: " ".join(value.split())
        for option, value in settings.items()
        if option in VARIABLES
    }


def by_uv(python, arguments):
    """Whether uv installed it."""
    if importlib.util.find_spec("uv") is None:
        return False
    configuration = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(configuration, check=True, capture_output=True, text=True).stdout
    environment = environment_of(settings_of(listed))
    if environment is None:
        return False
    # All indexes are equal, as they are for pip.
    options = ["--quiet", "--index-strategy", "unsafe-best-match", "--python", python]
    command = [sys.executable, "-m", "uv", "pip", "install", *options, *arguments]
    return subprocess.run(command, check=False, env=os.environ | environment).returncode == 0


def main(folder, *arguments):
    python = Path(folder) / "bin" / "python"
    arguments = without_groups(arguments)
    if not by_uv(python, arguments):
        sys.stderr.write("uv is missing or failed: pip does it, in some minutes\n")
        command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
        subprocess.run([*command, "--disable-pip-version-check", *arguments], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
