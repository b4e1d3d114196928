"""Forms: how a request asks for an answer in a schema's form, with logprobs.

In:    a shape (a name and a JSON Schema), and how many candidates to list for each token.
Out:   the parameters of a provider's own call.
Never: a provider's name: the table says who is asked how.
Why:   there are fewer ways to ask than there are providers.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

QuestionKind: TypeAlias = Literal["predicate", "choice", "score"]


class DecisionQuestion(NamedTuple):
    """One question of a decision endpoint.

    Attributes:
        name: what its answer will be called: the JSON Pointer of a field.
        kind: how it is answered: by the probability of a statement, of each of some choices, or of
            each of some levels, the lowest first.
        instructions: what is asked, in words.
        labels: the choices or levels, as they are called; of a predicate none.
    """

    name: str
    kind: QuestionKind
    instructions: str
    labels: tuple[str | bool, ...] = ()


def _none() -> Sequence[DecisionQuestion]:
    return ()


class AnswerForm(NamedTuple):
    """The form an answer should have.

    Attributes:
        name: what it is called.
        schema: as a JSON Schema, as the provider wants it.
        questions: makes the same as questions, for endpoints that take no schema.
    """

    name: str
    schema: Mapping[str, Any]
    questions: Callable[[], Sequence[DecisionQuestion]] = _none


Ask: TypeAlias = Callable[[AnswerForm, int], dict[str, Any]]
"""From a shape and a number of candidates to the parameters of the provider's call."""


def json_schema(shape: AnswerForm) -> dict[str, Any]:
    """The answer in strict JSON Schema form, as a `response_format`."""
    form = {"name": shape.name, "strict": True, "schema": shape.schema}
    return {"type": "json_schema", "json_schema": form}


def chat(shape: AnswerForm, count: int) -> dict[str, Any]:
    """OpenAI Chat Completions, and most who copy it."""
    return {"logprobs": True, "top_logprobs": count, "response_format": json_schema(shape)}


def chat_json(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Some JSON object: which one, only the prompt can say."""
    del shape
    return {"logprobs": True, "top_logprobs": count, "response_format": {"type": "json_object"}}


def chat_json_with_schema(shape: AnswerForm, count: int) -> dict[str, Any]:
    """llama-cpp-python: a JSON object that has a schema."""
    form = {"type": "json_object", "schema": shape.schema}
    return {"logprobs": True, "top_logprobs": count, "response_format": form}


def chat_unconstrained(shape: AnswerForm, count: int) -> dict[str, Any]:
    """A server without structured output: the prompt must say the form."""
    del shape
    return {"logprobs": True, "top_logprobs": count}


def chat_counted(shape: AnswerForm, count: int) -> dict[str, Any]:
    """The number stands where others have a boolean."""
    return {"logprobs": count, "response_format": json_schema(shape)}


def responses(shape: AnswerForm, count: int) -> dict[str, Any]:
    """OpenAI Responses: logprobs must be included by name."""
    form = {"type": "json_schema", "name": shape.name, "strict": True, "schema": shape.schema}
    return {
        "include": ["message.output_text.logprobs"],
        "top_logprobs": count,
        "text": {"format": form},
    }


def completions(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Legacy completions: a number, and no form."""
    del shape
    return {"logprobs": count}


def completions_with_schema(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Completions of vLLM, which can be held to a schema."""
    return {"logprobs": count, "extra_body": {"response_format": json_schema(shape)}}


def gemini(shape: AnswerForm, count: int) -> dict[str, Any]:
    """google-genai: all of it is in `config`."""
    listed = {"logprobs": count} if count else {}  # 1..20; without it the chosen tokens alone
    form = {"response_mime_type": "application/json", "response_json_schema": shape.schema}
    return {"config": {"response_logprobs": True} | listed | form}


def ollama(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Ollama's own API."""
    return {"logprobs": True, "top_logprobs": count, "format": shape.schema}


def llama_cpp(shape: AnswerForm, count: int) -> dict[str, Any]:
    """llama.cpp's own `/completion`."""
    return {"n_probs": count, "json_schema": shape.schema}


def sglang(shape: AnswerForm, count: int) -> dict[str, Any]:
    """SGLang's own `/generate`."""
    return {
        "return_logprob": True,
        "top_logprobs_num": count,
        "return_text_in_logprobs": True,  # else ids only
        "sampling_params": {"json_schema": json.dumps(shape.schema)},
    }


def tgi(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Text Generation Inference's own `/generate`."""
    form = {"type": "json", "value": shape.schema}
    return {"details": True, "top_n_tokens": count, "grammar": form}


def cohere(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Cohere v2."""
    del count  # it lists no candidates, and refuses the parameter
    form = {"type": "json_object", "json_schema": shape.schema}
    return {"logprobs": True, "response_format": form}


def transformers(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Hugging Face's `generate`."""
    del shape, count  # the tensors hold the whole vocabulary
    return {"return_dict_in_generate": True, "output_scores": True, "output_logits": True}


# -- labels instead of JSON ----------------------------------------------------------------------


def labels_counted(shape: AnswerForm, count: int) -> dict[str, Any]:
    """A bare text where the number stands where others have a boolean."""
    del shape
    return {"logprobs": count}


def labels_responses(shape: AnswerForm, count: int) -> dict[str, Any]:
    """OpenAI Responses, a bare text."""
    del shape
    return {"include": ["message.output_text.logprobs"], "top_logprobs": count}


def labels_gemini(shape: AnswerForm, count: int) -> dict[str, Any]:
    """google-genai, a bare text."""
    del shape
    return {"config": {"response_logprobs": True} | ({"logprobs": count} if count else {})}


def labels_llama_cpp(shape: AnswerForm, count: int) -> dict[str, Any]:
    """llama.cpp's own `/completion`, a bare text."""
    del shape
    return {"n_probs": count}


def labels_sglang(shape: AnswerForm, count: int) -> dict[str, Any]:
    """SGLang's own `/generate`, a bare text."""
    made = sglang(shape, count)
    return {name: value for name, value in made.items() if name != "sampling_params"}


def labels_tgi(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Text Generation Inference's own `/generate`, a bare text."""
    del shape
    return {"details": True, "top_n_tokens": count}


def labels_cohere(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Cohere v2, a bare text."""
    del shape, count
    return {"logprobs": True}


LABELS: Mapping[Ask, Ask] = {
    chat: chat_unconstrained,
    chat_json: chat_unconstrained,
    chat_json_with_schema: chat_unconstrained,
    chat_unconstrained: chat_unconstrained,
    chat_counted: labels_counted,
    responses: labels_responses,
    completions: completions,
    completions_with_schema: completions,
    gemini: labels_gemini,
    ollama: chat_unconstrained,
    llama_cpp: labels_llama_cpp,
    sglang: labels_sglang,
    tgi: labels_tgi,
    cohere: labels_cohere,
    transformers: transformers,
}
"""The same request for a bare text, with logprobs and without a form."""

Choice: TypeAlias = Callable[[Sequence[str]], dict[str, Any]]
"""From texts to the parameters that hold an answer to one of them."""


def choice_vllm(texts: Sequence[str]) -> dict[str, Any]:
    """VLLM's structured outputs (0.12 and later; before that, `guided_choice`)."""
    return {"extra_body": {"structured_outputs": {"choice": list(texts)}}}


def choice_sglang(texts: Sequence[str]) -> dict[str, Any]:
    """SGLang's chat, by a regular expression."""
    return {"extra_body": {"regex": _regex(texts)}}


def choice_sglang_native(texts: Sequence[str]) -> dict[str, Any]:
    """SGLang's own `/generate`, by a regular expression."""
    return {"sampling_params": {"regex": _regex(texts)}}


def choice_llama_cpp(texts: Sequence[str]) -> dict[str, Any]:
    """llama.cpp's chat, by a grammar."""
    return {"extra_body": choice_llama_cpp_native(texts)}


def choice_llama_cpp_native(texts: Sequence[str]) -> dict[str, Any]:
    r"""llama.cpp's own `/completion`, by a grammar.

    >>> print(choice_llama_cpp_native(["a", 'b"'])["grammar"])
    root ::= "a" | "b\""
    """
    # Its strings are escaped as JSON's are.
    return {"grammar": f"root ::= {' | '.join(json.dumps(t, ensure_ascii=False) for t in texts)}"}


def choice_tgi(texts: Sequence[str]) -> dict[str, Any]:
    """Text Generation Inference's own `/generate`, by a regular expression."""
    return {"grammar": {"type": "regex", "value": _regex(texts)}}


def choice_gemini(texts: Sequence[str]) -> dict[str, Any]:
    """google-genai: an enum that is written bare."""
    schema = {"type": "STRING", "enum": list(texts)}
    return {"config": {"response_mime_type": "text/x.enum", "response_schema": schema}}


def _regex(texts: Sequence[str]) -> str:
    """A regular expression for one of these, in what all dialects have in common."""
    return f"({'|'.join(_SPECIAL.sub(_escaped, text) for text in texts)})"


_SPECIAL = re.compile(r"[\\.*+?()\[\]{}|^$]")


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


# -- without logprobs ---------------------------------------------------------------------------


def bare_chat(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Chat Completions of who is held to a schema."""
    del count
    return {"response_format": json_schema(shape)}


def bare_chat_json(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Some JSON object: which one, only the prompt can say."""
    del shape, count
    return {"response_format": {"type": "json_object"}}


def bare_chat_unconstrained(shape: AnswerForm, count: int) -> dict[str, Any]:
    """Chat Completions of who ignores, or refuses, every form: the prompt must say it."""
    del shape, count
    return {}


def bare_responses(shape: AnswerForm, count: int) -> dict[str, Any]:
    """OpenAI Responses."""
    return {"text": responses(shape, count)["text"]}


BARE: Mapping[Ask, Ask] = {
    chat: bare_chat,
    chat_counted: bare_chat,
    chat_json: bare_chat_json,
    chat_unconstrained: bare_chat_unconstrained,
    responses: bare_responses,
}
"""The same request without logprobs, for models that refuse them."""


# -- questions instead of a text ----------------------------------------------------------------


def decisions(shape: AnswerForm, count: int) -> dict[str, Any]:
    """OpenAI Decisions, and who copies it: a list of questions, each with its name."""
    del count  # an answer has no tokens
    return {"questions": [_question(one) for one in shape.questions()]}


def _question(one: DecisionQuestion) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": one.kind, "name": one.name, "instructions": one.instructions
    }  # fmt: skip
    if one.kind == "choice":
        made["choices"] = [{"value": label} for label in one.labels]
    if one.kind == "score":
        made["levels"] = [{"label": label} for label in one.labels]
    return made


def system_one(shape: AnswerForm, count: int) -> dict[str, Any]:
    """System One: questions by their names, with criteria."""
    del count
    return {"questions": {one.name: _criteria(one) for one in shape.questions()}}


def _criteria(one: DecisionQuestion) -> dict[str, Any]:
    kind = "noul" if one.kind == "predicate" else one.kind
    made: dict[str, Any] = {"type": kind, "instructions": one.instructions}
    labels = [label if isinstance(label, str) else json.dumps(label) for label in one.labels]
    if one.kind == "choice":
        made["criteria"] = dict.fromkeys(labels)  # no further descriptions
    if one.kind == "score":
        made["criteria"] = labels
    return made
