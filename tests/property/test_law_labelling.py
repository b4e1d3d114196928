"""Labelling: whatever is done in a session, its file says the same when it is opened again."""

import json
import tempfile
from pathlib import Path

from builders import report_of, token
from hypothesis import given
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.evaluation.labels import LabelVerdict
from fieldconf.labelling import LabelSession, queue_of

REPORTS = {
    f"d{n}": report_of(
        '{"a":', token(json.dumps(value), -n / 20), ',"b":["', token(f"x{n}", -0.01 - n / 9), '"]}'
    )
    for n, value in enumerate(["é\ud800"[0], 1, 1.5, None, True, "", "x\ny"])
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ACTIONS = st.one_of(
    st.sampled_from(["right", "wrong", "skip", "undo", "undo", "open", "kill"]).map(lambda a: (a,)),
    st.tuples(st.just("correct"), VALUES),
    st.tuples(st.just("torn"), st.integers(1, 40)),
)


@given(st.lists(ACTIONS, max_size=40), st.integers(0, 3), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_any_actions_are_what_is_read_again(actions, seed, share):
    queue = queue_of(REPORTS, seed=seed, audit=share)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.jsonl"
        session, expected = LabelSession(queue, path), []
        for name, *values in actions:
            if name in ("open", "kill", "torn"):
                session.close()
                if name == "torn":  # a line of which a part was written when the process ended
                    line = b'{"document": "d1", "field": "/a", "right": tru'
                    path.write_bytes(path.read_bytes() + line[: values[0]])
                session = LabelSession(queue_of(REPORTS, seed=seed, audit=share), path)
            elif name == "undo":
                assert session.undo() == (expected.pop() if expected else None)
            elif session.current is not None:
                item = session.current
                label = getattr(session, name)(*values)
                assert label.key == item.key
                expected.append(label)
            assert list(session.labels) == expected
        current = session.current
        session.close()
        with LabelSession(queue, path) as session:
            assert list(session.labels) == expected
            assert session.current == current
        read = fc.labels(path).truths

    # each value once; the audit labels are the first ones of the random order
    keys = [label.key for label in expected]
    assert len(set(keys)) == len(keys)
    audited = [label.key for label in expected if label.drawn == "audit"]
    assert audited == [item.key for item in queue.audit[: len(audited)]]
    # what labels() reads are the labels that are no skipped values
    found = {
        (document, steps): v for document, truth in read.items() for steps, (v,) in truth.items()
    }
    assert len(found) == sum(label.right is not None for label in expected)
    for label in expected:
        steps = tuple(label.field.split("/")[1:])
        if label.right is not None:
            verdict = LabelVerdict(label.right, (label.answer,))
            assert found[label.document, steps] == (label.truth[0] if label.truth else verdict)
