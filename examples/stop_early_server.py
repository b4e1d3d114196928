"""An early stop on the server's side: the connection closes, and the server stops writing.

Run: python examples/stop_early_server.py    (needs no model)

The server is a fake one on this machine, from ``fieldconf.testing``. Its answer is invented, but
the openai package's client talks to it over a real connection. It waits between two tokens, as
models do, and counts the tokens that it has written.
"""

from pydantic import BaseModel

import fieldconf as fc
from fieldconf.testing import Answer, FakeServer

PACE = 0.01  # seconds a token


class Review(BaseModel):
    """The first field decides whether the others are needed."""

    relevant: bool
    summary: str
    quotes: list[str]


ANSWER = Answer(
    Review(
        relevant=False,
        summary="A long summary of a text that nobody wanted to have summed up. " * 3,
        quotes=["The first of the quotes that nobody is going to read."] * 3,
    ),
    confidences={"relevant": 0.97},
)
RULE = fc.StopWhen("relevant", value=False, above=0.95)


def main() -> None:
    with FakeServer(ANSWER, pace=PACE) as server, server.client() as client:
        whole = fc.extract(Review, "any text", client=client, model="made-up")
        report = fc.extract(Review, "any text", client=client, model="made-up", stop_when=RULE)
        # The client has hung up; the server notices before it writes the next token.
        noticed = server.hung_up.wait(timeout=10)
        written, of = server.sent[1], len(whole.tokens)
    stopped = report.stopped
    assert stopped is not None
    print(f"stopped at {stopped.pointer} by {stopped.rule}")
    print(f"the client read {stopped.read} of {of} tokens; saved at least {stopped.saved}")
    print(f"the server saw the connection close: {noticed}")
    print(f"the server wrote {written} of {of} tokens")


if __name__ == "__main__":
    main()
