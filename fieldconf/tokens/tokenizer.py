"""Tokenizer: the vocabulary of a Hugging Face tokenizer as bytes, and a chat as tokens.

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
from collections.abc import Mapping, Sequence
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
    is_sentence_piece = "▁" in names or "<0x0A>" in names
    is_byte_level = not is_sentence_piece and "Ġ" in names

    def spell(name: str) -> bytes:
        if is_sentence_piece:
            byte = _BYTE_PIECE.fullmatch(name)
            return bytes.fromhex(byte[1]) if byte else sentence_piece(name)
        raw = byte_level(name) if is_byte_level else None
        return utf8(name) if raw is None else raw

    tokens = {
        token: utf8(name) if token in added else spell(name)
        for name, token in names.items()
        if token not in special
    }
    return Vocabulary(tokens)


def chat_tokens(
    tokenizer: Any, messages: Sequence[Mapping[str, Any]], template: Mapping[str, Any]
) -> tuple[int, ...]:
    """The tokens of chat messages and of the marks that open the answer."""
    encoded = tokenizer.apply_chat_template(
        list(messages), add_generation_prompt=True, tokenize=True, **template
    )
    # Since version 5 it is a mapping by default.
    return tuple(cast("Any", encoded["input_ids"] if isinstance(encoded, Mapping) else encoded))
