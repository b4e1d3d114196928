"""The layers: a module imports only from its own layer or a lower one, and no two folders import
each other. Heavy packages are imported only where they are used."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "fieldconf"

# From the ground up; a name is a folder, or a module at the top.
LAYERS = [
    ["errors", "formulas", "json_records", "lazy", "paths", "redaction", "threads"],
    ["page", "parsing", "render", "statistics", "tokens"],
    ["providers", "schema"],
    ["probes", "responses"],
    ["distributions"],
    ["fields", "policy", "report"],
    ["agreement", "decision_endpoint", "grounding", "requests"],
    ["calibration", "evaluation", "monitoring", "ranking"],
    ["classification", "embedded", "scoring"],
    ["extraction", "strategies", "testing"],
    ["batch", "integrations", "labelling", "many", "reasking", "verification", "viewing"],
    ["decorator", "types", "cli", "__main__", ""],
]
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}
# Who may import these at its top; elsewhere it is done inside a function, or not at all.
HEAVY = {
    "openai": {
        "embedded.client",
        "testing.clients",
        "testing.fake_server",
    },  # the last for types only
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
    "jinja2": set(),
    "click": {
        "cli",
        "cli.arguments",
        "cli.batch_command",
        "cli.drift_command",
        "cli.each",
        "cli.evaluate_command",
        "cli.explain_command",
        "cli.extract_command",
        "cli.keyboard",
        "cli.label_command",
        "cli.label_screen",
        "cli.local_command",
        "cli.program",
        "cli.saved_response",
        "cli.score_command",
        "cli.showing",
        "cli.tokens_command",
        "cli.view_command",
    },
    "rich": {
        "cli.label_screen",
        "cli.showing",
        "render.drift",
        "render.evaluation",
        "render.explained",
        "render.lines",
        "render.summary",
        "render.table",
        "render.token_text",
    },  # but for two of them for types only
    "opentelemetry": set(),
    "dateutil": set(),
    "rapidfuzz": set(),
    "pyarrow": set(),
    "numpy": {
        "calibration.calibrator",
        "calibration.cross_validation",
        "calibration.regression",
        "calibration.prior",
        "evaluation.comparing",
        "evaluation.curves",
        "evaluation.evaluate",
        "evaluation.groups",
        "ranking.regression",
        "statistics.resampling",
        "statistics.judged_table",
    },  # for types only
    "scipy": set(),
    "sklearn": set(),
    "matplotlib": set(),
    "torch": set(),
    "transformers": set(),
}
# Whose objects are scored, and who are imported nowhere, not even inside of a function; but for
# the module that bears the name of the framework.
INTEGRATIONS = {
    "langchain_core": "integrations.langchain",
    "pydantic_evals": "integrations.pydantic_evals",
}
NEVER = INTEGRATIONS.keys() | {
    "together", "google", "ollama", "langchain_openai", "litellm", "pydantic_ai",
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


def folder_of(room):
    return room.partition(".")[0]


FOLDERS = {folder_of(room) for room in TREES}
USED = {  # the folders that each folder imports
    folder: {
        folder_of(used)
        for room, tree in TREES.items() if folder_of(room) == folder
        for used in rooms_used(tree)
    } - {folder}
    for folder in FOLDERS
}  # fmt: skip


def test_every_folder_has_a_layer():
    assert set(LAYER) == FOLDERS


def test_a_folder_imports_only_from_its_own_layer_or_a_lower_one():
    wrong = {folder: {f for f in used if LAYER[f] > LAYER[folder]} for folder, used in USED.items()}
    assert not {folder: folders for folder, folders in wrong.items() if folders}


@pytest.mark.parametrize(
    "graph",
    [USED, {room: {*rooms_used(t)} - {room} for room, t in TREES.items()}],
    ids=["folders", "modules"],
)
def test_no_import_cycle(graph):
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, which shows the cycle


def test_heavy_packages_are_imported_where_they_are_used():
    assert not offences(
        lambda room, tree: {
            n for n in packages(outer(tree.body)) if n in HEAVY and room not in HEAVY[n]
        }
    )


def test_no_client_is_imported_whose_objects_are_scored():
    assert offences(lambda _, tree: NEVER & packages(ast.walk(tree))) == {
        room: {package} for package, room in INTEGRATIONS.items()
    }


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
    used = set(rooms_used(TREES["scoring.scorer"]))
    assert {"tokens.alignment", "fields.field_scorer", "responses", "report"} <= used
    code = "import a\nif True:\n    import b\nclass C:\n    import c\ndef f():\n    import d\n"
    assert [names[0] for names in imports(outer(ast.parse(code).body))] == ["a", "b", "c"]
    assert offences(lambda room, _: room == "scoring.scorer") == {"scoring.scorer": True}
