"""Vocabulary: all tokens of a model, sorted by their bytes.

In:    token ids and the bytes of each; a predicate over bytes.
Out:   ``Vocabulary``: ids by bytes, bytes by id, and the tokens that satisfy a monotone predicate.
Never: a test of every token: the predicate prunes whole prefixes.
Why:   settling a field tests the vocabulary against the schema thousands of times.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from os.path import commonprefix
from typing import cast


class Vocabulary:
    """All tokens of a model, in the order of their bytes.

    Tokens without bytes (the marks of a chat template, the end of an answer) are left out: they
    write nothing. Several tokens may have the same bytes.

    Attributes:
        every: all tokens, in the order of their bytes.

    >>> vocabulary = Vocabulary({0: b"", 1: b"tr", 2: b"true", 3: b"ue", 4: b"tr"})
    >>> vocabulary.id_of(b"tr"), vocabulary.bytes_of(3), len(vocabulary)
    (1, b'ue', 4)
    >>> vocabulary.possible(b"true".startswith)
    [1, 4, 2]
    """

    def __init__(self, tokens: Mapping[int, bytes]) -> None:
        self._bytes = {token: data for token, data in tokens.items() if data}
        ordered = sorted((data, token) for token, data in self._bytes.items())
        self._sorted = [data for data, _ in ordered]
        self.every = [token for _, token in ordered]
        self._lowest = dict(reversed(ordered))  # of equal keys, the last one stays

    def __len__(self) -> int:
        return len(self.every)

    def id_of(self, data: bytes) -> int | None:
        """The token with these bytes (the lowest, if there are several), or None."""
        return self._lowest.get(data)

    def bytes_of(self, token: int) -> bytes | None:
        """The bytes of a token, or None if it is unknown or has none."""
        return self._bytes.get(token)

    def possible(self, is_possible: Callable[[bytes], bool]) -> list[int]:
        """The tokens whose bytes are possible, in the order of their bytes.

        Args:
            is_possible: must be monotone: if it is false for some bytes, it is false for all
                that begin with them. It gets shared beginnings first, so that whole branches of
                the vocabulary are skipped.
        """
        ids: list[int] = []
        todo = [(0, len(self.every), 0)]  # start, stop, and how many bytes they have in common
        while todo:
            start, stop, depth = todo.pop()
            if start == stop:
                continue
            # The branch: the tokens with the same next byte as the first one.
            first, end = self._sorted[start], stop
            if first[depth] < 0xFF:
                after = first[:depth] + bytes((first[depth] + 1,))
                end = bisect_left(self._sorted, after, start, stop)
            todo.append((end, stop, depth))
            both = (first, self._sorted[end - 1])
            shared = cast("bytes", commonprefix(both))  # noqa: RUF071  # of bytes, no paths
            if is_possible(shared):
                same = bisect_right(self._sorted, shared, start, end)
                ids += self.every[start:same]
                todo.append((same, end, len(shared)))
        return ids
