"""How near are the distributions to the exact ones?  Judged on the embedded model's own logits.

In:    options; the prompts of `exact_prompts.py`; the truth of `exact_truth.py`.
Out:   tables: brackets holding the truth, widths, errors, calls and seconds a field, for several
       `top_logprobs` and after settling, beside the first token's probability and the peers; by
       kind of field; and a chi-square test of the truth itself against draws.
Never: a truth made with the code that is judged; a peer in our environment; a hidden failure.
Why:   "low <= truth <= high" and "probability" are claims about a real model; here they are checked
       against every path of tokens that the schema allows.

    python bench/exact.py [--prompts N] [--skip-sampling] [--skip-peers] [--skip-open] [--fresh]
"""

import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import exact_open
import exact_truth as exact
import peers
from exact_prompts import PROMPTS, Prompt, Rating, Tone, kind, members
from pydantic import create_model

import fieldconf as fc
from fieldconf.embedded import local

CACHE = peers.ENVS / "exact-truths.json"
KINDS = ("boolean", "enum", "nullable", "rating")
TOLERANCE, BUDGET = 0.01, 200  # of settling
FORCE = 60.0  # nats on a token to see whether the grammar has it
ROUNDING = 1e-6  # of the server's single precision, in a probability
NEAR = (1e-3, 1e-2)  # how far outside of its bracket a truth is also counted


# -- what is measured ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A field of an answer, and the truth about it."""

    prompt: int
    name: str
    kind: str
    values: tuple[Any, ...]
    chosen: int
    truth: tuple[float, ...]
    pruned: float
    walked: int
    runtime: tuple[float, ...]
    first_token: float

    @property
    def pointer(self) -> str:
        """Its JSON Pointer."""
        return f"/{self.name}"


@dataclass(frozen=True)
class Asked:
    """One prompt's answer, word for word, and its finite fields."""

    prompt: Prompt
    raw: bytes
    data: Any
    fields: tuple[Known, ...]


@dataclass(frozen=True)
class Measured:
    """What fieldconf said of a field: (probability, low, high) a member."""

    known: Known
    bounds: tuple[tuple[float, float, float], ...]
    calls: int

    @property
    def outside(self) -> float:
        """How far the worst truth is outside of its bracket; 0 if all are in."""
        pruned = self.known.pruned  # may belong to any member
        pairs = zip(self.known.truth, self.bounds, strict=True)
        far = max(max(low - t - pruned, t - high) for t, (_, low, high) in pairs)
        return far if far > ROUNDING else 0.0

    @property
    def errors(self) -> list[float]:
        """Absolute error of each member's probability."""
        pairs = zip(self.known.truth, self.bounds, strict=True)
        return [abs(p - t) for t, (p, *_) in pairs]

    @property
    def chosen_error(self) -> float:
        """Signed: above zero where the member written is overstated."""
        return self.bounds[self.known.chosen][0] - self.known.truth[self.known.chosen]

    @property
    def widths(self) -> list[float]:
        """Bracket widths."""
        return [high - low for _, low, high in self.bounds]


@dataclass(frozen=True)
class Row:
    """A way of asking: what came of it, and what it cost."""

    label: str
    measured: list[Measured]
    missing: list[str]
    seconds: float


# -- asking -------------------------------------------------------------------------------------


def ask(client: Any, number: int, prompt: Prompt, model: exact.NextToken, truths: Any) -> Asked:
    """Have a prompt answered once, and walk the truth of each finite field of the answer."""
    schema = prompt.model.model_json_schema()
    defaults = client.fieldconf_defaults
    messages = defaults.make_messages(schema, prompt.text, None)
    arguments = {**defaults.options, **fc.request(prompt.model, top_logprobs=20, defaults=defaults)}
    reply = client.chat.completions.with_raw_response.create(messages=messages, **arguments)
    response = reply.parse()
    ids = model.prompt(messages)
    if response.usage.prompt_tokens != len(ids):
        raise click.ClickException("the prompt's tokens are not those that the chat endpoint made")
    choice = response.choices[0]
    answer = list(exact.written(choice.logprobs.content))
    data = json.loads(choice.message.content)
    known = []
    for name, node in schema["properties"].items():
        values = members(node)
        if values is None:
            continue
        asked = exact.question(answer, list(schema["properties"]), name, values)
        key = [model.name, ids, [t.id for t in answer[: asked.start]], _plain(asked), exact.PRUNED]
        truth = truths.get(key, _walk(model, ids, asked, answer))
        runtime = truths.get([*key, "forced"], _walk(model, ids, asked, answer, forced=True))
        first = first_token(choice.logprobs.content, choice.message.content, name, data[name])
        known.append(
            Known(
                number, name, kind(node), tuple(values), values.index(data[name]),
                truth.probabilities, truth.pruned, truth.calls, runtime.probabilities, first,
            )
        )  # fmt: skip
    return Asked(prompt, reply.content, data, tuple(known))


def _walk(
    model: exact.NextToken,
    ids: list[int],
    asked: exact.Question,
    answer: Sequence[exact.Written],
    *,
    forced: bool = False,
) -> Callable[[], exact.Truth]:
    given = [token.id for token in answer]
    return lambda: exact.Walk(model, ids, asked, given, forced=forced).truth


def _plain(asked: exact.Question) -> list[str]:
    return [text.decode() for text in asked.texts]


def first_token(entries: Any, content: str, name: str, value: Any) -> float:
    """Probability of the first token that writes something of the value, quotes aside."""
    raw = content.encode()
    key = json.dumps(name).encode() + b":"
    inner = raw.index(key) + len(key) + isinstance(value, str)
    offset = 0
    for entry in entries:
        offset += len(entry.bytes)
        if offset > inner:
            return math.exp(entry.logprob)
    raise ValueError(name)


def measure(client: Any, asked: list[Asked], label: str, **options: Any) -> Row:
    """Extract from every prompt in one way."""
    measured, missing, seconds = [], [], 0.0
    for one in asked:
        began = time.perf_counter()
        report = fc.extract(one.prompt.model, one.prompt.text, client=client, **options)
        seconds += time.perf_counter() - began
        if report.data != one.data:
            raise click.ClickException(f"another answer than before: {report.data} {one.data}")
        for known in one.fields:
            found = report[known.pointer].distribution
            if found is None:
                missing.append(f"{known.prompt}{known.pointer}: {report[known.pointer].reason}")
                continue
            at = [found[value] for value in known.values]
            bounds = tuple((m.probability, m.low, m.high) for m in at)
            measured.append(Measured(known, bounds, getattr(found, "calls", 0)))
    click.echo(f"measured: {label} ({seconds:.0f} s)", err=True)
    return Row(label, measured, missing, seconds)


# -- the baselines ------------------------------------------------------------------------------


def baselines(asked: list[Asked], *, skip_peers: bool) -> Iterator[tuple[str, list[Any] | str]]:
    """(name, one probability or None a field) for the first token and each peer's readings."""
    fields = [known for one in asked for known in one.fields]
    yield "first token's exp(logprob)", [known.first_token for known in fields]
    for peer in () if skip_peers else peers.PEERS:
        try:
            told = _told(peer, asked)
        except peers.NotInstalledError as error:
            yield peer.name, f"not installed: {error}"
            continue
        readings = dict.fromkeys(name for one in told for name in one if name != "error")
        for reading in readings:
            pairs = zip(told, asked, strict=True)
            numbers = [a.get(reading, {}).get(k.pointer) for a, one in pairs for k in one.fields]
            yield f"{peer.name}{f': {reading}' if reading else ''}", numbers
        if not readings:
            yield peer.name, told[0]["error"]


def _told(peer: Any, asked: list[Asked]) -> list[Any]:
    script = str(peers.HERE / "exact_peers.py")
    with tempfile.TemporaryDirectory() as folder:
        question = []
        for number, one in enumerate(asked):
            body = Path(folder, f"{number}.json")
            body.write_bytes(one.raw)
            question.append([str(body), one.prompt.model.model_json_schema()])
        done = subprocess.run(
            [str(peers.environment(peer)), script, peer.name],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise peers.NotInstalledError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return json.loads(done.stdout.strip().splitlines()[-1])


# -- the truth, by sampling ---------------------------------------------------------------------

SAMPLED = create_model("Answer", tone=(Tone, ...))
SAMPLED_TEXT = "I want to send the lamp back."  # none of the five tones is improbable here


def sampling(client: Any, model: exact.NextToken, draws: int) -> Iterator[str]:
    """Draw answers at temperature 1 and compare how often each member came with the truth."""
    schema = SAMPLED.model_json_schema()
    (name,) = schema["properties"]
    values = members(schema["properties"][name]) or []
    ids = model.prompt(client.fieldconf_defaults.make_messages(schema, SAMPLED_TEXT, None))
    asked = exact.from_the_beginning([name], values)
    # Draws find their prompt in the cache, so its last token is computed alone: `again`.
    truth = exact.Walk(model, ids, asked, again=True).truth
    forced = exact.Walk(model, ids, asked, again=True, forced=True).truth
    yield f"\n{draws} draws at temperature 1 of {json.dumps({name: values})}: {SAMPLED_TEXT!r}"
    drawn = [json.loads(text)[name] for text in _by_grammar(model, ids, _plain(asked), draws)]
    title = "the truth, against draws held to the answers by llama.cpp's own grammar"
    yield from _compared(title, values, truth, drawn)
    drawn = [json.loads(text)[name] for text in _by_schema(client, draws)]
    title = "llguidance's process, against draws by response_format (as fieldconf asks)"
    yield from _compared(title, values, forced, drawn)


def _seeds(draws: int) -> list[int]:
    generator = random.Random(0)  # neighbouring seeds give draws that depend on each other
    return [generator.getrandbits(31) for _ in range(draws)]


def _by_grammar(
    model: exact.NextToken, ids: list[int], texts: list[str], draws: int
) -> Iterator[str]:
    grammar = f"root ::= {' | '.join(map(json.dumps, texts))}"
    model.step(ids, cached=False)  # else the first draw's prompt is computed otherwise
    for seed in _seeds(draws):
        yield model.draw(ids, grammar, seed)


def _by_schema(client: Any, draws: int) -> Iterator[str]:
    defaults = client.fieldconf_defaults
    messages = defaults.make_messages(SAMPLED.model_json_schema(), SAMPLED_TEXT, None)
    arguments = {**defaults.options, **fc.request(SAMPLED, top_logprobs=1, defaults=defaults)}
    arguments |= {"messages": messages, "temperature": 1.0, "max_tokens": 64}
    arguments["extra_body"] = {"samplers": ["temperature"], "cache_prompt": True}
    for seed in _seeds(draws):
        answer = client.chat.completions.create(**arguments, seed=seed)
        yield answer.choices[0].message.content


def _compared(title: str, values: list[Any], truth: exact.Truth, drawn: list[Any]) -> Iterator[str]:
    counts = Counter(drawn)
    cells = [(counts[value], len(drawn) * p) for value, p in zip(values, truth.probabilities)]  # noqa: B905
    chi2, df, p = chi_square(cells)
    yield f"  {title} (n = {len(drawn)}, {truth.calls} prefixes asked, pruned {truth.pruned:.0e})"
    for value, (count, expected) in zip(values, cells, strict=True):
        yield f"    {value:16} drawn {count:5}  expected {expected:7.1f}"
    verdict = "agree" if p > 0.01 else "DISAGREE at the 1 % level"
    yield f"    chi2 = {chi2:.2f}, df = {df}, p = {p:.3f}: {verdict}"


def chi_square(cells: Sequence[tuple[int, float]]) -> tuple[float, int, float]:
    """Pearson's statistic, its degrees of freedom and p value; cells below 5 are joined."""
    small = [cell for cell in cells if cell[1] < 5]
    joined = [cell for cell in cells if cell[1] >= 5]
    if small:
        joined.append((sum(c for c, _ in small), sum(e for _, e in small)))
    chi2 = math.fsum((count - expected) ** 2 / expected for count, expected in joined)
    df = len(joined) - 1
    return chi2, df, _survival(chi2, df)


def _survival(chi2: float, df: int) -> float:
    """P(X > chi2) of the chi-square distribution, by its recurrence in steps of two degrees."""
    half = chi2 / 2
    total, at = (math.exp(-half), 2) if df % 2 == 0 else (math.erfc(math.sqrt(half)), 1)
    while at < df:
        total += math.exp(at / 2 * math.log(half) - half - math.lgamma(at / 2 + 1)) if half else 0.0
        at += 2
    return total


# -- what is printed ----------------------------------------------------------------------------


def mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers) if numbers else math.nan


HEADER = (
    f"{'':28}{'fields':>7}{'all in':>8}{'<.001':>7}{'<.01':>6}{'width':>8}{'error':>8}{'worst':>7}"
    f"{'chosen':>8}{'signed':>8}{'calls':>7}{'s':>7}"
)


def line(label: str, measured: list[Measured], seconds: float | None = None) -> str:
    """A row of the table; `seconds` of all of it."""
    if not measured:
        return f"{label:28}{0:7}"
    count = len(measured)
    held = [sum(m.outside <= far for m in measured) for far in (0.0, *NEAR)]
    errors = [error for m in measured for error in m.errors]
    numbers = (
        f"{count:7}{held[0]:8}{held[1]:7}{held[2]:6}"
        f"{mean([w for m in measured for w in m.widths]):8.4f}{mean(errors):8.4f}{max(errors):7.3f}"
        f"{mean([abs(m.chosen_error) for m in measured]):8.4f}"
        f"{mean([m.chosen_error for m in measured]):+8.4f}{mean([m.calls for m in measured]):7.1f}"
    )
    return f"{label:28}{numbers}{'' if seconds is None else f'{seconds / count:7.2f}'}"


EXPLAINED = f"""
all in  fields of which every member's truth lies in its bracket; <.001, <.01: or that far outside.
width   high - low, mean over all members.        error   |probability - truth|, mean over all
worst   the largest of them.                              members.
chosen  the same, of the member written alone.    signed  its mean with the sign (+: overstated).
calls   next-token questions asked for a field beyond the answer itself.
s       seconds of the whole extraction, by finite fields.

The truth is the probability with which decoding held to the schema (compact: no white space) at
temperature 1 writes a member, given the answer's tokens up to the field: all paths of tokens,
asked one token at a time after a fresh prompt, as generation computes them. Branches below
{exact.PRUNED:.0e} are left out; their sum is allowed for in "all in". What the server's rounding
does (a logprob differs by up to 6e-5 between lists of 20 and of 2,000) is not: hence "<.001".
In that grammar a member has one spelling: no escapes but the needed ones, integers without a point.
The embedded model's runtime (llguidance) leaves a token no choice while all members left go on with
the same text: it writes that as the tokenizer would. So its draws follow another process than the
one defined above; no server tells its mask, so nothing here is judged by it. Both are drawn below.
Brackets stay wide however long the lists are where mass is on branches that the answer did not take
and that several members share: only settling asks there."""


def report(rows: list[Row], asked: list[Asked]) -> Iterator[str]:
    fields = [known for one in asked for known in one.fields]
    pruned, walked = [k.pruned for k in fields], [k.walked for k in fields]
    yield (
        f"{len(asked)} prompts, {len(fields)} finite fields; truth: {sum(walked)} prefixes asked "
        f"({max(walked)} at most for a field), pruned {max(pruned):.0e} at most"
    )
    apart = [abs(r - t) for k in fields for r, t in zip(k.runtime, k.truth, strict=True)]
    yield (
        "the embedded model's own runtime follows another process (see below): it is "
        f"{mean(apart):.4f} apart from the truth, {max(apart):.2f} at most\n"
    )
    yield HEADER
    for row in rows:
        yield line(row.label, row.measured, row.seconds)
        yield from (f"    no distribution: {text}" for text in row.missing)
    for name in KINDS:
        yield f"\n{name}"
        for row in rows:
            yield line(f"  {row.label}", [m for m in row.measured if m.known.kind == name])


def compared(rows: list[Row], found: list[tuple[str, list[Any] | str]], asked: list[Asked]) -> Any:
    """The member written alone: fieldconf, the first token, the peers, on the same fields."""
    fields = [known for one in asked for known in one.fields]
    yield f"\nthe member written alone: mean |confidence - truth|{'all':>17}" + "".join(
        f"{name:>10}" for name in KINDS
    )
    lines = []
    for name, numbers in found:
        if isinstance(numbers, str):
            yield f"  {name}: {numbers}"
            continue
        pairs = [
            (k.kind, abs(n - k.truth[k.chosen]), n - k.truth[k.chosen])
            for k, n in zip(fields, numbers, strict=True)
            if n is not None
        ]
        lines.append((mean([error for _, error, _ in pairs]), name, pairs))
    for row in rows:
        pairs = [(m.known.kind, abs(m.chosen_error), m.chosen_error) for m in row.measured]
        lines.append((mean([error for _, error, _ in pairs]), f"fieldconf, {row.label}", pairs))
    for error, name, pairs in sorted(lines, key=lambda one: one[0]):
        kinds = "".join(f"{mean([e for k, e, _ in pairs if k == each]):10.4f}" for each in KINDS)
        signed = mean([s for *_, s in pairs])
        lacking = (
            f"  ({len(fields) - len(pairs)} fields without)" if len(pairs) < len(fields) else ""
        )
        yield f"  {name:58}{error:8.4f}{kinds}  signed {signed:+.4f}{lacking}"


def outside(rows: list[Row], asked: list[Asked]) -> Iterator[str]:
    """Where a truth is outside of its bracket, the worst first."""
    for row in rows:
        wrong = sorted((m for m in row.measured if m.outside > 0), key=lambda m: -m.outside)
        if wrong:
            yield f"\noutside of its bracket, {row.label}: {len(wrong)} fields, the worst:"
        for m in wrong[:6]:
            told = ", ".join(
                f"{json.dumps(v)} {t:.4f} [{low:.4f} {high:.4f}]"
                for v, t, (_, low, high) in zip(
                    m.known.values, m.known.truth, m.bounds, strict=True
                )
                if max(low - t, t - high) > 0
            )
            answer = json.dumps(asked[m.known.prompt].data)
            yield f"  by {m.outside:.1e}  {m.known.name} of {answer}: {told}"


PUSHED = {"an escape": b"\\", "white space": b" ", "a point": b".", "an exponent": b"e"}


def spelled(client: Any, model: exact.NextToken) -> str:
    """See that the server allows no other spelling of the members than the truth does."""
    either = create_model("Answer", tone=(Tone | None, ...), stars=(Rating, ...))
    defaults = client.fieldconf_defaults
    messages = defaults.make_messages(either.model_json_schema(), SAMPLED_TEXT, None)
    arguments = {**defaults.options, **fc.request(either, defaults=defaults), "messages": messages}

    def answer(token: int, bias: float) -> str:
        bent = client.chat.completions.create(**arguments, logit_bias={str(token): bias})
        return bent.choices[0].message.content

    tokens = {name: model.ids_of[text][0] for name, text in PUSHED.items()}
    allowed = [name for name, token in tokens.items() if answer(token, FORCE) != answer(token, 0.0)]
    told = ", ".join(allowed) or "nothing of it is written"
    return f"pushed by {FORCE:.0f} nats to write {', '.join(PUSHED)} in a value: {told}"


def checked(client: Any, model: exact.NextToken, asked: list[Asked]) -> str:
    """Ask two prefixes for the whole vocabulary, and normalise the legal tokens by hand."""
    worst = 0.0
    for one in asked[:2]:
        schema = one.prompt.model.model_json_schema()
        ids = model.prompt(client.fieldconf_defaults.make_messages(schema, one.prompt.text, None))
        legal = [model.ids_of[text][0] for text in (b"{", b'{"', b"true", b"b", b"\n")]
        model.step(ids, cached=False)
        shares = model.shares(ids, legal, cached=True)
        by_hand = exact.masked(model.whole(ids, cached=True), legal)
        worst = max(worst, *(abs(shares[number] - by_hand[number]) for number in legal))
    return f"the truth's steps against the whole vocabulary's logprobs: {worst:.0e} apart at most"


@click.command()
@click.option("--prompts", default=len(PROMPTS), show_default=True, help="Take the first N.")
@click.option("--widths", default="20,200,2000", show_default=True, help="top_logprobs to ask for.")
@click.option("--draws", default=2000, show_default=True, help="Draws of the chi-square test.")
@click.option("--skip-sampling", is_flag=True, help="Leave the chi-square test out.")
@click.option("--skip-peers", is_flag=True, help="Leave the peers out.")
@click.option("--skip-open", is_flag=True, help="Leave the open values out: half an hour.")
@click.option("--fresh", is_flag=True, help="Walk the truths again.")
@click.option("--dump", type=click.Path(path_type=Path), help="Write what was measured as JSON.")
def main(
    *, prompts: int, widths: str, draws: int, skip_sampling: bool, skip_peers: bool,
    skip_open: bool, fresh: bool, dump: Path | None,
) -> None:  # fmt: skip
    """Judge fieldconf's distributions by the embedded model's exact ones."""
    truths = exact.Cache(CACHE, fresh=fresh)
    with local() as client:
        model = exact.NextToken(client)
        asked = []
        for number, prompt in enumerate(PROMPTS[:prompts]):
            asked.append(ask(client, number, prompt, model, truths))
            click.echo(f"\rtruth: {number + 1} of {prompts}", nl=number + 1 == prompts, err=True)
        opened: list[exact_open.Known] = []
        rows = [
            measure(client, asked, f"top_logprobs {int(width):,}", top_logprobs=int(width))
            for width in widths.split(",")
        ]
        if hasattr(fc, "Settle"):
            settle = fc.Settle(tolerance=TOLERANCE, budget=BUDGET)
            rows.append(measure(client, asked, "settled", settle=settle))
        checks = [checked(client, model, asked), spelled(client, model)]
        click.echo("\n".join(report(rows, asked)))
        click.echo("" if hasattr(fc, "Settle") else "\nsettled: this fieldconf has no Settle")
        click.echo("\n".join(outside(rows, asked)))
        found = list(baselines(asked, skip_peers=skip_peers))
        click.echo("\n".join(compared(rows, found, asked)))
        click.echo("\n".join([EXPLAINED, "", *checks]))
        if not skip_open:
            opened = list(exact_open.measured(client, exact_open.PROMPTS_JUDGED))
            click.echo("\n".join(exact_open.table(opened)))
        if dump:
            dump.write_text(json.dumps([asdict(row) for row in rows], indent=1))
        if not skip_sampling:
            for text in sampling(client, model, draws):  # minutes: each as soon as it is there
                click.echo(text)
    best = rows[-1]
    are_held = skip_open or all(known.is_held for known in opened)
    sys.exit(0 if are_held and all(m.outside <= NEAR[0] for m in best.measured) else 1)


if __name__ == "__main__":
    main()
