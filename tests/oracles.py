"""Slow, obvious references: an aligner by brute force, and a language model small enough to list.

They share nothing with the library: the aligner looks at each byte, the enumerator at each text.
"""

import hashlib
import json
import math
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
    """A vocabulary, and for every text a distribution over it, made up from a seed.

    Args:
        vocabulary: its tokens (bytes); the empty one stands for the end token.
        seed: what its numbers are made of.
        never: a compiled expression; a token that would make a text with a match of it has no
            probability at all. So no walk is endless.
        leaning: whether the model means to write a text. It then gives the tokens that lead
            elsewhere little, as a model does that was asked well.
    """

    def __init__(self, vocabulary, seed, never=None, leaning=None):
        self.vocabulary = list(vocabulary)
        self.seed = seed
        self.never = never
        self.leaning = leaning
        self._known = {}

    def distribution(self, text):
        """token -> probability after a text; any text has one, and they differ wildly."""
        if text not in self._known:
            weights = {token: self._weight(text, token) for token in self.vocabulary}
            total = math.fsum(weights.values())
            self._known[text] = {t: w / total for t, w in weights.items()}
        return self._known[text]

    def _weight(self, text, token):
        if self.never is not None and token and self.never.search(text + token):
            return 0.0
        dice = hashlib.blake2b(repr((self.seed, text, token)).encode(), digest_size=7).digest()
        weight = (int.from_bytes(dice) / 2**56) ** 4 + 1e-6
        if self.leaning is not None and not (token and self.leaning(text + token)):
            weight /= 1000
        return weight


class Answers:
    """Texts that some outcome tells apart: of each outcome a regular expression of its texts.

    The texts are those that decoding held to the schema may write, given how they begin.
    """

    def __init__(self, patterns):
        self._one = [regex.compile(pattern, cache_pattern=False) for pattern in patterns]
        self._known = {}

    def __len__(self):
        return len(self._one)

    def allows(self, text):
        """The outcomes that some continuation of the text still has, by position."""
        if text not in self._known:
            self._known[text] = [
                i for i, one in enumerate(self._one) if one.fullmatch(text, partial=True)
            ]
        return self._known[text]


# JSON's short escapes
_SHORT = {'"': rb"\\\"", "\\": rb"\\\\", "/": rb"\\/", "\n": rb"\\n", "\t": rb"\\t", "\b": rb"\\b",
          "\f": rb"\\f", "\r": rb"\\r"}  # fmt: skip


def spelled(member):
    """A regular expression (of bytes) of the ways to write a scalar as JSON.

    Of numbers without an exponent: zeros may follow the fraction, and zero may have a sign.
    """
    if isinstance(member, str):
        return b'"' + b"".join(_spelled_character(c) for c in member) + b'"'
    text = re.escape(json.dumps(member).encode())
    if member is None or isinstance(member, bool):
        return text
    sign = b"-?" if member == 0 else b""
    return sign + text + (rb"0*" if b"." in text else rb"(?:\.0+)?")


def _spelled_character(character):
    ways = [_escaped(character)]
    if character in _SHORT:
        ways.append(_SHORT[character])
    if character not in '"\\' and character >= " ":
        ways.append(re.escape(character.encode()))
    return b"(?:%s)" % b"|".join(ways)


def _escaped(character):
    units = character.encode("utf-16-be")
    pairs = [units[i : i + 2].hex() for i in range(0, len(units), 2)]
    return b"".join(rb"\\u(?i:%s)" % pair.encode() for pair in pairs)


def masked(model, answers, text):
    """The distribution over tokens after a text, held to the answers."""
    free = model.distribution(text)
    legal = {t: p for t, p in free.items() if t and p and answers.allows(text + t)}
    total = math.fsum(legal.values())
    return {t: p / total for t, p in legal.items()}


def enumerate_outcomes(model, answers, text, known=None):
    """Each outcome's probability under the masked process from a text on: every path is walked."""
    known = {} if known is None else known
    if text in known:
        return known[text]
    result = [0.0] * len(answers)
    left = answers.allows(text)
    if len(left) == 1:
        result[left[0]] = 1.0
    else:
        for piece, probability in masked(model, answers, text).items():
            following = enumerate_outcomes(model, answers, text + piece, known)
            result = [r + probability * f for r, f in zip(result, following, strict=True)]
    known[text] = result
    return result


# -- who writes the answer ------------------------------------------------------------------------


def written_held(model, answers, text, stop, dice):
    """(text before, token) of each token of an answer, held to the answers at every token."""
    pieces = []
    while not stop(text):
        legal = masked(model, answers, text)
        piece = dice.choices(list(legal), list(legal.values()))[0]
        pieces.append((text, piece))
        text += piece
    return pieces


def written_freely(model, answers, text, stop, dice, patience=200):
    """The same by a model that nothing holds: what is no answer is thrown away as a whole.

    None if that happened too often.
    """
    for _ in range(patience):
        pieces, so_far = [], text
        while not stop(so_far):
            free = model.distribution(so_far)
            piece = dice.choices(list(free), list(free.values()))[0]
            if not piece or not answers.allows(so_far + piece):
                break
            pieces.append((so_far, piece))
            so_far += piece
        else:
            return pieces
    return None
