"""All that reports say of many answers, kept and compared: does a rewrite change any of it?

In:    the payloads of `tests/fixtures` and the stored answers of `bench/quality`, as they are and
       damaged (``fixtures``); answers to the real schemas of `schemas.py` (``schemas``); made-up
       hard answers (``hard``), also as bytes, SDK objects, chunks, live streams, labels, settled.
Out:   ``dump``: a line of JSON an answer, with every public attribute of its reports;
       ``compare``: how much was compared, and what differs; exit code 1 if anything does.
Never: an inside of fieldconf: what is read is what a user can read, in another order each time, so
       that what is computed late is computed then, too; an answer that time or chance changes.
Why:   tests say what must hold; this says that nothing else moved either.

    python bench/reports.py dump before.jsonl.gz
    python bench/reports.py dump after.jsonl.gz --fieldconf ../other/checkout --only hard
    python bench/reports.py compare before.jsonl.gz after.jsonl.gz
"""

# ruff: noqa: B023  # each case is scored before the next one is made

import gzip
import hashlib
import itertools
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import partial
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import click

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "fixtures"
STORED = ROOT / "bench" / "quality"
SAMPLE = ROOT.parent / "shared/corpora/jsonschemabench/schemas_sample.jsonl.gz"
HARD, BARE, A_JOB = 2_400, 600, 40
BY_HAND, LONG = 2, (4_000, 800)  # answers to a schema; characters of the first, of the others
NEAR = 1e-9
COUNTED = ("reports", "fields", "numbers")
SHOWN = 50
TIMED = b"takes too long to match"  # what a pattern of a stranger is given depends on the clock

# -- what a user can read -------------------------------------------------------------------------

ROLES = {
    "report": """status reason value data text flags mask precision choice tool model finish_reason
        refusal input_tokens output_tokens owners outcome confidence scope calibration stopped
        requests answer_score:score prompt_score:score tokens:token prompt_tokens:token errors:error
        verdicts:verdict fields:field""",
    "field": """path pointer value kind confidence raw low high logprob basis expected std flags
        reason start stop indexes null off_schema unseen margin rank signals is_leaf brief
        source_spans agreement distribution:distribution variants:distribution presence:member
        end_probabilities:member min_step:choice why:why readings:reading tokens:text
        declared:declared""",
    "distribution": """off_schema unseen decided_at calls rest margin entropy moments
        candidates:member unnormalised:member other:rival beginnings:rival""",
    "why": "token text share sentence rivals:rival",
    "choice": "token agreeing possible off_schema unseen probability low high rivals:rival",
    "reading": "how value confidence basis model agrees",
    "score": "logprob mean perplexity tokens",
    "error": "pointer problem path value confidence tokens:text",
    "verdict": "outcome reasons:reason",
    "reason": "name sentence outcome",
    "declared": "kinds members constrained required_keys more_keys title may_be_null",
}
PARTS = {
    role: [tuple([*word.split(":"), ""][:2]) for word in words.split()]
    for role, words in ROLES.items()
}
FEW: dict[str, Callable[[Any], Any]] = {
    "member": attrgetter("value", "probability", "low", "high"),
    "rival": attrgetter("text", "probability"),
    "text": lambda token: (token.text,),
    "token": lambda t: (
        t.text, t.bytes, t.logprob, t.id, t.note, t.is_outside, t.margin, t.entropy,
        [
            (c.text, "" if c.bytes == c.text.encode() else c.bytes, c.logprob, c.id)
            for c in t.candidates
        ],
    ),
}  # fmt: skip
MARK, ABSENT = "@", "<no such attribute>"


class Reader:
    """Reads reports into plain JSON values; counts the numbers in them."""

    def __init__(self, name: str) -> None:
        self.dice = random.Random(name)
        self.numbers = self.fields = 0

    def read(self, value: Any, role: str) -> Any:
        """All of something that has a role."""
        if value is None:
            return None
        if isinstance(value, Mapping):
            return {str(key): self.read(item, role) for key, item in value.items()}
        if isinstance(value, Sequence) and not hasattr(value, "_fields"):
            return [self.read(item, role) for item in value]
        if role in FEW:  # tokens, candidates, members: many
            return [self.plain(part) for part in FEW[role](value)]
        parts = PARTS[role]
        self.fields += role == "field"
        made: dict[str, Any] = {}
        for name, inner in self.dice.sample(parts, len(parts)):
            found = getattr(value, name, ABSENT)
            made[name] = self.read(found, inner) if inner and found != ABSENT else self.plain(found)
        return {MARK + role: [made[name] for name, _ in parts]}

    def plain(self, value: Any) -> Any:  # noqa: PLR0911  # a kind each
        """A value as JSON; what JSON has no word for is a text."""
        kind = type(value)
        if kind is float:
            self.numbers += 1
            return value
        if kind is str or kind is bool or value is None:
            return value
        if kind is int:
            self.numbers += 1
            return value if abs(value) < 1 << 63 else hex(value)
        if isinstance(value, bytes):
            return value.decode("latin-1")
        if isinstance(value, Mapping):
            return {str(key): self.plain(item) for key, item in value.items()}
        if isinstance(value, set | frozenset):
            return sorted(map(self.plain, value), key=repr)
        if isinstance(value, Sequence):
            return [self.plain(item) for item in value]
        return repr(value)


def line(name: str, call: Callable[[], Any], *, twice: bool) -> bytes:
    """One answer's line: its name, how many reports, fields and numbers, and all of them."""
    reader = Reader(name)
    made: list[Any] = []
    more: dict[str, Any] = {}
    try:
        made = call()
    except Exception as error:  # noqa: BLE001  # an error is what the user gets, too
        more = {"error": type(error).__name__, "message": str(error)}
        with suppress(AttributeError):
            made = [error.report] if error.report else []  # type: ignore[attr-defined]
    made = made if isinstance(made, list) else [made]
    read = [_read(reader, one) for one in made]
    if twice:
        more["to_dict"] = [_plain_form(one) for one in made]
    counts = f"{len(made)}\t{reader.fields}\t{reader.numbers}"
    said = json.dumps({"reports": read, **more}, separators=(",", ":"))
    return f"{name}\t{counts}\t{said}\n".encode()


def _read(reader: Reader, one: Any) -> Any:
    one = getattr(one, "report", one)  # the last event of a stream
    if hasattr(one, "status"):
        return reader.read(one, "report")
    event = {name: getattr(one, name) for name in ("type", "pointer", "value", "confidence")}
    return reader.plain(event) | {"field": reader.read(getattr(one, "field", None), "field")}


def _plain_form(one: Any) -> Any:
    return one.to_dict(tokens=True) if hasattr(one, "status") else None


# -- fixtures -------------------------------------------------------------------------------------

TICKET = {
    "type": "object", "required": ["urgent", "team"], "additionalProperties": False,
    "properties": {
        "urgent": {"type": "boolean"}, "team": {"enum": ["billing", "technical", "sales"]},
    },
}  # fmt: skip
OPEN = {
    "type": "object",
    "properties": {"team": {"type": "string"}, "urgent": {"type": ["boolean", "null"]}},
}
WRONG = [
    None,
    -9999.0,
    -100.0,
    0.3,
    "-0.25",
    "nan",
    -3.4028234663852886e38,
    [],
    {},
    "x",
    1e-7,
    True,
]
DAMAGED, LARGE = 16, 40_000  # so many of each payload; bytes from which it is read less often

Case = tuple[str, Callable[[], Any]]


def fixtures() -> list[Callable[[Any], Iterator[Case]]]:
    """What makes the cases of each payload, recording, alignment case and part of a stored set."""
    paths = [
        path for name in ("payloads", "recorded") for path in sorted((FIXTURES / name).iterdir())
    ]
    kept = [path for path in paths if path.suffix in (".json", ".sse") and path.stem != "INDEX"]
    cases = json.loads((FIXTURES / "alignment_cases.json").read_text("utf-8"))
    sets = [path.name.split(".")[0] for path in sorted((STORED / "data").glob("*.xz"))]
    return [
        *(partial(_of_file, path) for path in kept), partial(_of_alignment, cases),
        *(partial(_of_stored, name, part) for name in sets for part in range(2)),
    ]  # fmt: skip


def _of_stored(name: str, part: int, fc: Any) -> Iterator[Case]:
    sys.path.insert(0, str(STORED))
    import stored

    schema = json.loads(stored.SCHEMAS.read_text("utf-8"))[name]
    for number, one in enumerate(itertools.islice(stored.stored(name), part, None, 40)):
        asked, payload = stored.schema_of(schema, one["prompt"]), stored.payload(one)
        yield f"stored/{name}/{part}/{number}", lambda: fc.score(payload, asked)


def _of_file(path: Path, fc: Any) -> Iterator[Case]:
    """A payload by every road, with each schema; and damaged ones."""
    name, text = f"{path.parent.name}/{path.name}", path.read_text("utf-8")
    if name.endswith(".sse"):
        lines = [row[5:].strip() for row in text.split("\n") if row.startswith("data:")]
        payload: Any = [json.loads(row) for row in lines if row != "[DONE]"]
        roads = {"chunks": payload, "sse": text}
    else:
        kept = json.loads(text)
        payload = kept["response"] if "/llamacpp_smol" in name else kept
        roads = {"object": payload, "bytes": json.dumps(payload).encode()}
    if isinstance(payload, list):
        rows = [json.dumps(one) for one in payload]
        roads |= {"lines": "\n".join(rows), "events": "".join(f"data: {r}\r\n\r\n" for r in rows)}
    schemas = {"none": None, "ticket": TICKET, "open": OPEN, "list": {"type": "array"}}
    for (road, one), (kind, schema) in itertools.product(roads.items(), schemas.items()):
        yield f"{name}/{road}/{kind}", lambda: fc.score(one, schema)
        if len(text) < LARGE:
            yield f"{name}/{road}/{kind}/all", lambda: fc.score_all(one, schema)
    for number in range(DAMAGED if len(text) < LARGE else 3):
        broken = damaged(payload, random.Random(f"{name}/{number}"))
        raw = json.dumps(broken).encode()
        yield f"{name}/damaged {number}/object", lambda: fc.score(broken, TICKET)
        yield f"{name}/damaged {number}/bytes", lambda: fc.score(raw, OPEN)


def _of_alignment(cases: Any, fc: Any) -> Iterator[Case]:
    for case in cases:
        message = {"role": "assistant", "content": case["content"]}
        choice = {"index": 0, "message": message, "finish_reason": case["finish_reason"]}
        payload = {"choices": [choice | {"logprobs": {"content": case["tokens"]}}]}
        raw = json.dumps(payload).encode()
        for number, schema in enumerate([case["schema"], None]):
            name = f"alignment/{case['name']}/{number}"
            yield name, lambda: fc.score(payload, schema)
            yield f"{name}/bytes", lambda: fc.score(raw, schema)


def damaged(payload: Any, dice: random.Random) -> Any:
    """A copy in which something is wrong: a number, a key that lacks, an item too few or twice."""
    made = deepcopy(payload)
    holders = [one for one in _holders(made) if len(one)]
    numbers = [
        (holder, key) for holder in holders for key, item in _items(holder)
        if isinstance(item, float)
    ]  # fmt: skip
    how = dice.choice(["number", "number", "key", "item", "twice"])
    if how == "number" and numbers:
        holder, key = dice.choice(numbers)
        holder[key] = dice.choice(WRONG)
        return made
    holder = dice.choice(holders)
    key = dice.choice([key for key, _ in _items(holder)])
    if how == "twice" and isinstance(holder, list):
        holder.insert(key, deepcopy(holder[key]))
    else:
        del holder[key]
    return made


def _items(holder: Any) -> list[tuple[Any, Any]]:
    return list(holder.items() if isinstance(holder, dict) else enumerate(holder))


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for _, item in _items(value):
            yield from _holders(item)


# -- real schemas ---------------------------------------------------------------------------------


def real(fc: Any, row: Mapping[str, Any], *, full: bool) -> Iterator[Case]:
    """Answers to one schema that other people wrote: made by hand, hypothesis depends on time."""
    from instances import Ground, made, mutated
    from schemas import LAYOUTS, response, tokenised, written

    from fieldconf.schema import compile_schema

    schema, ground = row["schema"], Ground(row["schema"])
    compiled = compile_schema(schema)
    values = {str(number): made(ground, number)[0] for number in range(BY_HAND)}
    values |= {f"0, {how}": value for how, value in mutated(ground, values["0"], 0)}
    for number, (name, value) in enumerate(values.items()):
        for place, layout in enumerate(LAYOUTS):
            text, _ = written(value, layout)
            if not full and (place != number % 3 or len(text) > LONG[number > 0]):
                continue
            payload = response(text, tokenised(text, layout))
            if number % 2:
                payload = json.dumps(payload).encode()
            yield f"{row['id']}/{name}/{layout}", lambda: fc.score(payload, compiled)


# -- hard answers ---------------------------------------------------------------------------------


def made_up(fc: Any, number: int) -> Iterator[Case]:
    """A hard answer as a dict, as bytes, and in one more way."""
    from hard import chunks, hard

    one = hard(number)
    match = "loose" if number % 5 == 0 else "exact"
    yield f"{number}/dict", lambda: fc.score(one.payload, one.schema, match=match)
    raw = json.dumps(one.payload).encode()
    yield f"{number}/bytes", lambda: fc.score_all(raw, one.schema)
    parts = chunks(one, 1 + number % 3)
    way = number % 4
    if way == 0:
        yield f"{number}/chunks", lambda: fc.score(parts, one.schema)
    elif way == 1:
        client = Client(parts)
        yield f"{number}/live", lambda: list(fc.stream(one.schema, "?", client=client, model="m"))
    elif way == 2:
        probe = Probe(one.vocabulary, number)
        settle = fc.Settle(tolerance=0.001, budget=25, probe=probe, prompt=[Probe.MARK])
        yield f"{number}/settled", lambda: fc.score(one.payload, one.schema, settle=settle)
    elif one.payload["object"] == "chat.completion":
        yield f"{number}/object", lambda: fc.score(_sdk(one.payload), one.schema)


def labelled(fc: Any, number: int) -> Iterator[Case]:
    """A bare label."""
    from hard import bare

    payload, labels = bare(number)
    match = "loose" if number % 2 else "exact"
    yield f"{number}/label", lambda: fc.classify(payload, labels, match=match)


def _sdk(payload: Any) -> Any:
    from openai._models import construct_type
    from openai.types.chat import ChatCompletion

    return construct_type(type_=ChatCompletion, value=payload)


class Client:
    """A client whose every stream is this one."""

    base_url = "http://localhost"

    def __init__(self, chunks: list[Any]) -> None:
        self.chat = self.completions = self
        self.chunks = chunks

    def create(self, **_asked: Any) -> Any:
        """The stream."""
        return iter(self.chunks)


class Probe:
    """A made-up model to ask: what it says of a token depends on all before it, and on a seed."""

    MARK = 10**6

    def __init__(self, vocabulary: set[bytes], seed: int) -> None:
        from fieldconf.tokens.vocabulary import Vocabulary

        self.vocabulary, self.seed = Vocabulary(dict(enumerate(sorted(vocabulary)))), seed

    def prompt(self, _messages: Any) -> tuple[int, ...]:
        """A prompt of one token, which has no bytes."""
        return (self.MARK,)

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        """One number a token, up to a constant."""
        before = hashlib.blake2b(repr((self.seed, list(prefix))).encode()).digest()
        return [-0.05 * (before[token % 64] ^ (token % 251)) for token in wanted]


# -- all of them ----------------------------------------------------------------------------------


class Job(NamedTuple):
    """A few answers, made and scored in one process."""

    room: str
    what: Any
    full: bool = False


def jobs(rooms: Sequence[str], sample: Path, *, full: bool) -> Iterator[Job]:
    """All jobs, in the order of their lines."""
    if "fixtures" in rooms:
        yield from (Job("fixtures", make) for make in fixtures())
    if "schemas" in rooms and sample.exists():
        from schemas import rows_of

        yield from (Job("schemas", row, full) for row in rows_of(sample))
    elif "schemas" in rooms:
        print(f"schemas: left out, there is no {sample}", file=sys.stderr)
    if "hard" in rooms:
        yield from (Job("hard", range(at, at + A_JOB)) for at in range(0, HARD, A_JOB))
        yield from (Job("bare", range(at, at + A_JOB)) for at in range(0, BARE, A_JOB))


def lines_of(job: Job) -> bytes:
    """The lines of a job, packed."""
    import fieldconf as fc

    sys.setrecursionlimit(20_000)
    if job.room == "fixtures":
        cases = job.what(fc)
    elif job.room == "schemas":
        cases = real(fc, job.what, full=job.full)
    else:
        make = made_up if job.room == "hard" else labelled
        cases = itertools.chain.from_iterable(make(fc, number) for number in job.what)
    twice = job.room != "schemas"
    made = [
        line(f"{job.room}/{name}".replace("\t", " "), call, twice=twice) for name, call in cases
    ]
    return gzip.compress(b"".join(made), 1, mtime=0)


@click.group()
def main() -> None:
    """Keep all that reports say, and compare."""


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--fieldconf", "checkout", type=click.Path(exists=True), help="A checkout of it.")
@click.option("--only", multiple=True, type=click.Choice(["fixtures", "schemas", "hard"]))
@click.option("--sample", type=click.Path(path_type=Path), default=SAMPLE, help="Of schemas.")
@click.option("--full", is_flag=True, help="Each answer to a schema in each layout: an hour.")
@click.option("--jobs", "count", default=2, show_default=True, help="Processes.")
def dump(
    *, file: Path, checkout: str | None, only: tuple[str, ...], sample: Path, full: bool, count: int
) -> None:
    """Score everything, and write all that the reports say."""
    start = time.perf_counter()
    sys.path.insert(0, checkout or str(ROOT))
    import fieldconf as fc

    print(f"fieldconf of {Path(fc.__file__).parent}", file=sys.stderr)
    with get_context("fork").Pool(count) as pool, file.open("wb") as out:
        wanted = jobs(only or ("fixtures", "schemas", "hard"), sample, full=full)
        for packed in pool.imap(lines_of, wanted):
            out.write(packed)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)


@main.command()
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path))
def compare(old: Path, new: Path) -> None:
    """Say how much was compared, and every difference."""
    counts: Counter[str] = Counter()
    found: list[tuple[str, str, str]] = []
    with gzip.open(old, "rb") as first, gzip.open(new, "rb") as second:
        for one, other in itertools.zip_longest(first, second, fillvalue=b"(none)\t0\t0\t0\t{}\n"):
            name, *numbers, said = one.split(b"\t", 4)
            counts.update(answers=1, **dict(zip(COUNTED, map(int, numbers), strict=True)))
            if one == other:
                continue
            if TIMED in one or TIMED in other:
                counts["timed"] += 1
                continue
            its_name, *_, its_words = other.split(b"\t", 4)
            if name != its_name:
                how = f"it is {its_name.decode()}: not the same answers"
                found.append((name.decode(), "the answer's name", how))
                break
            pairs = differences(json.loads(said), json.loads(its_words))
            found += [(name.decode(), *what) for what in pairs]
    print(", ".join(f"{counts[what]:,} {what}" for what in ("answers", *COUNTED)))
    if counts["timed"]:
        print(f"left out: {counts['timed']}, where validation gave up after some time")
    groups = Counter(where for _, where, _ in found)
    print(f"{len(found):,} differences in {len({name for name, *_ in found}):,} answers")
    for where, count in groups.most_common():
        print(f"\n{where}: {count:,}")
        for name, _, how in [each for each in found if each[1] == where][
            : SHOWN // len(groups) + 1
        ]:
            print(f"  {name}: {how}")
    sys.exit(1 if found or not counts["answers"] else 0)


def differences(one: Any, other: Any, where: str = "", at: str = "") -> Iterator[tuple[str, str]]:
    """What differs, as (attribute, how)."""
    if isinstance(one, dict) and isinstance(other, dict):
        one, other = _named(one), _named(other)
        if list(one) != list(other):
            yield where, f"{at}: {_short(list(one))} -> {_short(list(other))} (keys)"
        for key in [key for key in one if key in other]:
            is_name = key in NAMES
            yield from differences(
                one[key], other[key], f"{where}.{key}" if is_name else where, f"{at}/{key}"
            )
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, where, f"{at}/{number}")
    elif not _same(one, other):
        yield where, f"{at}: {_short(one)} -> {_short(other)}"


def _named(value: dict[str, Any]) -> dict[str, Any]:
    """A record with the names of its parts."""
    [role, *more] = [key[1:] for key in value if key[:1] == MARK] or [""]
    if role not in PARTS or more or len(value) > 1:
        return value
    return {n: part for (n, _), part in zip(PARTS[role], value[MARK + role], strict=True)}


NAMES = {name for parts in PARTS.values() for name, _ in parts} | {
    "reports", "to_dict", "error", "message", "field",
}  # fmt: skip


def _same(one: Any, other: Any) -> bool:
    numbers = all(
        isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other)
    )
    if numbers:
        return math.isclose(one, other, rel_tol=NEAR, abs_tol=NEAR) or (
            math.isnan(one) and math.isnan(other)
        )
    return type(one) is type(other) and one == other


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 200 else text[:200] + "..."


if __name__ == "__main__":
    main()
