"""A nursery: a process that imports once and forks a life for each run that a test may kill."""

import contextlib
import json
import os
import signal
import subprocess
import sys

from desks import PATIENCE


class Nursery:
    """The process that forks lives; one life at a time.

    Args:
        script: what it runs; see ``many_lives``.
    """

    def __init__(self, script):
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.life = None

    def begin(self, **run):
        self._process.stdin.write(json.dumps(run) + "\n")
        self._process.stdin.flush()
        word, self.life = self._said()
        assert word == "life"

    def kill(self, number=signal.SIGKILL):
        if self.life is not None:
            with contextlib.suppress(ProcessLookupError):  # it has ended, and nobody has read that
                os.kill(self.life, number)

    def until(self, word, count):
        """Wait until so many inputs are done, or were asked about."""
        said = (word, 0)
        while said != (word, count):
            assert said[0] != "ended"
            said = self._said()

    def end(self):
        """How the life ended."""
        word = ""
        while word != "ended":
            word, number = self._said()
        return number

    def _said(self):
        word, number = self._process.stdout.readline().split()
        if word == "ended":
            self.life = None
        return word, int(number)

    def close(self):
        self.kill()
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()
