"""Tokenizers of Hugging Face: their vocabulary as bytes, and a chat as tokens.

In:    a fast tokenizer, or anything with ``get_vocab``, ``all_special_ids``, and, for chats,
       ``apply_chat_template``. It is never imported here.
Out:   a ``Vocabulary``; token ids.
Why:   the servers that take token ids name tokens by id, and the tokenizer knows their bytes.

Quirks of ``get_vocab``, whose keys are names and not texts:

- byte-level BPE (GPT-2, Llama 3, Qwen): each character names a byte, ``Ġ`` a space;
- SentencePiece (Llama 2, Gemma, T5): ``▁`` is a space, ``<0xE2>`` a byte;
- tokens added later are texts in both, special or not: ``added_tokens_decoder`` lists them;
- WordPiece (``##ing``) marks what continues a word; no model that writes JSON has it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from fieldconf.tokens.spelling import byte_level, sentence_piece
from fieldconf.tokens.token import utf8
from fieldconf.tokens.vocabulary import Vocabulary

_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def vocabulary_of(tokenizer: Any) -> Vocabulary:
    """The vocabulary of a Hugging Face tokenizer, without its special tokens."""
    names = cast("Mapping[str, int]", tokenizer.get_vocab())
    special = set(tokenizer.all_special_ids)
    added = getattr(tokenizer, "added_tokens_decoder", {})
    spell = _reader(names)
    tokens = {
        token: utf8(name) if token in added else spell(name)
        for name, token in names.items()
        if token not in special
    }
    return Vocabulary(tokens)


def _reader(names: Mapping[str, int]) -> Callable[[str], bytes]:
    """How the names of this vocabulary are to be read."""
    if "▁" in names or "<0x0A>" in names:
        return _sentence_piece
    return _byte_level if "Ġ" in names else utf8


def _sentence_piece(name: str) -> bytes:
    byte = _BYTE_PIECE.fullmatch(name)
    return bytes.fromhex(byte[1]) if byte else sentence_piece(name)


def _byte_level(name: str) -> bytes:
    raw = byte_level(name)
    return utf8(name) if raw is None else raw


def chat_tokens(
    tokenizer: Any, messages: Sequence[Mapping[str, Any]], template: Mapping[str, Any]
) -> tuple[int, ...]:
    """The tokens of chat messages, and of what opens the answer."""
    encoded = tokenizer.apply_chat_template(
        list(messages), add_generation_prompt=True, tokenize=True, **template
    )
    # Since version 5 it is a mapping unless told otherwise.
    ids = cast("Any", encoded["input_ids"] if isinstance(encoded, Mapping) else encoded)
    return tuple(ids)
