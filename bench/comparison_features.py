"""What the peers' own descriptions say of features: a sentence of each for every feature it states.

In:    nothing.
Out:   `FEATURES`: for each feature, the words of a peer's description that state it.
Never: our opinion of a peer: `comparison.py` refuses words that the installed package's own
       description does not contain; where there are none, the cell is "not stated".
Why:   a table of features that its authors fill in by hand is an advertisement.
"""

STRUCTURED, PARSER, PATHS = "structured-logprobs", "logprobs-parser", "llm-structured-confidence"
UQ, CONFIDENCE, ENUMS = "agentuq", "llm-confidence", "distenum"

FEATURES: dict[str, dict[str, str]] = {
    "a number for each value": {
        STRUCTURED: "mapping characters to token indices",
        PATHS: "aligns token logprobs to exact JSON value spans",
        UQ: "Localize risk to the exact span that matters",
        CONFIDENCE: "Aggregate probabilities to calculate confidence scores for key-value pairs",
    },
    "values in nested objects and lists": {
        STRUCTURED: "'the_two_nicest_colors': [-0.0033997903, -0.011364183612649998]",
        PATHS: "Deeply nested: array inside array",
        CONFIDENCE: "Handle nested keys to compute confidence scores for related fields",
    },
    "probabilities of the other members of an enum": {
        PATHS: 'so token prefixes like `"Pos"` can resolve back to `"Positive"`',
        ENUMS: "converts `enum`-type string fields into probability distributions",
    },
    "reads OpenAI's Responses": {
        UQ: "OpenAI Responses API is the stable integration path",
    },
    "reads Gemini": {
        PATHS: "`google.genai.GenerateContentResponse`",
        UQ: "OpenRouter, LiteLLM, Gemini, Fireworks, Together, LangChain",
    },
    "reads saved JSON of a batch": {
        PATHS: "raw OpenAI batch response dict with `choices`",
    },
    "decides what to do with a value": {
        UQ: "annotate the trace, regenerate a risky span, retry the step",
    },
    "data frames": {
        PATHS: "For DataFrame helpers",
    },
    "lower and upper bounds": {},
    "streams, field by field": {},
    "calibration on labels": {},
    "thresholds with a guarantee": {},
}

OURS = {
    "a number for each value": "numbers.md",
    "values in nested objects and lists": "numbers.md",
    "probabilities of the other members of an enum": "numbers.md",
    "reads OpenAI's Responses": "providers.md",
    "reads Gemini": "providers.md",
    "reads saved JSON of a batch": "batch.md",
    "decides what to do with a value": "policies.md",
    "data frames": "guide.md",
    "lower and upper bounds": "explanation/numbers-in-pictures.md",
    "streams, field by field": "streaming.md",
    "calibration on labels": "calibration.md",
    "thresholds with a guarantee": "explanation/guarantee.md",
}
