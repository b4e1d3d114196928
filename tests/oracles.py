"""Slow, obvious references: an aligner by brute force, and a language model small enough to list.

They share nothing with the library: the aligner looks at each byte, the enumerator at each text.
"""

import json
import math
import random
import re

import regex

# -- where values stand -------------------------------------------------------------------------

_BLANK = re.compile(r"[ \t\r\n]*")


def values_in(text):
    """path -> (start byte, stop byte, value) of every value of a JSON text, found recursively."""
    found = {}

    def skip(at):
        return _BLANK.match(text, at).end()

    def read(at, path):
        at = skip(at)
        if text[at] == "{":
            value, stop = read_items(at, path, "}", keyed=True)
        elif text[at] == "[":
            value, stop = read_items(at, path, "]", keyed=False)
        else:
            value, stop = json.JSONDecoder().raw_decode(text, at)
        found[path] = (len(text[:at].encode()), len(text[:stop].encode()), value)
        return value, stop

    def read_items(at, path, closer, *, keyed):
        items, at = ({} if keyed else []), skip(at + 1)
        while text[at] != closer:
            key = len(items)
            if keyed:
                key, at = json.JSONDecoder().raw_decode(text, skip(at))
                at = skip(at) + 1  # the colon
            value, at = read(at, (*path, key))
            if keyed:
                items[key] = value
            else:
                items.append(value)
            at = skip(at)
            at = skip(at + 1) if text[at] == "," else at
        return items, at + 1

    read(0, ())
    return found


def touching(pieces, start, stop):
    """Indexes of the pieces (bytes) that overlap the bytes ``start:stop``, found byte by byte.

    A piece without bytes counts where it stands strictly inside.
    """
    writer, found, at = [], set(), 0
    for index, piece in enumerate(pieces):
        if not piece and start < at < stop:
            found.add(index)
        writer += [index] * len(piece)
        at += len(piece)
    return sorted(found | {writer[byte] for byte in range(start, stop)})


def joint(tokens, start, stop):
    """Sum of the logprobs of the tokens that overlap the bytes ``start:stop``."""
    return math.fsum(tokens[i].logprob for i in touching([t.bytes for t in tokens], start, stop))


# -- a made-up language model -------------------------------------------------------------------


class TinyModel:
    """A vocabulary, and for every text a distribution over it, made up from a seed."""

    def __init__(self, vocabulary, seed):
        self.vocabulary = vocabulary
        self.seed = seed

    def distribution(self, text):
        """token -> probability after a text; any text has one, and they differ wildly."""
        dice = random.Random(repr((self.seed, text)))
        weights = [dice.random() ** 4 + 1e-6 for _ in self.vocabulary]
        total = math.fsum(weights)
        return {t: w / total for t, w in zip(self.vocabulary, weights, strict=True)}


class Place:
    """A place in an answer where one of some members must stand.

    Args:
        before: a regular expression of what stands before the value.
        members: the values; their spellings are JSON's, with and without escapes.
        after: a regular expression of what may follow.
    """

    def __init__(self, before, members, after):
        self.members = members
        self._one = [regex.compile(before + spelled(m) + after) for m in members]

    def allows(self, text):
        """The members that some continuation of the text still writes, by position."""
        return [i for i, one in enumerate(self._one) if one.fullmatch(text, partial=True)]

    def decided(self, text):
        """The member that the text has written to its end, or None."""
        whole = [i for i, one in enumerate(self._one) if one.fullmatch(text)]
        return whole[0] if whole else None


def spelled(member):
    """A regular expression (of bytes) of the ways to write a member as JSON."""
    if not isinstance(member, str):
        return re.escape(json.dumps(member).encode())
    ways = [
        b"(?:%s|%s)" % (re.escape(c.encode()), re.escape(json.dumps(c)[1:-1].encode()))
        for c in member
    ]
    return b'"' + b"".join(ways) + b'"'


def masked(model, place, text):
    """The distribution over tokens after a text, held to what the place allows."""
    free = model.distribution(text)
    legal = {t: p for t, p in free.items() if t and place.allows(text + t)}
    total = math.fsum(legal.values())
    return {t: p / total for t, p in legal.items()}


def enumerate_members(model, place, text, known=None):
    """Each member's probability under the masked process from a text on: every path is walked."""
    known = {} if known is None else known
    if text in known:
        return known[text]
    result = [0.0] * len(place.members)
    decided = place.decided(text)
    if decided is not None:
        result[decided] = 1.0
    else:
        for piece, probability in masked(model, place, text).items():
            following = enumerate_members(model, place, text + piece, known)
            result = [r + probability * f for r, f in zip(result, following, strict=True)]
    known[text] = result
    return result
