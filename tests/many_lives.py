"""Lives: runs of ``extract_many`` in processes that a test may kill; see ``test_many_killed``.

One process imports everything and then forks a child for each line of its standard input: the
arguments of a run as JSON. The child says its number, and whenever an input is done; the parent
says how it ended. A life is over in milliseconds, since it imports nothing.
"""

import json
import os
import sys

import openai
from desks import SCHEMA, Desk

from fieldconf.many.extract_many import extract_many


def say(word, number):
    os.write(sys.stdout.fileno(), f"{word} {number}\n".encode())


def told(summary):
    say("done", summary.done)
    say("asked", summary.done - summary.resumed)


def live(run):
    """One run, from its arguments; it says on standard output how far it is."""
    say("life", os.getpid())
    plain = openai.DefaultHttpxClient(
        verify=False, trust_env=False
    )  # certificates take long to load
    client = openai.OpenAI(
        base_url=run["base_url"], api_key="none", max_retries=0, timeout=60, http_client=plain
    )  # fmt: skip
    texts = (f"message {number}" for number in range(run["count"]))
    results = extract_many(
        SCHEMA, texts, client=client, model="m", concurrency=run["concurrency"],
        output=run["output"], progress=told,
    )  # fmt: skip
    results.run()


def serve(live):
    """Run what each line of the standard input asks for, in a child of its own."""
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if not child:
            status = 1
            try:
                live(json.loads(line))
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        say("ended", os.waitstatus_to_exitcode(status))


def main():
    extract_many(SCHEMA, ["warm"], client=Desk(), model="m").run()
    serve(live)


if __name__ == "__main__":
    main()
