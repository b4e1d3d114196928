"""`python bench/schemas.py`: what fieldconf makes of JSON Schemas that other people wrote.

In:    JSONSchemaBench: the sample of 1,500 beside the project, or with ``--all`` any folder.
Out:   one table: crashes, alignment, declared kinds, verdicts; exit code 1 if a target is missed.
Never: a schema that can stop the run, or a failure without its schema's id; the network.
Why:   "any schema" is a claim about what nobody here wrote, so it is counted on exactly that.

Two figures of declared kinds: "closed" is of answers that hold declared keys only, as models write
them (an object that declares keys is taken to have no others); "open" also of those that hypothesis
draws, with keys that no schema names. "Path alone" asks without the answer.

``--all DIR`` reads ``*.json`` and ``*.jsonl(.gz)``; a schema may stand alone or under ``schema`` /
``json_schema``, with ``tests`` beside it as MaskBench has them.
"""

import gzip
import json
import math
import random
import resource
import sys
import time
import warnings
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, islice
from multiprocessing import Pipe, get_context
from multiprocessing.connection import wait
from pathlib import Path as File
from typing import Any, NamedTuple

import bpe_openai
import click
from instances import (
    KINDS,
    Ground,
    Path,
    Reader,
    Said,
    TimeUpError,
    closed,
    drawn,
    items_of,
    kind_of,
    limited,
    made,
    mutated,
    places_of,
    text_of,
)

import fieldconf
from fieldconf.errors import FieldconfError
from fieldconf.schema import compile_schema

SAMPLE = File(__file__).parents[2] / "shared/corpora/jsonschemabench/schemas_sample.jsonl.gz"
LAYOUTS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "spaced": {"separators": (", ", ": ")},
    "pretty": {"indent": 2},
}
CLASSES = {
    "a": "declared, not as anything",
    "b": "anything, and the schema says nothing of it",
    "c": "anything, though the schema says something",
    "d": "its kind is not among those declared",
}
TARGET = 0.995  # of the leaves have a declared kind
SECONDS = 20.0  # that one step of one schema may take
HARD = 180.0  # after so long a worker that does not listen is ended
MEMORY = 6 << 30
A_WORKER = 100  # schemas that one worker takes before a new one does
SHOWN = 12  # of each list of misses


# -- an answer and its tokens ---------------------------------------------------------------------


class Leaf(NamedTuple):
    """A scalar or an empty container of an answer, and the byte span of its text."""

    path: Path
    value: Any
    start: int
    stop: int

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer."""
        return "".join(f"/{str(s).replace('~', '~0').replace('/', '~1')}" for s in self.path)


def written(value: Any, layout: str) -> tuple[str, list[Leaf]]:
    """An instance's text in a layout, and its leaves."""
    out: list[str] = []
    leaves = list(_write(value, (), out, [0], LAYOUTS[layout]))
    text = "".join(out)
    assert text == json.dumps(value, ensure_ascii=False, **LAYOUTS[layout]), "the writer is wrong"
    return text, leaves


def _write(
    value: Any, path: Path, out: list[str], at: list[int], options: Mapping[str, Any]
) -> Iterator[Leaf]:
    """Write JSON to `out` as ``json.dumps`` does; `at` counts the bytes so far."""

    def put(text: str) -> None:
        out.append(text)
        at[0] += len(text.encode())

    if not isinstance(value, dict | list) or not value:
        start = at[0]
        put(json.dumps(value, ensure_ascii=False))
        yield Leaf(path, value, start, at[0])
        return
    keyed = isinstance(value, dict)
    comma, colon = options.get("separators", (",", ": "))
    indent = options.get("indent", 0)
    step = "\n" + " " * indent * (len(path) + 1) if indent else ""
    put("{" if keyed else "[")
    for number, (key, item) in enumerate(items_of(value)):
        put((comma if number else "") + step)
        put(json.dumps(key, ensure_ascii=False) + colon if keyed else "")
        yield from _write(item, (*path, key), out, at, options)
    put(step[: len(step) - indent])
    put("}" if keyed else "]")


FILLERS = [b'"', b"null", b" true", b"0", b'",', b"1", b"\n", b"}", b" a", b"de"]


@cache
def _encoding() -> Any:
    return bpe_openai.get_encoding("o200k_base")


def tokenised(text: str, seed: Any) -> list[dict[str, Any]]:
    """o200k tokens as a server lists them, with made-up logprobs and two or three candidates."""
    dice = random.Random(f"{seed}/{len(text)}")
    encoding = _encoding()
    return [_entry(encoding.decode_single_token_bytes(i), dice) for i in encoding.encode(text)]


def _entry(piece: bytes, dice: random.Random) -> dict[str, Any]:
    chance = dice.choice([0.999999, 0.97, 0.8, 0.4])
    others = [other for other in dice.sample(FILLERS, 3) if other != piece][: dice.randint(1, 2)]
    ranked = [(piece, chance), *((other, (1 - chance) / 3) for other in others)]
    ranked.sort(key=lambda pair: -pair[1])
    listed = [_named(other, math.log(share)) for other, share in ranked]
    return {**_named(piece, math.log(chance)), "top_logprobs": listed}


def _named(piece: bytes, logprob: float) -> dict[str, Any]:
    return {"token": piece.decode("utf-8", "replace"), "bytes": list(piece), "logprob": logprob}


def response(text: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """A chat completion that holds the answer."""
    choice = {
        "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text},
        "logprobs": {"content": entries},
    }  # fmt: skip
    head = {"id": "c", "object": "chat.completion", "created": 0, "model": "gpt-4o"}
    return {**head, "choices": [choice]}


class Sums:
    """The logprob sums of the tokens that overlap byte spans."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self.logprobs = [entry["logprob"] for entry in entries]
        self.stops = list(accumulate(len(entry["bytes"]) for entry in entries))
        self.starts = [0, *self.stops[:-1]]

    def of(self, leaf: Leaf) -> float:
        """The sum of a leaf."""
        first = bisect_right(self.stops, leaf.start)
        return math.fsum(self.logprobs[first : bisect_left(self.starts, leaf.stop)])


def misaligned(report: Any, leaves: list[Leaf], sums: Sums) -> Iterator[str]:
    """What is wrong with the place, the value or the sum of each leaf that is not aligned."""
    for leaf in leaves:
        found = report.fields.get(leaf.pointer)
        if found is None:
            yield f"{leaf.pointer}: no field"
        elif text_of(found.value) != text_of(leaf.value):
            yield f"{leaf.pointer}: {found.value!r} is not {leaf.value!r}"
        elif (found.start, found.stop) != (leaf.start, leaf.stop):
            yield f"{leaf.pointer}: its span is another"
        elif found.logprob is None or not _near(found.logprob, sums.of(leaf)):
            yield f"{leaf.pointer}: {found.logprob} is not {sums.of(leaf)}"


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def class_of(leaf: Leaf, declared: Any, said: Said) -> str:
    """Which of the ``CLASSES`` a leaf is of."""
    if kind_of(leaf.value) not in declared.kinds:
        return "d"
    if not declared.is_anything:
        return "a"
    return "b" if said.kinds.get(leaf.path, KINDS) == KINDS else "c"


# -- one schema -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    """How much is tried with each schema."""

    count: int = 3  # instances drawn by hypothesis
    patience: float = 1.5  # seconds it may take
    by_hand: int = 2
    layouts: tuple[str, ...] = tuple(LAYOUTS)
    mutations: bool = True


class Instance(NamedTuple):
    """An instance, how it came about, and in which figures it counts."""

    value: Any
    way: str
    is_valid: bool
    figures: tuple[str, ...] = ("closed", "open")


@dataclass
class Result:
    """What was found out about one schema: plain values, they travel between processes."""

    id: str
    seconds: Counter[str] = field(default_factory=Counter)
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    misses: list[tuple[str, str]] = field(default_factory=list)  # what was missed, and how
    note: str = ""  # why hypothesis drew nothing

    @contextmanager
    def step(self, name: str, seconds: float = SECONDS) -> Iterator[None]:
        """Time a step and note what goes wrong in it."""
        start = time.perf_counter()
        try:
            with limited(seconds):
                yield
        except FieldconfError as error:
            self.miss(f"{name}: refused", f"{type(error).__name__}: {error}")
        except (Exception, TimeUpError) as error:  # noqa: BLE001  # whatever it is, it is listed
            self.miss(f"{name}: crash", f"{type(error).__name__}: {str(error)[:300]}")
        finally:
            self.seconds[name] += time.perf_counter() - start

    def count(self, *key: str, by: int = 1) -> None:
        """Count one thing."""
        self.counts[key] += by

    def miss(self, what: str, how: str) -> None:
        """Count a miss and remember how it came about."""
        self.count("miss", what)
        self.misses.append((what, how))


def examine(row: Mapping[str, Any], options: Options) -> Result:
    """All that is asked of one schema."""
    result = Result(row["id"])
    result.count("schemas")
    schema, compiled, ground = row["schema"], None, None
    with result.step("compile"):
        compiled = compile_schema(schema)
    with result.step("request"):
        fieldconf.request(schema)
        result.count("requests")
    with result.step("read"):
        ground = Ground(schema)
    if compiled is None or ground is None:
        return result
    result.count("compiled")
    instances = list(_given(row, ground, result))
    with result.step("make"):
        instances += _made(ground, options, result)
    instances += _drawn(ground, options, result)
    for number, instance in enumerate(instances):
        result.count("instances", instance.way, "valid" if instance.is_valid else "invalid")
        _check(instance, number, ground, compiled, options, result)
    return result


def _given(row: Mapping[str, Any], ground: Ground, result: Result) -> Iterator[Instance]:
    """The instances that came with the schema."""
    for test in row.get("tests", ()):
        with result.step("make"):
            is_valid = ground.keeps(test["data"])
            result.count("given as", f"{test.get('valid')}, {is_valid} says jsonschema")
            yield Instance(test["data"], "given", is_valid)


def _made(ground: Ground, options: Options, result: Result) -> list[Instance]:
    found: list[Instance] = []
    for number in range(options.by_hand):
        value, is_valid = made(ground, number)
        found.append(Instance(value, "by hand", is_valid))
        result.count("schemas by way", "by hand", by=number == 0)
    return found


def _drawn(ground: Ground, options: Options, result: Result) -> list[Instance]:
    """Instances drawn by hypothesis, and the same without the keys that are not declared."""
    if not options.count:
        return []
    start = time.perf_counter()
    values, result.note = drawn(ground.schema, options.count, options.patience)
    result.seconds["draw"] += time.perf_counter() - start
    result.count("schemas by way", "hypothesis", by=bool(values))
    found: list[Instance] = []
    for value in values:
        with result.step("make"):
            is_valid = ground.keeps(value)
            less = closed(value, Reader(ground).read(value))
            if text_of(less) == text_of(value):
                found.append(Instance(value, "hypothesis", is_valid))
                continue
            found.append(Instance(value, "hypothesis, open", is_valid, ("open",)))
            if ground.keeps(less):
                found.append(
                    Instance(less, "hypothesis, closed", is_valid=True, figures=("closed",))
                )
    return found


def _check(
    instance: Instance, number: int, ground: Ground, compiled: Any, options: Options, result: Result
) -> None:
    """All that is asked of one instance."""
    said = Said()
    with result.step("read"):
        said = Reader(ground).read(instance.value)
    for position, layout in enumerate(options.layouts):
        with result.step("score"):
            _score(instance, layout, compiled, said if position == 0 else None, result)
    tried = [("as it is", instance.value)]
    if options.mutations and instance.is_valid and "closed" in instance.figures:
        tried += mutated(ground, instance.value, number)
    for change, value in tried:
        with result.step("verdict"):
            _verdict(ground, compiled, change, value, result)


def _score(
    instance: Instance, layout: str, compiled: Any, said: Said | None, result: Result
) -> None:
    text, leaves = written(instance.value, layout)
    entries = tokenised(text, layout)
    result.count("answers")
    report = fieldconf.score(response(text, entries), compiled)
    report.to_json()  # nothing is left that would be computed later
    if report.status != "complete":
        result.miss("score: status", f"{layout} {text[:80]!r}: {report.status} ({report.reason})")
    wrong = list(misaligned(report, leaves, Sums(entries)))
    result.count("leaves", by=len(leaves))
    result.count("aligned", by=len(leaves) - len(wrong))
    for problem in wrong:
        result.miss("score: not aligned", f"{layout} {problem}")
    if said is not None:
        _classify(instance, report, leaves, compiled, said, result)
        if instance.is_valid and "closed" in instance.figures:
            _contradict(instance.value, report, compiled, said, result)


def _classify(
    instance: Instance, report: Any, leaves: list[Leaf], compiled: Any, said: Said, result: Result
) -> None:
    """Count each leaf by what is declared of it; only those of valid instances for the figure."""
    for leaf in leaves:
        declared = _declared(report, leaf.pointer, leaf.path, compiled)
        name = class_of(leaf, declared, said)
        spoken = said.kinds.get(leaf.path, KINDS)
        for figure in instance.figures if instance.is_valid else ("invalid",):
            result.count("class", figure, name)
            if said.is_undeclared(leaf.path):
                result.count("undeclared", figure, name)
        if instance.is_valid and name in "cd":
            how = f"{leaf.pointer}: {kind_of(leaf.value)}, declared {_kinds(declared.kinds)}"
            result.miss(f"declared: {name}", f"{how}, the schema says {_kinds(spoken)}")
        elif instance.is_valid and declared.kinds != spoken:
            result.count("width", "wider" if declared.kinds > spoken else "narrower or other")
        if instance.is_valid and "closed" in instance.figures:
            result.count("class", "path alone", class_of(leaf, compiled.declared(leaf.path), said))


def _declared(report: Any, name: str, path: Path, compiled: Any) -> Any:
    found = getattr(report.fields.get(name), "declared", None)
    return compiled.declared(path) if found is None else found


def _contradict(instance: Any, report: Any, compiled: Any, said: Said, result: Result) -> None:
    """Count what is declared, and what a valid answer shows to be wrong."""
    for path, value in places_of(instance):
        name = Leaf(path, value, 0, 0).pointer
        known = {"the answer": _declared(report, name, path, compiled)}
        known["the path"] = compiled.declared(path)
        for by, declared in known.items():
            result.count("places")
            for problem in contradictions(declared, value, formatted=path in said.formatted):
                result.miss(f"declared by {by}: wrong", f"{name or '(whole)'}: {problem}")


def contradictions(declared: Any, value: Any, *, formatted: bool) -> Iterator[str]:
    """What a declaration says that a valid value shows to be wrong.

    A value may be valid and break its format: that it was found impossible is then right.
    """
    shown = text_of(value)[:60]
    if kind_of(value) not in declared.kinds:
        yield f"{shown} is of none of the kinds {_kinds(declared.kinds)}"
    members = declared.members
    if members is not None and not any(_same(value, member) for member in members):
        yield f"{shown} is not among {len(members)} members"
    if isinstance(value, dict):
        if missing := declared.required_keys - {*value}:
            yield f"{sorted(missing)} are not required"
        if more := {*value} - {*declared.keys} if not declared.more_keys else set():
            yield f"{sorted(more)} are allowed, too"
    elif isinstance(value, list):
        most = len(value) if declared.max_items is None else declared.max_items
        if not declared.min_items <= len(value) <= most:
            yield f"{len(value)} items, not {declared.min_items} to {declared.max_items}"
    elif not formatted and not declared.allows(text_of(value).encode(), done=True):
        yield f"{shown} is allowed"


def _same(one: Any, other: Any) -> bool:
    return kind_of(one) == kind_of(other) and one == other


def _kinds(kinds: frozenset[str]) -> str:
    return "anything" if kinds == KINDS else "|".join(sorted(kinds)) or "nothing"


def _verdict(ground: Ground, compiled: Any, change: str, value: Any, result: Result) -> None:
    """Whether jsonschema and fieldconf agree on a value."""
    theirs = ground.keeps(value)
    found, errors = compiled.validate(json.dumps(value).encode(), value)
    result.count("verdicts", change, "valid" if theirs else "invalid")
    if theirs != (not errors):
        shown = "; ".join(map(str, errors[:2]))[:200]
        result.miss("verdict", f"{change}: jsonschema says {theirs}, fieldconf {shown or 'valid'}")
    elif theirs and text_of(found) != text_of(value):
        result.miss("verdict", f"{change}: another value came back")


# -- many schemas ---------------------------------------------------------------------------------


def rows_of(path: File) -> Iterator[dict[str, Any]]:
    """The schemas of a file or a folder: id, schema, and perhaps tests."""
    files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
    for file in files:
        opener = gzip.open if file.suffix == ".gz" else open
        with opener(file, "rt", encoding="utf-8") as stream:
            if file.suffix == ".json":
                yield _row(json.load(stream), str(file.relative_to(path)) if file != path else "")
            else:
                for number, line in enumerate(stream):
                    yield _row(json.loads(line), f"{file.name}:{number + 1}")


def _row(found: Any, name: str) -> dict[str, Any]:
    if not isinstance(found, dict) or not {"schema", "json_schema"} & {*found}:
        return {"id": name, "schema": found}
    schema = found.get("schema", found.get("json_schema"))
    schema = json.loads(schema) if isinstance(schema, str) else schema
    named = found.get("id", found.get("unique_id", name))
    return {"id": named, "schema": schema, "tests": found.get("tests", [])}


class Worker:
    """A process that examines schemas; it can be ended, and it may die."""

    def __init__(self, options: Options) -> None:
        self.mine, theirs = Pipe()
        context = get_context("fork")
        self.process = context.Process(target=_serve, args=(theirs, options), daemon=True)
        self.process.start()
        theirs.close()
        self.taken = 0
        self.row: dict[str, Any] | None = None
        self.since = 0.0

    def take(self, row: dict[str, Any]) -> None:
        """Give it a schema."""
        self.row, self.since, self.taken = row, time.monotonic(), self.taken + 1
        self.mine.send(row)

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.mine.close()


def _serve(pipe: Any, options: Options) -> None:
    sys.unraisablehook = lambda _: None  # time was up inside a destructor; it rings again
    warnings.simplefilter("ignore")  # re warns of other people's patterns
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    while True:
        pipe.send(examine(pipe.recv(), options))


def examine_all(rows: Iterable[dict[str, Any]], jobs: int, options: Options) -> Iterator[Result]:
    """Examine the schemas in several processes; one that dies or hangs costs its schema only."""
    waiting = iter(rows)
    workers = [Worker(options) for _ in range(jobs)]
    for worker, row in zip(workers, islice(waiting, jobs), strict=False):
        worker.take(row)
    while busy := [worker for worker in workers if worker.row is not None]:
        ready = wait([worker.mine for worker in busy], timeout=1.0)
        for worker in busy:
            if worker.mine not in ready and time.monotonic() - worker.since < HARD:
                continue
            result, is_alive = _received(worker, is_ready=worker.mine in ready)
            yield result
            worker.row = None
            if not is_alive or worker.taken >= A_WORKER:
                worker.end()
                workers[workers.index(worker)] = worker = Worker(options)  # noqa: PLW2901
            if (row := next(waiting, None)) is not None:
                worker.take(row)
    for worker in workers:
        worker.end()


def _received(worker: Worker, *, is_ready: bool) -> tuple[Result, bool]:
    assert worker.row is not None
    try:
        if is_ready:
            return worker.mine.recv(), True
        how = f"no answer in {HARD:g} s"
    except (EOFError, OSError):
        how = "the process died"
    result = Result(worker.row["id"])
    result.count("schemas")
    result.miss("worker: crash", how)
    return result, False


# -- the table ------------------------------------------------------------------------------------


class Line(NamedTuple):
    """One figure."""

    name: str
    figure: str
    seconds: float | None = None
    target: str = ""
    is_met: bool = True


class Table:
    """All figures of a run."""

    def __init__(self, results: list[Result]) -> None:
        self.results = results
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.seconds: Counter[str] = Counter()
        for result in results:
            self.counts.update(result.counts)
            self.seconds.update(result.seconds)

    @property
    def lines(self) -> list[Line]:
        """The figures, those with targets among them."""
        first = [*self._schemas(), *self._instances(), *self._alignment()]
        return [*first, *self._declared(), *self._verdicts()]

    def missed(self, *prefixes: str) -> int:
        """How often something was missed."""
        return sum(n for key, n in self.counts.items() if key[0] == "miss" and key[1] in prefixes)

    def _schemas(self) -> Iterator[Line]:
        total = self.counts["schemas",]
        yield Line("schemas", f"{total:,}")
        refused = self.missed("compile: refused")
        yield Line(
            "compiled", f"{self.counts['compiled',]:,}, {refused} refused", self.seconds["compile"]
        )
        times = sorted((r.seconds["compile"], r.id) for r in self.results)
        median, (most, name) = times[len(times) // 2][0], times[-1]
        yield Line(
            "  a schema", f"median {median * 1000:.2f} ms, most {most * 1000:.0f} ms ({name})"
        )
        refused = self.missed("request: refused")
        yield Line(
            "requests", f"{self.counts['requests',]:,}, {refused} refused", self.seconds["request"]
        )
        steps = ("compile", "request", "score", "verdict", "worker")
        crashes = self.missed(
            *(f"{step}: crash" for step in steps), "score: refused", "verdict: refused"
        )
        yield Line("crashes", f"{crashes}", None, "0", crashes == 0)

    def _instances(self) -> Iterator[Line]:
        ways = sorted({key[1] for key in self.counts if key[0] == "instances"})
        for way in ways:
            valid = self.counts["instances", way, "valid"]
            invalid = self.counts["instances", way, "invalid"]
            schemas = self.counts["schemas by way", way]
            of = f" of {schemas:,} schemas" if schemas else ""
            took = self.seconds[{"by hand": "make", "hypothesis": "draw"}.get(way, "")] or None
            yield Line(f"instances {way}", f"{valid:,} valid, {invalid:,} not{of}", took)
        why = Counter(result.note for result in self.results if result.note)
        shown = ", ".join(f"{name} {n}" for name, n in why.most_common(6))
        yield Line("hypothesis drew none", f"{why.total():,}: {shown}")
        for key in sorted(key for key in self.counts if key[0] == "given as"):
            yield Line(f"  given as {key[1]}", f"{self.counts[key]:,}")

    def _alignment(self) -> Iterator[Line]:
        status = self.missed("score: status")
        yield Line(
            "answers", f"{self.counts['answers',]:,}, {status} not complete", self.seconds["score"],
            "0", status == 0,
        )  # fmt: skip
        leaves, aligned = self.counts["leaves",], self.counts["aligned",]
        yield Line("leaves aligned", share(aligned, leaves), None, "100 %", aligned == leaves)

    def _declared(self) -> Iterator[Line]:
        for figure in ("closed", "open", "path alone", "invalid"):
            counts = {name: self.counts["class", figure, name] for name in CLASSES}
            total, met = sum(counts.values()), counts["a"] + counts["b"]
            has_target = figure == "closed"
            yield Line(
                f"declared kind, {figure}", share(met, total), None,
                f">= {TARGET:.1%}" if has_target else "", not has_target or met >= TARGET * total,
            )  # fmt: skip
            for name, meaning in CLASSES.items():
                yield Line(f"  {name}: {meaning}", share(counts[name], total))
            found = {name: self.counts["undeclared", figure, name] for name in CLASSES}
            if sum(found.values()):
                shown = ", ".join(f"{name} {n:,}" for name, n in found.items() if n)
                yield Line("  of these under undeclared keys", f"{sum(found.values()):,}: {shown}")
        wrong = self.missed("declared by the answer: wrong", "declared by the path: wrong")
        places = f"{wrong:,} (of {self.counts['places',]:,} declarations)"
        yield Line("contradicted by valid answers", places)
        for width in ("wider", "narrower or other"):
            yield Line(f"kinds {width} than what is said", f"{self.counts['width', width]:,}")

    def _verdicts(self) -> Iterator[Line]:
        counts = {key[1:]: n for key, n in self.counts.items() if key[0] == "verdicts"}
        total, wrong = sum(counts.values()), self.missed("verdict")
        yield Line(
            "verdicts equal",
            share(total - wrong, total),
            self.seconds["verdict"],
            "100 %",
            wrong == 0,
        )
        for change in sorted({key[0] for key in counts}):
            valid, invalid = counts.get((change, "valid"), 0), counts.get((change, "invalid"), 0)
            yield Line(f"  {change}", f"{valid:,} valid, {invalid:,} not")

    def show(self) -> None:
        """Print the misses, then the figures."""
        for what in sorted({what for result in self.results for what, _ in result.misses}):
            found = [(r.id, how) for r in self.results for kind, how in r.misses if kind == what]
            names = {name for name, _ in found}
            print(f"\n{what}: {len(found)} of {len(names)} schemas")
            for name, how in found[:SHOWN]:
                print(f"  {name}: {how}")
        print(f"\n{'':48} {'':44} {'seconds':>8}  target")
        for name, figure, seconds, target, is_met in self.lines:
            took = "" if seconds is None else f"{seconds:,.1f}"
            verdict = f"{target}{'' if is_met else '  MISSED'}"
            print(f"{name:48} {figure:44} {took:>8}  {verdict}".rstrip())


def share(part: int, whole: int) -> str:
    """A part as a share.

    >>> share(1, 3)
    '33.333 % (1 of 3)'
    """
    return f"{part / whole:.3%} ({part:,} of {whole:,})".replace("%", " %") if whole else "none"


@click.command()
@click.option("--all", "path", type=click.Path(exists=True, path_type=File), default=SAMPLE)
@click.option("--limit", type=int, help="So many schemas only.")
@click.option("--every", default=1, help="Only every so-many-th schema.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
@click.option("--count", default=3, show_default=True, help="Instances drawn by hypothesis.")
@click.option("--patience", default=1.5, show_default=True, help="Seconds it may take a schema.")
@click.option("--misses", type=click.Path(path_type=File), help="A file for all misses.")
def main(
    *, path: File, limit: int | None, every: int, jobs: int, count: int, patience: float,
    misses: File | None,
) -> None:  # fmt: skip
    """Compile, request, score and validate with every schema, and print the figures."""
    start = time.perf_counter()
    rows = islice(rows_of(path), 0, None, every)
    results: list[Result] = []
    options = Options(count=count, patience=patience)
    for result in examine_all(islice(rows, limit), jobs, options):
        results.append(result)
        if len(results) % 100 == 0:
            took = time.perf_counter() - start
            print(f"{len(results):,} schemas, {took:.0f} s", file=sys.stderr, flush=True)
    results.sort(key=lambda result: result.id)
    if misses:
        found = [[r.id, *miss] for r in results for miss in r.misses]
        misses.write_text("".join(json.dumps(miss) + "\n" for miss in found), encoding="utf-8")
    table = Table(results)
    table.show()
    print(f"{time.perf_counter() - start:,.0f} s in all, {jobs} processes")
    sys.exit(0 if all(line.is_met for line in table.lines) else 1)


if __name__ == "__main__":
    main()
