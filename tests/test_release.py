"""What is released and how: the workflows, their scripts, the issue forms and SECURITY.md."""

import importlib.util
import io
import re
import shutil
import tarfile
import tomllib
import zipfile

import pytest
import yaml
from pages import ROOT

import fieldconf as fc

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
FOLDER = ROOT / ".github"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("workflows/*.yml")}
FORMS = [path for path in FOLDER.glob("ISSUE_TEMPLATE/*.yml") if path.stem != "config"]
SUPPORTED = re.findall(r":: (3\.\d+)\n", "\n".join([*PROJECT["classifiers"], ""]))


def script(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- workflows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("workflow", "job"), [("ci", "tests"), ("release", "install")])
def test_the_pythons_are_those_of_the_classifiers_on_three_systems(workflow, job):
    matrix = WORKFLOWS[workflow]["jobs"][job]["strategy"]["matrix"]
    assert matrix["python"] == SUPPORTED
    assert PROJECT["requires-python"] == f">={SUPPORTED[0]}"
    assert {name.partition("-")[0] for name in matrix["system"]} == {"ubuntu", "macos", "windows"}


def test_the_newest_python_may_fail():
    tests = WORKFLOWS["ci"]["jobs"]["tests"]
    newest = tests["strategy"]["matrix"]["include"]
    assert all(row["python"] == "3.x" and row["newest"] for row in newest)
    assert [row["system"] for row in newest] == tests["strategy"]["matrix"]["system"]
    assert "matrix.newest" in tests["continue-on-error"]


def test_what_the_workflows_run_is_there():
    makefile = (ROOT / "Makefile").read_text()
    for workflow in WORKFLOWS.values():
        for job in workflow["jobs"].values():
            assert job["timeout-minutes"]
            for command in (step.get("run", "") for step in job["steps"]):
                paths = re.findall(r"(?:bash|python|--ignore)[ =]([\w./]+/[\w./]+)", command)
                assert all((ROOT / path).exists() for path in paths), paths
                groups = {*re.findall(r"--group (\S+)", command)}
                assert groups <= {*PYPROJECT["dependency-groups"]}
                for target in re.findall(r"^make (\w+)", command):
                    assert f"\n{target}:" in makefile


def test_each_system_runs_the_tests_that_make_runs_in_one_environment():
    """All others need environments of their own: they are in the job that runs `.ci/run`."""
    (recipe,) = re.findall(
        r"^test-main:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    jobs = WORKFLOWS["ci"]["jobs"]
    command = jobs["tests"]["steps"][-1]["run"]
    ignored = [{*re.findall(r"--ignore=(\S+)", text)} for text in (command, recipe)]
    assert ignored[0] == ignored[1]
    assert any(step.get("run") == "bash .ci/run" for step in jobs["whole"]["steps"])


def test_only_the_job_that_publishes_has_a_right_and_it_waits_for_all_others():
    jobs = WORKFLOWS["release"]["jobs"]
    assert {name for name, job in jobs.items() if "permissions" in job} == {"publish"}
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert (jobs["publish"]["needs"], jobs["install"]["needs"]) == ("install", "build")
    assert "secrets." not in (FOLDER / "workflows/release.yml").read_text()
    steps = "\n".join(step.get("run", "") for step in jobs["build"]["steps"])
    assert steps.index("addresses.py") < steps.index("-m build") < steps.index("twine check")


# -- the scripts of a release -------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path):
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_a_release_has_the_address_of_the_repository(checkout):
    script("addresses").main("https://host.invalid/owner/name/", "v9", checkout)
    urls = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["urls"]
    assert urls["Homepage"] == "https://host.invalid/owner/name"
    assert urls["Issues"] == "https://host.invalid/owner/name/issues"
    readme = (checkout / "README.md").read_text()
    assert "](https://host.invalid/owner/name/blob/v9/docs/guide.md)" in readme
    relative = re.findall(r"\]\((?!https:)[^)]*\)", readme)
    assert not relative
    with pytest.raises(SystemExit, match="does not contain"):
        script("addresses").main("https://host.invalid/owner/name", "v9", checkout)


def test_the_address_stands_in_one_place():
    placeholder = script("addresses").PLACEHOLDER
    assert all(url.startswith(placeholder) for url in PROJECT["urls"].values())
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *FOLDER.glob("**/*.yml")]
    assert not [path.name for path in texts if placeholder in path.read_text()]
    for path in re.findall(r"/blob/main/(\S+)", " ".join(PROJECT["urls"].values())):
        assert (ROOT / path).exists()


METADATA = "Metadata-Version: 2.4\nName: fieldconf\nVersion: 9\nProject-URL: A, {}\n\nText"


def release(folder, *, address="https://host.example/x", without=(), beside=()):
    contents = script("contents")
    wheel = dict.fromkeys([*contents.WHEEL_NEEDS, *beside], "") | {
        "fieldconf-9.dist-info/METADATA": METADATA.format(address),
        "fieldconf-9.dist-info/licenses/LICENSE": "",
    }
    with zipfile.ZipFile(folder / "fieldconf-9-py3-none-any.whl", "w") as archive:
        for name in wheel.keys() - {*without}:
            archive.writestr(name, wheel[name])
    with tarfile.open(folder / "fieldconf-9.tar.gz", "w:gz") as archive:
        for name in {*contents.SDIST_NEEDS} - {*without}:
            archive.addfile(tarfile.TarInfo(f"fieldconf-9/{name}"), io.BytesIO())
    return contents


def test_a_whole_release_passes(tmp_path, capsys):
    release(tmp_path).main(tmp_path, "v9")
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("options", "tag", "problem"),
    [
        ({"without": ["fieldconf/py.typed"]}, "v9", r"\.whl lacks fieldconf/py\.typed"),
        (
            {"without": ["SECURITY.md"]},
            "v9",
            r"^fieldconf-9\.tar\.gz lacks fieldconf-9/SECURITY\.md$",
        ),
        ({"without": ["fieldconf-9.dist-info/licenses/LICENSE"]}, "v9", "^.*lacks the licence$"),
        ({"beside": ["tests/test_a.py"]}, "v9", r"^.*contains tests/test_a\.py$"),
        ({"address": "https://repository.invalid"}, "v9", "^.*has the placeholder .* address$"),
        ({}, "v8", "is not of version 8"),
    ],
)
def test_what_is_wrong_with_a_release_is_named(tmp_path, options, tag, problem):
    with pytest.raises(SystemExit, match=problem):
        release(tmp_path, **options).main(tmp_path, tag)


def test_what_a_release_needs_is_in_the_checkout_and_in_the_sdist():
    needs = script("contents").SDIST_NEEDS
    assert all((ROOT / name).exists() for name in needs)
    included = PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    always = {"pyproject.toml", "README.md", "LICENSE"}  # hatchling's own
    assert {name.partition("/")[0] for name in needs} - always <= {*included}


# -- issue forms and SECURITY.md ------------------------------------------------------------------


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_has_what_a_form_needs(path):
    form = yaml.safe_load(path.read_text())
    assert form["name"]
    assert form["description"]
    asked = [item for item in form["body"] if item["type"] != "markdown"]
    assert asked
    assert all(re.fullmatch(r"[a-z_]+", item["id"]) for item in asked)
    assert len({item["id"] for item in asked}) == len(asked)
    assert all(item["attributes"]["label"] for item in asked)
    assert {item["type"] for item in form["body"]} <= {"markdown", "textarea", "input"}


SECURITY = (ROOT / "SECURITY.md").read_text()


def test_security_names_no_address():
    assert "@" not in SECURITY
    assert "http" not in SECURITY


def test_security_names_what_exists():
    assert all((ROOT / name).exists() for name in re.findall(r"\]\(([^)]+)\)", SECURITY))
    for name in re.findall(r"`fc\.([\w.]+)", SECURITY):
        owner = fc
        for part in name.split("."):
            owner = getattr(owner, part)


def test_a_schema_file_in_python_is_run_and_one_of_json_is_not(tmp_path, monkeypatch):
    from fieldconf.batch.schema_loading import load_schema

    ran = tmp_path / "ran"
    program = f"from pathlib import Path\nPath({str(ran)!r}).touch()\n"
    model = "from pydantic import BaseModel\nclass Model(BaseModel):\n    a: int\n"
    plain = tmp_path / "plain.json"
    plain.write_text('{"type": "object", "properties": {"a": {"type": "integer"}}}')
    load_schema(str(plain))
    assert not ran.exists()
    source = tmp_path / "source.py"
    source.write_text(program + model)
    load_schema(f"{source}:Model")
    assert ran.exists()


def test_a_reference_to_another_document_is_not_followed(tmp_path):
    other = tmp_path / "other.json"
    other.write_text('{"type": "integer"}')
    entry = {"token": '{"a":1}', "logprob": -0.1}
    response = {"choices": [{"message": {"content": '{"a":1}'}, "logprobs": {"content": [entry]}}]}
    schema = {"type": "object", "properties": {"a": {"$ref": other.as_uri()}}}
    report = fc.score(response, schema)
    assert report.outcome == "reject"
    assert "Unresolvable" in str(report)
