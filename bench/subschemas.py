"""`python bench/subschemas.py`: asking again for half of the fields, with other people's schemas.

In:    JSONSchemaBench: the sample of 1,500 beside the project, or with ``--all`` any folder.
Out:   one table: sub-schemas, how much smaller they are, instances merged; exit code 1 if one
       sub-schema is no schema, or one merge is neither valid nor the first reading.
Never: a schema that can stop the run, or a failure without its schema's id; the network.
Why:   what holds for the schemas of one's own tests says little about those of others.

For each schema an instance is made, half of its leaves are in doubt, and then

* the sub-schema is a valid JSON Schema, and so is the strict form of it that is sent;
* what the instance itself has at the places asked for keeps to the sub-schema, and put back it
  gives the instance;
* other answers, made to the sub-schema, give a valid whole or leave the first one.
"""

import json
import random
import resource
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path as File
from typing import Any

import click
import jsonschema
from instances import Ground, Path, TimeUpError, drawn, items_of, limited, made, text_of
from schemas import MEMORY, SAMPLE, rows_of, share

import fieldconf
from fieldconf.errors import FieldconfError
from fieldconf.fields.pickling import value_at
from fieldconf.reasking.patching import patched, valid_patches
from fieldconf.reasking.subschema import WHOLE, SubschemaRequest, request_for
from fieldconf.requests.strict import strict
from fieldconf.schema import compile_schema
from fieldconf.schema.pydantic_errors import leads

SECONDS = 20.0  # that one step of one schema may take
ANSWERS = 3  # made to each sub-schema
SHOWN = 12  # of each list of misses


@dataclass
class Result:
    """What was found out about one schema: plain values, they travel between processes."""

    id: str
    counts: Counter[str] = field(default_factory=Counter)
    misses: list[tuple[str, str]] = field(default_factory=list)  # what was missed, and how
    seconds: float = 0.0

    def check(self, what: str, *, is_met: bool, how: Any = "") -> None:
        """Count something that was asked of a schema, and note if it is not so."""
        self.counts[what] += 1
        if not is_met:
            self.misses.append((what, str(how)[:300]))

    @contextmanager
    def step(self, name: str, seconds: float = SECONDS) -> Iterator[None]:
        """Note what goes wrong in a step."""
        start = time.perf_counter()
        try:
            with limited(seconds):
                yield
        except (Exception, TimeUpError) as error:  # noqa: BLE001  # whatever it is, it is listed
            kind = "refused" if isinstance(error, FieldconfError) else "crash"
            self.misses.append((f"{name}: {kind}", f"{type(error).__name__}: {str(error)[:300]}"))
        finally:
            self.seconds += time.perf_counter() - start


def examine(row: Mapping[str, Any]) -> Result:
    """All that is asked of one schema."""
    result = Result(row["id"])
    result.counts["schemas"] += 1
    with result.step("make"):
        ground = Ground(row["schema"])
        instance, is_valid = _instance(ground)
        if is_valid:
            result.counts["instances"] += 1
            _ask(ground, instance, result)
    return result


def _instance(ground: Ground) -> tuple[Any, bool]:
    """The largest of a few that were made by hand; of those that hypothesis draws, if none is."""
    found = [made(ground, number) for number in range(2)]
    valid = [value for value, is_valid in found if is_valid]
    if not any(path for value in valid for path in leaves_of(value)):
        valid += [value for value in drawn(ground.schema, 5, 3.0)[0] if ground.keeps(value)]
    return max(valid, key=lambda v: len(text_of(v)), default=None), bool(valid)


def _ask(ground: Ground, instance: Any, result: Result) -> None:
    dice = random.Random(result.id)
    leaves = [path for path in leaves_of(instance) if path]
    if not leaves:
        result.counts["instances without a leaf below the root"] += 1
        return
    half = dice.sample(leaves, -(-len(leaves) // 2))
    schema = compile_schema(ground.schema)
    asked: SubschemaRequest | None = None
    with result.step("question"):
        asked = request_for(schema, instance, half)
    if asked is None or not asked.paths:
        result.counts["instances of which nothing in doubt is declared"] += 1
        return
    result.counts["leaves"] += len(leaves)
    result.counts["leaves in doubt"] += len(half)
    result.counts["leaves asked for"] += sum(_is_asked(leaf, asked) for leaf in leaves)
    result.counts["asked as a whole" if asked.paths == WHOLE else "asked in part"] += 1
    with result.step("sub-schema"):
        _check_schema(ground, asked, result)
    with result.step("merge"):
        _check_own(schema, instance, asked, result)
        _check_others(ground, instance, asked, schema, result)


def leaves_of(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of scalars and empty containers."""
    if not isinstance(value, dict | list) or not value:
        yield path
        return
    for step, inner in items_of(value):
        yield from leaves_of(inner, (*path, step))


def _is_asked(leaf: Path, asked: SubschemaRequest) -> bool:
    return any(leaf[: len(path)] == path for path in asked.paths)


def _check_schema(ground: Ground, asked: SubschemaRequest, result: Result) -> None:
    """The sub-schema is one, and so is what is sent; none of it refers to nowhere."""
    made = asked.schema.json
    kind = Ground(made).kind
    wrong = list(kind(kind.META_SCHEMA).iter_errors(made))
    result.check("valid sub-schemas", is_met=not wrong, how=wrong)
    result.check("sub-schemas of the same draft", is_met=kind is ground.kind, how=kind)
    sent = strict(asked.schema).schema
    jsonschema.Draft202012Validator.check_schema(sent)
    result.check("strict forms with an object at the root or as before",
                 is_met=asked.paths == WHOLE or sent.get("type") == "object", how=sent)  # fmt: skip
    if asked.paths != WHOLE:
        fieldconf.request(asked.schema)
    result.counts["characters sent, whole"] += len(json.dumps(strict(ground.schema).schema))
    result.counts["characters sent"] += len(json.dumps(sent))


def restricted(instance: Any, asked: SubschemaRequest) -> Any:
    """What an instance has at the places asked for, as the answer to the question."""
    if asked.paths == WHOLE:
        return instance
    found: dict[str, Any] = {}
    for path in asked.paths:
        around = found
        for step in path[:-1]:
            around = around.setdefault(str(step), {})
        if leads(path[-1], value_at(path[:-1], instance)):
            around[str(path[-1])] = value_at(path, instance)
    return found


def _check_own(schema: Any, instance: Any, asked: SubschemaRequest, result: Result) -> None:
    own = restricted(instance, asked)
    _, errors = asked.schema.validate(json.dumps(own).encode(), own)
    result.check("instances that keep to the sub-schema", is_met=not errors, how=errors)
    new = valid_patches(schema, instance, answers(asked, own))
    result.check("instances put back", is_met=text_of(patched(instance, new)) == text_of(instance))
    result.check("places put back", is_met={*new} == {*asked.paths}, how={*asked.paths} - {*new})


def answers(asked: SubschemaRequest, answer: Any) -> dict[Path, Any]:
    """The values that an answer has for the places asked for."""
    there = {path: asked.answer_path(path) for path in asked.paths}
    return {
        path: value_at(at, answer) for path, at in there.items()
        if not at or leads(at[-1], value_at(at[:-1], answer))
    }  # fmt: skip


def _check_others(
    ground: Ground, instance: Any, asked: SubschemaRequest, schema: Any, result: Result
) -> None:
    sub = Ground(asked.schema.json)
    for number in range(ANSWERS):
        answer, is_valid = made(sub, number)
        if not is_valid:
            result.counts["answers that could not be made"] += 1
            continue
        values = answers(asked, answer)
        new = valid_patches(schema, instance, values)
        whole = patched(instance, new)
        result.check("merges", is_met=not new or ground.keeps(whole), how=text_of(whole))
        how = "all of it" if len(new) == len(values) else "some of it" if new else "the first kept"
        result.counts[f"  {how}"] += 1


# -- many schemas ---------------------------------------------------------------------------------


def examine_all(rows: Iterator[dict[str, Any]], jobs: int) -> Iterator[Result]:
    """Examine the schemas in several processes."""
    with get_context("fork").Pool(jobs, initializer=_begin, maxtasksperchild=100) as pool:
        yield from pool.imap_unordered(examine, rows)


def _begin() -> None:
    sys.unraisablehook = lambda _: None  # time was up inside a destructor; it rings again
    warnings.simplefilter("ignore")  # re warns of other people's patterns
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def show(results: list[Result]) -> bool:
    """Print the misses, then the figures; whether nothing was missed."""
    counts = sum((result.counts for result in results), Counter[str]())
    missed = Counter(what for result in results for what, _ in result.misses)
    for what in sorted(missed):
        found = [(r.id, how) for r in results for kind, how in r.misses if kind == what]
        print(f"\n{what}: missed {len(found)}, of {len({name for name, _ in found})} schemas")
        for name, how in found[:SHOWN]:
            print(f"  {name}: {how}")
    print()
    for what, count in counts.items():
        print(f"{what:56} {count:>11,}{f'  {missed[what]} MISSED' if missed[what] else ''}")
    asked, leaves = counts["leaves asked for"], counts["leaves"]
    print(f"{'share of the leaves asked for':56} {share(asked, leaves)}")
    sent, whole = counts["characters sent"], counts["characters sent, whole"]
    print(f"{'size of the schemas sent':56} {share(sent, whole)}")
    return not missed


@click.command()
@click.option("--all", "path", type=click.Path(exists=True, path_type=File), default=SAMPLE)
@click.option("--limit", type=int, help="So many schemas only.")
@click.option("--every", default=1, help="Only every so-many-th schema.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def main(*, path: File, limit: int | None, every: int, jobs: int) -> None:
    """Ask again for half of the fields of an instance of each schema, and print the figures."""
    start = time.perf_counter()
    rows = islice(islice(rows_of(path), 0, None, every), limit)
    results = sorted(examine_all(rows, jobs), key=lambda result: result.id)
    is_met = show(results)
    print(f"{time.perf_counter() - start:,.0f} s in all, {jobs} processes")
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
