"""Lives: runs of ``score_files`` in processes that a test may kill; see ``test_batch_killed``.

As ``many_lives``: one process imports everything and then forks a child for each line of its
standard input. The child says its number, and how many blocks are done; told to, it kills itself
where something is about to get its place on the disk, or to leave it.
"""

import itertools
import os
import signal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet  # once, and not in each life
from desks import SCHEMA
from many_lives import say, serve
from warehouse import line

from fieldconf.batch import score_batch, score_files


def die_at(moment):
    """Be killed at the so-manieth call that changes what is on the disk, before it or behind it."""
    calls = itertools.count(1)

    def struck(call):
        def instead(*given, **named):
            number = next(calls)
            if number == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*given, **named)
            if number == -moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return instead

    os.fsync, Path.replace = struck(os.fsync), struck(Path.replace)
    Path.unlink = struck(Path.unlink)


def live(run):
    """One run, from its arguments; it says on standard output how far it is."""
    say("life", os.getpid())
    if moment := run.pop("moment", 0):
        die_at(moment)
    counted = itertools.count(1)
    score_files(**run, progress=lambda _: say("done", next(counted)))


def main():
    score_batch(pa.record_batch({"response": [line(0)]}), SCHEMA)  # warm
    serve(live)


if __name__ == "__main__":
    main()
