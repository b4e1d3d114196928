"""Framework table: what to pass if something is between user and provider, and what it lost.

In:    nothing.
Out:   rows of facts about frameworks, files, recorders and engines.
Never: a loss that no test compares with what is read of a sample.
Why:   the page docs/providers.md tells what to pass, and the tests that it is true.
"""

from typing import Literal, NamedTuple, TypeAlias

from fieldconf.providers.provider_table import Evidence

Loss: TypeAlias = Literal["logprobs", "bytes", "candidates", "model", "finish reason"]


class Framework(NamedTuple):
    """A structure around responses.

    Attributes:
        title: its name for people.
        give: the objects that ``score`` reads.
        lost: the parts of a response that none of its objects has.
        also: other losses, in words: those of some of its paths, or in some cases.
        advice: what to do to lose no more.
        samples: names of payloads in the tests' fixtures; each has the losses of ``lost``.
        evidence: what the reading is tested with.
    """

    title: str
    give: str
    lost: tuple[Loss, ...] = ()
    also: str = ""
    advice: str = ""
    samples: tuple[str, ...] = ()
    evidence: Evidence = "documentation"


FRAMEWORKS = (
    Framework(
        "a provider's own client",
        "the object that it returns, or the list of its chunks",
        advice="Collect the chunks of an asynchronous stream first: "
        "`[chunk async for chunk in stream]`.",
        samples=("openai_chat", "openai_chat_stream"),
        evidence="vendor types",
    ),
    Framework(
        "HTTP without a client",
        "the response of httpx or requests, its bytes, its text, or its JSON; the text of a stream "
        "of events",
        samples=("openai_chat", "ollama_chat"),
        evidence="vendor types",
    ),
    Framework(
        "a part of a response",
        "`completion.choices` or one choice",
        ("model",),
        "The usage, and the server's fingerprint. A message has no logprobs.",
        "Pass `completion`.",
        ("choice_alone", "choices_alone"),
        "vendor types",
    ),
    Framework(
        "a part of Gemini's response",
        "`response.candidates` or one candidate",
        ("bytes", "model"),
        "The usage. Gemini never gives bytes.",
        "Pass the response.",
        ("gemini_candidate_alone",),
        "vendor types",
    ),
    Framework(
        "a part of Responses",
        "`response.output` or its message",
        ("model", "finish reason"),
        "The usage.",
        "Pass the response.",
        ("output_alone",),
        "vendor types",
    ),
    Framework(
        "LangChain",
        "the `AIMessage`, its chunks, what `with_structured_output(..., include_raw=True)` "
        "returns, or a callback's `LLMResult`",
        (),
        "Its path to Responses and its google-genai package lose the logprobs; its Vertex package "
        "the bytes, and in old versions tokens with logprob 0.0.",
        "Ask with `method='json_schema'`: tool calls have no logprobs at OpenAI.",
        ("langchain_aimessage",),
        "vendor types",
    ),
    Framework(
        "LangChain `dumpd` and `dumps`, LangSmith",
        "the dump of a message, or a run",
        (),
        "An `LLMResult` cannot be dumped.",
        "Dump its messages: `dumpd(result.generations[0][0].message)`.",
        ("langchain_dumpd", "langsmith_run"),
        "vendor types",
    ),
    Framework(
        "LiteLLM",
        "the `ModelResponse`, or the list of its chunks",
        (),
        "`stream_chunk_builder` loses the logprobs of chats; of Gemini the bytes are lost.",
        "Keep the chunks, and pass them.",
        ("openai_chat", "openai_chat_stream"),
        "vendor types",
    ),
    Framework(
        "pydantic-ai",
        "the result of a run, a `ModelResponse`, or the list of messages",
        (),
        "Tool output has no logprobs.",
        "Use `NativeOutput`, with the settings `openai_logprobs` and `openai_top_logprobs`, or "
        "`google_logprobs`.",
        ("pydantic_ai_chat",),
        "vendor types",
    ),
    Framework(
        "instructor",
        "the pair of `create_with_completion`, its completion, or its model",
        (),
        "With `Mode.TOOLS` there are no logprobs.",
        "Use `Mode.JSON_SCHEMA` or `Mode.JSON`.",
        ("openai_chat",),
        "vendor types",
    ),
    Framework(
        "Vercel AI SDK",
        "`JSON.stringify(result)`, of a stream what `saved(result)` of [TypeScript](typescript.md) "
        "gives, or the list of its parts",
        ("bytes", "model"),
        "All logprobs of streams of `createOpenAICompatible`; in version 4 those of Responses and "
        "of `streamObject`; in version 5 of streams of `openai.chat` all but the last token's.",
        "Give `createOpenAICompatible` the `metadataExtractor` of [TypeScript](typescript.md); "
        "all paths are there by version.",
        (
            "ai_sdk_v4", "ai_sdk_v5_chat", "ai_sdk_v5_responses",
            "ai_sdk_v7.streamObject.openai.chat.json",
        ),
        "recording",
    ),
    Framework(
        "DSPy",
        "`lm.history[-1]` or its `response`",
        (),
        "For xAI logprobs are off.",
        "Ask with `dspy.LM(..., logprobs=True, top_logprobs=5)` and `dspy.JSONAdapter()`.",
        ("dspy_history", "dspy_response"),
    ),
    Framework(
        "DSPy, without the history",
        "a `Prediction`, its `toDict()`, or an output with `text` and `logprobs`",
        ("model", "finish reason"),
        "A `Prediction` keeps the logprobs of its first completion only.",
        "Pass `lm.history[-1]`.",
        ("dspy_output",),
    ),
    Framework(
        "llama-index",
        "the `ChatResponse` or `CompletionResponse`",
        (),
        "Its own `logprobs` do not name the chosen tokens, so `raw` is read.",
        "Without `raw` pass the response of the provider's client.",
        ("llama_index_chat",),
    ),
    Framework(
        "haystack",
        "the `ChatMessage`, `{'replies': [...]}`, what `run()` returns, or the list of its "
        "`StreamingChunk`s",
        (),
        "Tool calls have no logprobs.",
        "Ask with `generation_kwargs={'logprobs': True, 'top_logprobs': 5}`. If several components "
        "have replies, pass those of one.",
        ("haystack_message", "haystack_run"),
    ),
    Framework(
        "openai-agents",
        "the `RunResult`, one of its `raw_responses`, or the item with the message",
        ("model", "finish reason"),
        "Of a run only the last response is read, which has the final output.",
        "Ask with `ModelSettings(top_logprobs=5)`. For another step pass its response.",
        ("openai_agents_run",),
    ),
    Framework(
        "Semantic Kernel",
        "the `ChatMessageContent`, the list of a stream's, their sum, or a `FunctionResult`",
        (),
        "A dump and its JSON leave the response out; of them `metadata['logprobs']` is read.",
        "Pass the object, or `message.inner_content`.",
        ("semantic_kernel",),
    ),
    Framework(
        "Langfuse",
        "an observation whose output is the whole response",
        (),
        "Its integrations store the message only, without logprobs.",
        "Pass the response itself.",
        ("langfuse_observation",),
    ),
    Framework(
        "vLLM, offline",
        "the list of `RequestOutput` of `LLM.generate` or `LLM.chat`, as objects or dicts",
        ("bytes", "model"),
        "A token that splits a character is unknown.",
        "Ask with `SamplingParams(logprobs=5)`.",
        ("vllm_offline",),
    ),
    Framework(
        "unitxt",
        "a `TextGenerationInferenceOutput`, or its `prediction`",
        ("bytes", "model", "finish reason"),
        "Its Hugging Face engine lists logits, so there are no candidates. Its OpenAI engine does "
        "not say which token was chosen.",
        "Of the OpenAI engine pass the response.",
        ("unitxt_output",),
    ),
    Framework(
        "mlx-engine",
        "the list of its results",
        ("bytes", "model"),
        "Whether its numbers are from before the mask.",
        "",
        ("mlx_engine",),
    ),
    Framework(
        "DJL",
        "the response with `generated_text` and `details`",
        ("bytes", "candidates", "model"),
        "Of alternatives only bounds are known.",
        "",
        ("djl_generate",),
    ),
    Framework(
        "OpenAI .NET",
        "`JsonSerializer.Serialize(completion)`",
        (),
        "Arguments of tool calls that are not JSON text.",
        "",
        ("openai_dotnet",),
    ),
    Framework(
        "sessions of the Azure SDK test proxy",
        "the session (`Entries`) or one entry, as OpenAI .NET records them",
        (),
        "",
        "Of a session with several answers pass one entry.",
        ("test_proxy_session",),
    ),
    Framework(
        "simonw/llm",
        "its `Response` once it is complete, the `response_json` of its log, or the row",
        ("bytes", "model", "finish reason"),
        "Chats have no logprobs there; chunks of several tokens are unknown.",
        "Use a completions model with `-o logprobs 5`.",
        ("llm_log",),
    ),
    Framework(
        "KoboldCpp",
        "the response with `results`",
        ("model",),
        "",
        "Its OpenAI-compatible endpoint gives the usual shape.",
        ("koboldcpp",),
    ),
    Framework(
        "VCR",
        "a cassette or an interaction, as parsed YAML or JSON",
        (),
        "A body that is compressed with anything but gzip or deflate.",
        "Record with `decode_compressed_response=True`.",
        ("vcr_cassette",),
    ),
    Framework(
        "llama-stack",
        "a recording, as parsed JSON",
        samples=("llama_stack_recording",),
    ),
    Framework(
        "logs and tables",
        "a line `{'response': body}`, or a row of a DataFrame; a body may be JSON text",
        (),
        "",
        "Lists that pandas made arrays are read as lists.",
        ("logged_response",),
        "vendor types",
    ),
    Framework("lm-deluge", "the `APIResponse` as a dict", samples=("lm_deluge",)),
    Framework(
        "BAML",
        "`collector.last.calls[-1].http_response.body.json()`",
        (),
        "",
        "Of a stream its body is the list of events: pass that.",
        ("openai_chat", "openai_chat_stream"),
    ),
    Framework(
        "LM Studio's SDK",
        "the list of its fragments",
        ("bytes", "model", "finish reason"),
        "It does not name the chosen token, which is told by the text.",
        "",
        ("lmstudio_sdk_fragment",),
    ),
    Framework(
        "Decision APIs",
        "the response of OpenAI, vLLM, SGLang, Google, TypeSafe, OpenRouter or Ollama",
        ("logprobs", "finish reason"),
        "There are no tokens: each answer is a field with its own probabilities (`basis` "
        '"decision").',
        "",
        ("openai_decision",),
    ),
    Framework(
        "OpenAI Batch",
        "one line of the output file",
        (),
        "Lines are not in the order of the requests.",
        "Join on `custom_id`.",
        ("openai_batch_line",),
    ),
)  # fmt: skip
