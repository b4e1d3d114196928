"""Keyboard: single keys of a terminal, or lines where standard input is a file or a pipe.

In:    standard input.
Out:   ``KeyPress`` values, and lines that are typed.
Never: a key that was pressed before ``ready``: it was not meant for what is shown now.
Why:   one key a label is fast; lines can be written by a script.

A terminal passes on single keys between ``ready`` and ``close``; Ctrl-C still interrupts.
"""

import os
import sys
from typing import Any, NamedTuple

import click


class KeyPress(NamedTuple):
    """A key that was pressed; of a line its first word, and the text behind it."""

    name: str
    text: str | None = None


END = KeyPress("")
"""There is no more input."""


class Keyboard:
    """The keys of standard input."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdin.isatty()
        self._modes: Any = None
        if self._is_terminal and sys.platform != "win32":
            import termios  # Windows has none

            self._modes = termios.tcgetattr(sys.stdin.fileno())

    def ready(self) -> None:
        """Forget what was pressed, and pass on single keys from now on."""
        if sys.platform != "win32" and self._modes is not None:
            import termios
            import tty

            tty.setcbreak(sys.stdin.fileno(), termios.TCSAFLUSH)

    def key(self) -> KeyPress:
        """The next key; ``END`` at the end of the input, and for Ctrl-D."""
        if not self._is_terminal:
            line = sys.stdin.readline()
            name, _, text = line.strip().partition(" ")
            return KeyPress(name.lower() or " ", text) if line else END
        try:
            if self._modes is None:
                text = click.getchar()
            else:
                text = os.read(sys.stdin.fileno(), 64).decode("utf-8", "ignore")
        except (EOFError, OSError):  # the terminal was closed
            return END
        name = text if text.startswith("\x1b") else text[:1]  # arrows are several characters
        return END if name in ("", "\x04") else KeyPress(name.lower())

    def line(self, prompt: str) -> str:
        """A line that is typed; empty for Ctrl-D."""
        self.close()
        try:
            return input(prompt)
        except EOFError:
            return ""

    def close(self) -> None:
        """Let the terminal read lines again."""
        if sys.platform != "win32" and self._modes is not None:
            import termios

            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._modes)
