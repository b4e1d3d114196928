"""The house: a room imports only from lower floors, and heavy packages only where they are used."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1] / "fieldconf"

# From the ground up; the rooms of one floor do not know each other.
FLOORS = [
    ["errors", "grammar", "paths", "patterns", "reasoning", "threads", "tokens", "probes.base",
     "lazy", "wire.plain",
     "source.dates", "source.folding", "source.fuzzy", "source.numerals",
     "providers", "providers.forms", "providers.grammars", "providers.models", "schema.values"],
    ["jsonparser", "prefix", "scores", "spelling", "render.table",
     "report.ending", "report.readings", "source.quotations",
     "providers.refusals", "providers.table",
     "evaluation.columns", "evaluation.packages", "thresholds.decisions", "thresholds.guarantee",
     "policy.bands", "schema.bounded", "schema.documents", "schema.located", "schema.settings",
     "wire.raw", "wire.tool_calls"],
    ["wire.entries", "wire.kept", "evaluation.resampling", "evaluation.table",
     "schema.proving"],
    ["search", "wire.listed", "evaluation.labelled", "thresholds", "thresholds.cuts"],
    ["wire.held", "thresholds.bounds"],
    ["wire.envelopes", "thresholds.certifying", "thresholds.costs"],
    ["feasible", "finder", "tree", "render", "render.evaluation", "render.lines", "render.summary",
     "probes.tokenizer", "asking",
     "schema.models", "schema.validation", "source.searching",
     "wire.delta", "wire.echo", "wire.frameworks"],
    ["align", "schema.labels", "schema.parts", "render.notebook", "wire.ai_sdk",
     "probes", "probes.llama_cpp", "probes.sglang", "probes.transformers", "probes.vllm",
     "wire.answers", "wire.bare_list", "wire.choices", "wire.cohere", "wire.decisions",
     "wire.fitting",
     "wire.gemini", "wire.llama_cpp", "wire.lm_studio", "wire.names", "wire.responses",
     "wire.sglang", "wire.tgi", "wire.transformers"],
    ["alternatives", "alternatives.fan", "alternatives.memory", "render.html",
     "alternatives.following", "schema.cases",
     "wire.legacy", "wire.openai_chat", "wire.chat_chunk"],
    ["alternatives.listed", "alternatives.tree", "schema.declared", "wire.together_stream"],
    ["schema.places"],
    ["schema.attributes", "schema.restoring"],
    ["schema.compiling"],
    ["schema"],
    ["strict.losses", "strict.words", "policy.patterns", "questions",
     "alternatives.distribution", "alternatives.others", "alternatives.reading", "wire"],
    ["alternatives.settle", "alternatives.steps", "policy.policies", "strict.limits",
     "strict.relations", "strict.writer"],
    ["alternatives.questions", "alternatives.why", "strict"],
    ["alternatives.values", "report.keeping", "report.plain"],
    ["report.field"],
    ["policy.choosing", "policy.reasons", "report.least"],
    ["policy.judging"],
    ["policy"],
    ["report.forms"],
    ["report.reading", "report.packing"],
    ["report.whole"],
    ["report.assembled"],
    ["report", "evidence", "matching"],
    ["evaluation", "calibration", "calibration.curve"],
    ["calibration.members"],
    ["calibration.applying"],
    ["calibration.calibrator"],
    ["containers", "settling", "decided", "source.locating"],
    ["fields", "source", "classification.ending"],
    ["classification.beside", "classification.masses", "classification.question"],
    ["classification.answer"],
    ["classification"],
    ["scoring"],
    ["dropping"],
    ["received"],
    ["streaming", "requesting", "embedded.prompt", "embedded.weights"],
    ["telemetry", "extraction", "extraction.events", "extraction.inputs", "extraction.stopping",
     "embedded.server"],
    ["extraction.apis", "extraction.options"],
    ["extraction.calls"],
    ["extraction.reading"],
    ["extraction.streams"],
    ["second", "second.outline", "second.carrying", "second.combining", "second.labelled",
     "second.patching"],
    ["second.finding", "second.weighing", "second.subschema"],
    ["second.verifying", "second.crosschecking", "second.doubts"],
    ["second.normal", "second.merging"],
    ["second.pairing"],
    ["second.voting"],
    ["second.agreeing"],
    ["second.sampling"],
    ["second.reasking"],
    ["second.cascading"],
    ["extraction.faces"],
    ["many", "many.inputs", "many.keys", "many.locks", "many.results"],
    ["many.lines"],
    ["many.journal"],
    ["many.work"],
    ["many.running"],
    ["many.arunning", "many.files", "many.progress"],
    ["many.faces"],
    ["confident"],
    ["embedded.client"],
    ["embedded"],
    ["testing.answers"],
    ["testing.decisions", "testing.writing"],
    ["testing.payloads"],
    ["testing.replies"],
    ["testing.clients", "testing.server", "testing.assertions"],
    ["testing"],
    ["strategies.cases", "strategies.scalars", "strategies.schemas",
     "strategies.tokenisations"],
    ["strategies.dialects", "strategies.instances", "strategies.streams"],
    ["strategies.completions"],
    ["strategies.reports"],
    ["strategies"],
    ["testing.plugin"],
    ["evaluation.answers", "evaluation.correctness", "evaluation.items",
     "calibration.fitting"],
    ["evaluation.curves", "evaluation.files", "evaluation.judging", "evaluation.verdicts"],
    ["evaluation.groups", "evaluation.labels"],
    ["evaluation.comparing", "evaluation.judged", "evaluation.plotting", "calibration.choosing"],
    ["evaluation.redacting", "calibration.prior"],
    ["evaluation.evaluating", "calibration.calibrating"],
    ["thresholds.reports"],
    ["thresholds.deciding"],
    ["batch.arrow", "batch.envelopes", "batch.schemas", "batch.inputs", "batch.progress"],
    ["batch.formats", "batch.rows", "batch.sources", "batch.parts"],
    ["batch.lines", "batch.summary", "batch.wide"],
    ["batch.blocks", "batch.merging", "batch.scoring"],
    ["batch.working"],
    ["batch.ray_data", "batch.running"],
    ["batch.asking"],
    ["batch.faces"],
    ["batch"],
    [""],
    ["cli.arguments", "cli.showing"],
    ["cli.batching", "cli.each", "cli.evaluating", "cli.local", "cli.scoring"],
    ["cli.extracting"],
    ["cli"],
    ["__main__"],
]  # fmt: skip
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# Who may import these at its top; elsewhere it is done inside a function, or not at all.
HEAVY = {
    "openai": {"embedded.client", "testing.clients", "testing.server"},  # the last for types only
    "pytest": {"testing.plugin"},
    "ray": set(),
    "xllamacpp": set(),
    "hypothesis": {
        "strategies",
        "strategies.completions",
        "strategies.dialects",
        "strategies.instances",
        "strategies.reports",
        "strategies.scalars",
        "strategies.schemas",
        "strategies.streams",
        "strategies.tokenisations",
    },
    "httpx": set(),
    "click": {
        "cli",
        "cli.arguments",
        "cli.batching",
        "cli.each",
        "cli.evaluating",
        "cli.extracting",
        "cli.local",
        "cli.scoring",
        "cli.showing",
    },
    "rich": {
        "cli.showing",
        "render.evaluation",
        "render.lines",
        "render.summary",
        "render.table",
    },  # but for two of them for types only
    "opentelemetry": set(),
    "dateutil": set(),
    "rapidfuzz": set(),
    "pyarrow": set(),
    "numpy": {
        "calibration.calibrator",
        "calibration.choosing",
        "calibration.fitting",
        "calibration.prior",
        "evaluation.comparing",
        "evaluation.curves",
        "evaluation.evaluating",
        "evaluation.groups",
        "evaluation.resampling",
        "evaluation.table",
    },  # for types only
    "scipy": set(),
    "sklearn": set(),
    "matplotlib": set(),
    "torch": set(),
    "transformers": set(),
}
# Whose objects are scored, and who are imported nowhere, not even inside of a function.
NEVER = {
    "together", "google", "ollama", "langchain_core", "langchain_openai", "litellm", "pydantic_ai",
    "instructor", "dspy", "cohere", "mistralai", "groq", "fireworks", "anthropic", "lmstudio",
}  # fmt: skip


def room_of(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


TREES = {room_of(file): ast.parse(file.read_text()) for file in ROOT.rglob("*.py")}


def imports(nodes):
    """Full dotted names of what some statements import; for ``from a import b`` both a and a.b."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((f"{node.module}.{alias.name}", node.module) for alias in node.names)


def rooms_used(tree):
    """The rooms that a module imports anywhere, inside of functions too."""
    for names in imports(ast.walk(tree)):
        inner = [
            n.removeprefix("fieldconf").lstrip(".") for n in names if n.split(".")[0] == "fieldconf"
        ]
        if inner:
            yield next(room for room in (*inner, "") if room in TREES)


def outer(body):
    """The statements that run when a module is imported."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from outer(child for child in ast.iter_child_nodes(node))


def packages(nodes):
    return {name.split(".")[0] for names in imports(nodes) for name in names}


def offences(wrong_in):
    """What is wrong in each room where something is."""
    return {room: wrong for room, tree in TREES.items() if (wrong := wrong_in(room, tree))}


def test_every_room_has_a_floor():
    assert set(TREES) == set(FLOOR)


def test_a_room_imports_only_from_lower_floors():
    assert not offences(lambda room, tree: {n for n in rooms_used(tree) if FLOOR[n] >= FLOOR[room]})


def test_heavy_packages_are_imported_where_they_are_used():
    assert not offences(
        lambda room, tree: {
            n for n in packages(outer(tree.body)) if n in HEAVY and room not in HEAVY[n]
        }
    )


def test_no_client_is_imported_whose_objects_are_scored():
    assert not offences(lambda _, tree: NEVER & packages(ast.walk(tree)))


def test_wires_take_only_public_names_of_each_other():
    """And so does everybody else, of every room."""
    assert not offences(
        lambda _, tree: {
            names[0]
            for names in imports(ast.walk(tree))
            if names[0].startswith("fieldconf.") and "._" in names[0]
        }
    )


def test_the_walk_finds_imports():
    """The tests above are not about nothing."""
    used = set(rooms_used(TREES["scoring"]))
    assert {"align", "fields", "wire", "report"} <= used
    code = "import a\nif True:\n    import b\nclass C:\n    import c\ndef f():\n    import d\n"
    assert [names[0] for names in imports(outer(ast.parse(code).body))] == ["a", "b", "c"]
    assert offences(lambda room, _: room == "scoring") == {"scoring": True}
