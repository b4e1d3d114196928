"""Forms: request parameters for an answer in the form of a schema, with logprobs.

In:    an ``AnswerForm`` (a name and a JSON Schema), and the number of candidates for each token.
Out:   the parameters of a provider's own call.
Never: a provider's name: the table assigns a form to each provider.
Why:   there are fewer forms of requests than there are providers.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

QuestionKind: TypeAlias = Literal["predicate", "choice", "score"]


class DecisionQuestion(NamedTuple):
    """One question of a decision endpoint.

    Attributes:
        name: the name of its answer: the JSON Pointer of a field.
        kind: what the answer has probabilities of: a statement, choices, or levels (the lowest
            first).
        instructions: the text of the question.
        labels: the names of the choices or levels; none for a predicate.
    """

    name: str
    kind: QuestionKind
    instructions: str
    labels: tuple[str | bool, ...] = ()


class AnswerForm(NamedTuple):
    """The form that an answer should have.

    Attributes:
        name: the name of the schema.
        schema: a JSON Schema that the provider's grammar supports.
        questions: returns the questions for the same fields, for endpoints without schemas.
    """

    name: str
    schema: Mapping[str, Any]
    questions: Callable[[], Sequence[DecisionQuestion]] = tuple[DecisionQuestion, ...]


Ask: TypeAlias = Callable[[AnswerForm, int], dict[str, Any]]
"""From the form of the answer and a number of candidates to the parameters of the call."""


def json_schema(form: AnswerForm) -> dict[str, Any]:
    """The answer in strict JSON Schema form, as a `response_format`."""
    json_form = {"name": form.name, "strict": True, "schema": form.schema}
    return {"type": "json_schema", "json_schema": json_form}


def chat(form: AnswerForm, count: int) -> dict[str, Any]:
    """OpenAI Chat Completions, and most servers that copy it."""
    return {"logprobs": True, "top_logprobs": count, "response_format": json_schema(form)}


def chat_json(form: AnswerForm, count: int) -> dict[str, Any]:
    """Any JSON object: the prompt must describe the form."""
    del form
    return {"logprobs": True, "top_logprobs": count, "response_format": {"type": "json_object"}}


def chat_json_with_schema(form: AnswerForm, count: int) -> dict[str, Any]:
    """llama-cpp-python: a JSON object with a schema."""
    json_form = {"type": "json_object", "schema": form.schema}
    return {"logprobs": True, "top_logprobs": count, "response_format": json_form}


def chat_unconstrained(form: AnswerForm, count: int) -> dict[str, Any]:
    """A server without structured output: the prompt must describe the form."""
    del form
    return {"logprobs": True, "top_logprobs": count}


def chat_counted(form: AnswerForm, count: int) -> dict[str, Any]:
    """``logprobs`` is the number of candidates instead of a boolean."""
    return {"logprobs": count, "response_format": json_schema(form)}


def responses(form: AnswerForm, count: int) -> dict[str, Any]:
    """OpenAI Responses: logprobs must be included by name."""
    json_form = {"type": "json_schema", "name": form.name, "strict": True, "schema": form.schema}
    return {
        "include": ["message.output_text.logprobs"],
        "top_logprobs": count,
        "text": {"format": json_form},
    }


def completions(form: AnswerForm, count: int) -> dict[str, Any]:
    """Legacy completions: ``logprobs`` is the number, and there is no form."""
    del form
    return {"logprobs": count}


def completions_with_schema(form: AnswerForm, count: int) -> dict[str, Any]:
    """Completions of vLLM, which supports schemas."""
    return {"logprobs": count, "extra_body": {"response_format": json_schema(form)}}


def gemini(form: AnswerForm, count: int) -> dict[str, Any]:
    """google-genai: all parameters are in `config`."""
    # 1 to 20 candidates; without the number only the chosen tokens are listed.
    logprobs = {"response_logprobs": True} | ({"logprobs": count} if count else {})
    schema = {"response_mime_type": "application/json", "response_json_schema": form.schema}
    return {"config": {**logprobs, **schema}}


def ollama(form: AnswerForm, count: int) -> dict[str, Any]:
    """Ollama's own API."""
    return {"logprobs": True, "top_logprobs": count, "format": form.schema}


def llama_cpp(form: AnswerForm, count: int) -> dict[str, Any]:
    """llama.cpp's own `/completion`."""
    return {"n_probs": count, "json_schema": form.schema}


def sglang(form: AnswerForm, count: int) -> dict[str, Any]:
    """SGLang's own `/generate`."""
    return {
        "return_logprob": True,
        "top_logprobs_num": count,
        "return_text_in_logprobs": True,  # else ids only
        "sampling_params": {"json_schema": json.dumps(form.schema)},
    }


def tgi(form: AnswerForm, count: int) -> dict[str, Any]:
    """Text Generation Inference's own `/generate`."""
    json_form = {"type": "json", "value": form.schema}
    return {"details": True, "top_n_tokens": count, "grammar": json_form}


def cohere(form: AnswerForm, count: int) -> dict[str, Any]:
    """Cohere v2."""
    del count  # it lists no candidates, and refuses the parameter
    json_form = {"type": "json_object", "json_schema": form.schema}
    return {"logprobs": True, "response_format": json_form}


def transformers(form: AnswerForm, count: int) -> dict[str, Any]:
    """Hugging Face's `generate`."""
    del form, count  # the tensors hold the whole vocabulary
    return {"return_dict_in_generate": True, "output_scores": True, "output_logits": True}


# -- without the form, or without logprobs -------------------------------------------------------

_FORM = frozenset({
    "response_format", "text", "extra_body", "response_mime_type", "response_json_schema",
    "format", "json_schema", "sampling_params", "grammar",
})  # fmt: skip
"""The parameters that give the answer its form."""
_LOGPROBS = frozenset({"logprobs", "top_logprobs", "include"})


def _without(names: frozenset[str], ask: Ask) -> Ask:
    """The same request without some of its parameters."""

    def kept(parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: kept(value) if name == "config" else value
            for name, value in parameters.items()
            if name not in names
        }

    return lambda form, count: kept(ask(form, count))


LABELS: Mapping[Ask, Ask] = {
    ask: _without(_FORM, ask)
    for ask in (
        chat, chat_json, chat_json_with_schema, chat_unconstrained, chat_counted, responses,
        completions, completions_with_schema, gemini, ollama, llama_cpp, sglang, tgi, cohere,
        transformers,
    )
}  # fmt: skip
"""The same request for a bare text, with logprobs and without a form."""

bare_chat = _without(_LOGPROBS, chat)
bare_chat_json = _without(_LOGPROBS, chat_json)
bare_chat_unconstrained = _without(_LOGPROBS, chat_unconstrained)
bare_responses = _without(_LOGPROBS, responses)

BARE: Mapping[Ask, Ask] = {
    chat: bare_chat,
    chat_counted: bare_chat,
    chat_json: bare_chat_json,
    chat_unconstrained: bare_chat_unconstrained,
    responses: bare_responses,
}
"""The same request without logprobs, for models that refuse them."""


# -- one of a few texts ---------------------------------------------------------------------------

Choice: TypeAlias = Callable[[Sequence[str]], dict[str, Any]]
"""From texts to the parameters that restrict an answer to one of them."""


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
    """google-genai: an enum that is written without quotes."""
    schema = {"type": "STRING", "enum": list(texts)}
    return {"config": {"response_mime_type": "text/x.enum", "response_schema": schema}}


def _regex(texts: Sequence[str]) -> str:
    """A regular expression for one of the texts that has the same meaning in all dialects."""
    escaped = [re.sub(r"[\\.*+?()\[\]{}|^$]", r"\\\g<0>", text) for text in texts]
    return f"({'|'.join(escaped)})"


# -- questions instead of a text ----------------------------------------------------------------


def decisions(form: AnswerForm, count: int) -> dict[str, Any]:
    """OpenAI Decisions, and servers that copy it: a list of questions with names."""
    del count  # an answer has no tokens
    questions: list[dict[str, Any]] = []
    for question in form.questions():
        plain: dict[str, Any] = {
            "type": question.kind, "name": question.name, "instructions": question.instructions,
        }  # fmt: skip
        if question.kind == "choice":
            plain["choices"] = [{"value": label} for label in question.labels]
        if question.kind == "score":
            plain["levels"] = [{"label": label} for label in question.labels]
        questions.append(plain)
    return {"questions": questions}


def system_one(form: AnswerForm, count: int) -> dict[str, Any]:
    """System One: questions by their names, with criteria."""
    del count
    questions: dict[str, dict[str, Any]] = {}
    for question in form.questions():
        kind = "noul" if question.kind == "predicate" else question.kind
        plain: dict[str, Any] = {"type": kind, "instructions": question.instructions}
        labels = [m if isinstance(m, str) else json.dumps(m) for m in question.labels]
        if question.kind == "choice":
            plain["criteria"] = dict.fromkeys(labels)  # without descriptions
        if question.kind == "score":
            plain["criteria"] = labels
        questions[question.name] = plain
    return {"questions": questions}
