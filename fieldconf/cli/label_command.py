"""Label command: ``fieldconf label``.

In:    reports, or rows of ``fieldconf batch``; the texts that were read; keys, or lines of standard
       input where that is no terminal; with ``--browser`` the clicks of one person.
Out:   a value after the other on standard output; a file of labels; a summary.
Never: a label lost that was shown as saved; a control character of a text sent to the terminal.
Why:   labels are given where the reports are, without another program.

Exit codes: 0 all values are labelled, or the session was ended by a key or by --limit; 2 wrong
arguments, or a file that cannot be used; 130 Ctrl-C. All labels are kept in each case.
"""

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from fieldconf.cli.arguments import policy_of, source_texts
from fieldconf.cli.keyboard import END, Keyboard, KeyPress
from fieldconf.cli.showing import one_line_errors
from fieldconf.errors import EvaluationError
from fieldconf.render.table import printable

if TYPE_CHECKING:
    from fieldconf.labelling import Label, LabelItem, LabelSession

KEYS = "[y] right  [n] wrong  [c] correct  [s] skip  [u] undo  [q] quit  [?] help"

_HELP = """\
y    the value is right
n    the value is wrong, and you do not know the right one
c    the value is wrong: type the right one
1-9  the value is wrong: this one of the others is right
s    skip the value: it is no label (skipping audit values biases the audit)
u    take the last label back, also one of an earlier session
q    quit, as Ctrl-C does; the same command goes on here
A list is right if no item is missing and none is too many; its items are
labelled by themselves. Only audit values, a random sample, tell how good
accepted values are; doubtful values do not count for that."""


@click.command("label")
@click.argument("reports", type=click.Path(exists=True))
@click.option(
    "--labels", "path", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="The file of labels (.jsonl); a file that exists is continued.",
)  # fmt: skip
@source_texts
@click.option(
    "--policy", "policy_path", type=click.Path(path_type=Path),
    help="What is accepted: a TOML or JSON file. [default: the policies of REPORTS]",
)  # fmt: skip
@click.option("--accept", type=click.FloatRange(0, 1), help="Accept from this confidence on.")
@click.option(
    "--audit", type=click.FloatRange(0, 1), default=0.25, show_default=True,
    help="The share of labels that is drawn at random from accepted values.",
)  # fmt: skip
@click.option(
    "--risk", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.05,
    show_default=True, help="The share of accepted values that may be wrong.",
)  # fmt: skip
@click.option("--seed", type=int, help="Of the random draw. [default: that of the file, or 0]")
@click.option("--field", "fields", multiple=True, help="Label only this field; repeatable.")
@click.option("--limit", type=click.IntRange(1), help="End after so many labels.")
@click.option(
    "--browser", is_flag=True, help="Ask in a browser: a page that only this machine can reach."
)
def label_command(
    reports: str,
    path: Path,
    places: tuple[str, ...],
    per: Any,
    text_field: str | None,
    id_field: str | None,
    policy_path: Path | None,
    accept: float | None,
    audit: float,
    risk: float,
    seed: int | None,
    fields: tuple[str, ...],
    limit: int | None,
    browser: bool,
) -> None:
    """Label values of REPORTS: are they right?

    REPORTS is what `fieldconf extract --each -o` or `fieldconf batch` wrote, or a file of saved
    reports. Doubtful values are asked for first, mixed with a random sample of accepted ones. Each
    label is saved at once; the same command goes on where it ended.

    \b
    Example:
      fieldconf label tickets.jsonl --labels labels.jsonl --source mails.txt
      fieldconf evaluate tickets.jsonl --labels labels.jsonl

    \b
    Exit codes:
      0    all values are labelled, or you quit, or --limit was reached
      2    wrong arguments, or a file that cannot be used
      130  Ctrl-C; all labels are kept
    """  # noqa: D301  # \b is click's
    from fieldconf.labelling import LabelSession, queue_of
    from fieldconf.labelling.label_lines import seed_of
    from fieldconf.many.progress import working
    from fieldconf.statistics.packages import package
    from fieldconf.viewing.view import labelling_page

    has_policy = policy_path is not None or accept is not None
    if browser and limit is not None:
        raise click.UsageError("--limit is for the terminal: in the browser press Finish")
    with one_line_errors():
        package("scipy.special")  # before the first label, not after it
        seed_of_file = seed_of(path)
        texts = texts_in(places, per, text_field, id_field) if places else None
        policy = policy_of(policy_path, accept, None) if has_policy else None
        with working("reading"):
            queue = queue_of(
                reports,
                policy=policy,
                fields=fields,
                texts=texts,
                audit=audit,
                seed=(seed_of_file or 0) if seed is None else seed,
            )
        if texts is not None:
            check_texts(texts, {item.document for item in (*queue.doubtful, *queue.audit)})
        with LabelSession(queue, path, risk) as session:
            try:
                if browser:
                    _serve(session, labelling_page(reports, policy, texts))
                else:
                    _ask(session, limit)
            except KeyboardInterrupt:
                click.echo()
                _summarise(session)
                raise SystemExit(130) from None
            _summarise(session)


def texts_in(
    places: Sequence[str], per: Any, text_field: str | None, id_field: str | None
) -> dict[str, str]:
    """The texts by the ids of their documents; by their numbers where they have none."""
    from fieldconf.grounding.locating import searched_text
    from fieldconf.many.input_readers import inputs_in

    texts: dict[str, str] = {}
    inputs = inputs_in(places, per=per, text_field=text_field, id_field=id_field)
    for number, item in enumerate(inputs):
        read = item.input() if callable(item.input) else item.input
        if isinstance(read, (str, list)):
            texts[str(number) if item.id is None else item.id] = searched_text(read)
    return texts


def check_texts(texts: Mapping[str, str], names: Collection[str]) -> None:
    """Check that some of the texts are those of the documents.

    Raises:
        UsageError: if none is.
    """
    if texts.keys().isdisjoint(names):
        raise click.UsageError(
            "no text of --source has the id of a report: give --id-field, or the same names "
            "as when they were read"
        )


def _serve(session: "LabelSession", page: str) -> None:
    """Ask in a browser, until somebody presses Finish."""
    from fieldconf.viewing.label_server import LabelServer

    with LabelServer(session, page) as server:
        click.echo(f"Open this address in a browser of this machine: {server.address}")
        click.echo("Finish, or Ctrl-C here, ends the session; each label is saved at once.")
        server.serve_forever(poll_interval=0.1)


def _ask(session: "LabelSession", limit: int | None) -> None:
    """Ask for values until all are labelled, or somebody has had enough."""
    from fieldconf.cli.label_screen import show

    before, message = len(session.labels), ""
    keyboard = Keyboard()
    try:
        while (item := session.current) is not None:
            if limit is not None and len(session.labels) - before >= limit:
                return
            keyboard.ready()
            show(session, item, message, KEYS)
            key = keyboard.key()
            if key == END or key.name == "q":
                return
            if key == KeyPress("c"):
                key = KeyPress("c", keyboard.line("right value (Enter alone: cancel): "))
            message = _act(session, item, key)
    finally:
        keyboard.close()


def _act(session: "LabelSession", item: "LabelItem", key: KeyPress) -> str:
    """Do what a key means; return the message about it."""
    actions = {"y": session.right, "n": session.wrong, "s": session.skip}
    if key.name in actions:
        return _saved(actions[key.name]())
    if key.name == "u":
        label = session.undo()
        return "nothing to undo" if label is None else f"undone: {_named(label)}"
    if key.name == "c":
        return _corrected(session, item, key.text or "")
    place = int(key.name) if key.name.isdecimal() and key.name.isascii() else 0
    if 1 <= place <= len(item.alternatives):
        return _saved(session.correct(item.alternatives[place - 1].value))
    return _HELP if key.name == "?" else f"no such key: {key.name!r}. Press ? for help"


def _corrected(session: "LabelSession", item: "LabelItem", text: str) -> str:
    if not text.strip():
        return "nothing was typed, nothing is saved"
    try:
        return _saved(session.correct(value_of(text.strip(), item.value)))
    except EvaluationError as error:
        return f"not saved: {error}"


def value_of(text: str, answer: Any) -> Any:
    """The right value that a text stands for, beside a value of the answer.

    Beside a text it is a text, without quotes, unless it is null, a list, an object or quoted.

    Raises:
        EvaluationError: if it is no JSON, and the answer is no text.

    >>> value_of("sales", "ops"), value_of("12", "x"), value_of('"12"', "x"), value_of("12", 7)
    ('sales', '12', '12', 12)
    >>> value_of("null", "x") is None
    True
    """
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        if isinstance(answer, str) or answer is None:
            return text
        raise EvaluationError(
            "that is no JSON value", remedy='Type it as JSON: true, 12, "text", null, [1, 2]'
        ) from None
    return text if isinstance(answer, str) and isinstance(value, (bool, int, float)) else value


# -- messages ------------------------------------------------------------------------------------


def _named(label: "Label") -> str:
    if label.right is None:
        what = "skipped"
    elif label.truth and not label.right:
        what = f"wrong, {json.dumps(label.truth[0], ensure_ascii=False)} is right"
    else:
        what = "right" if label.right else "wrong"
    return f"{label.document} {label.field or '(whole)'}: {what}"


def _saved(label: "Label") -> str:
    return f"saved: {_named(label)}"


def _summarise(session: "LabelSession") -> None:
    from fieldconf.cli.label_screen import audited, counted

    known, path = session.progress, session.path
    skipped = f", {known.skipped} skipped" if known.skipped else ""
    is_done = " All values are labelled." if session.current is None else ""
    wrong = known.labels - known.right
    click.echo(
        printable(
            f"{counted(known.labels)} in {path}: {known.right} right, {wrong} wrong{skipped}."
        )
        + is_done
    )
    for line in audited(known):
        click.echo(line)
    reports = click.get_current_context().params["reports"]
    click.echo("Next:")
    if known.labels:
        own = shlex.join([reports, "--labels", str(path)])
        click.echo(printable(f"  fieldconf evaluate {own}"))
    if not is_done:
        click.echo(printable(f"  fieldconf label {_arguments()}    # goes on"))


def _arguments() -> str:
    """The arguments of this command as they were given."""
    context, words = click.get_current_context(), list[str]()
    for parameter in context.command.params:
        name = str(parameter.name)
        source, value = context.get_parameter_source(name), context.params[name]
        if source is None or source.name != "COMMANDLINE":
            continue
        is_option = parameter.param_type_name == "option"
        for each in cast("tuple[Any, ...]", value if isinstance(value, tuple) else (value,)):
            is_flag = getattr(parameter, "is_flag", False)
            words += [parameter.opts[0]] * is_option + [str(each)] * (not is_flag)
    return shlex.join(words)
