"""Runs in a peer's own environment: what it says of each leaf of stored answers.

In:    `peer_worker.py PEER`; on the standard input a Chat Completions body a line.
Out:   a line of JSON for each: the probability (0..1) of each leaf that it answers for, by pointer.
Never: an answer mended: where the peer fails, its line is empty.
Why:   every peer is called as in `bench/worker.py`, on the same bytes as fieldconf.
"""

import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from worker import PEERS  # beside this folder

if __name__ == "__main__":
    peer = PEERS[sys.argv[1]]()
    for body in sys.stdin.buffer:
        try:
            logprobs = peer.answer(peer.run(peer.prepare(body)))
            known = {k: math.exp(v) for k, v in logprobs.items() if isinstance(v, float)}
        except Exception:  # noqa: BLE001  # whatever it raises, it has no answer
            known = {}
        print(json.dumps(known))
