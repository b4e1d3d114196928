"""Probes: the vocabulary, and what is asked of each kind of server."""

from hypothesis import example, given
from hypothesis import strategies as st

from fieldconf.probes import Vocabulary

# -- the vocabulary -------------------------------------------------------------------------------

# Few bytes, so that tokens share beginnings; the last byte there is among them.
pieces = st.binary(max_size=6).map(lambda raw: bytes(b"ab\xff"[byte % 3] for byte in raw))


@given(st.dictionaries(st.integers(0, 50), pieces), st.lists(pieces, max_size=4))
@example({0: b"a", 1: b"a", 2: b"\xff\xff", 3: b"\xff", 4: b""}, [b"a", b"\xff\xff"])
def test_possible_is_what_asking_about_every_token_would_give(tokens, members):
    vocabulary = Vocabulary(tokens)

    def is_possible(data):
        return any(m.startswith(data) or (m and data.startswith(m)) for m in members)

    slow = [token for token, data in tokens.items() if data and is_possible(data)]
    assert sorted(vocabulary.possible(is_possible)) == sorted(slow)
    assert len(vocabulary) == sum(map(bool, tokens.values()))
    for token, data in tokens.items():
        assert vocabulary.bytes_of(token) == (data or None)
        same = [other for other, spelled in tokens.items() if data and spelled == data]
        assert vocabulary.id_of(data) == min(same, default=None)


def test_possible_asks_about_branches_and_not_about_tokens():
    words = [bytes((a, b, c)) for a in b"abcdef" for b in b"abcdef" for c in b"abcdef"]
    vocabulary = Vocabulary(dict(enumerate(words)))
    asked = []
    found = vocabulary.possible(lambda data: asked.append(data) or b"fed".startswith(data))
    assert [vocabulary.bytes_of(token) for token in found] == [b"fed"]
    assert len(asked) == 3 * 6


def test_an_empty_vocabulary_has_nothing():
    vocabulary = Vocabulary({})
    assert vocabulary.possible(lambda data: True) == []
    assert vocabulary.id_of(b"a") is vocabulary.bytes_of(0) is None
