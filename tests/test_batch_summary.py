"""Counts of many rows, and how they are shown; ``test_law_batch_rows`` has the law of them."""

import io
import json

import pyarrow as pa
from rich.console import Console
from test_batch_scoring import TICKET, Ticket, response

from fieldconf.batch import run_summary as summaries
from fieldconf.batch import score_batch
from fieldconf.batch.run_summary import OTHERS, BatchSummary

TEXTS = [json.dumps(response()), json.dumps(response(TICKET | {"team": "hr"})), "oops"]


def summary_of(*texts, wide=False, schema=Ticket):
    batch = pa.record_batch({"response": pa.array(texts, pa.string())})
    total = BatchSummary()
    total.add(score_batch(batch, schema, wide=wide))
    return total


def shown(total, width=80):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(total)
    return console.file.getvalue()


def test_the_wide_form_is_counted_as_the_long_one():
    """But for outcomes, which its fields do not have, and for lists and objects."""
    long, wide = summary_of(*TEXTS), summary_of(*TEXTS, wide=True)
    assert (wide.rows, wide.responses) == (3, 3)
    for name in ("responses", "statuses", "outcomes", "reasons"):
        assert getattr(wide, name) == getattr(long, name)
    leaves = {"team": "/team", "customer.name": "/customer/name", "topics": "/topics"}
    for name, path in leaves.items():
        assert wide.fields[name].confidence == long.fields[path].confidence
        assert (wide.fields[name].fields, wide.fields[name].unknown) == (2, 0)
    assert not wide.fields["team"].outcomes


def test_rows_that_were_read_back_count_alike():
    """A reader may give texts as dictionaries, and a table in place of a batch."""
    found = score_batch(pa.record_batch({"response": TEXTS}), Ticket)
    columns = [one.dictionary_encode() if pa.types.is_string(one.type) else one
               for one in found.columns]  # fmt: skip
    read = pa.table(columns, names=found.schema.names)
    total = BatchSummary()
    total.add(pa.concat_tables([read, read]))
    twice = summary_of(*TEXTS)
    twice.merge(summary_of(*TEXTS))
    assert total.to_dict() == twice.to_dict()


def test_names_without_end_are_counted_together(monkeypatch):
    """Free keys may be as many as there are fields: memory stays the same."""
    monkeypatch.setattr(summaries, "MOST", 3)
    total = summary_of(json.dumps(response({"a": 1, "b": 2, "c": 3, "d": 4})), schema=None)
    assert [*total.fields] == ["", "/a", "/b", OTHERS]
    assert total.fields[OTHERS].fields == 2
    total.merge(total)
    assert total.fields[OTHERS].fields == 4
    assert total.fields["/a"].fields == 2


def test_what_is_shown_says_how_many_and_how_sure():
    lines = shown(summary_of(*TEXTS)).splitlines()
    assert lines[0].startswith(f"3 answers, {8 + 8 + 1} rows")
    assert lines[1] == "complete 2  error 1"
    (team,) = [line for line in lines if line.lstrip().startswith("/team")]
    assert team.split()[:2] == ["/team", "2"]
    assert team.count("50.0 %") == 2
    assert "█" in team
    (path,) = [line for line in lines if line.lstrip().startswith("/topics/*")]
    assert path.split()[1] == "4"
    assert "this is a text, not a response" in "".join(lines)


def test_nothing_at_all_can_be_shown():
    assert shown(BatchSummary()).strip() == "0 answers, 0 rows"
    assert shown(summary_of(wide=True)).startswith("0 answers")


def test_what_an_answer_holds_does_not_reach_the_terminal_as_it_is():
    total = summary_of(json.dumps(response({"[red]\u001b[2J": 1})), schema=None)
    text = shown(total, 120)
    assert "\u001b" not in text
    assert "[red]" in text


def test_of_many_reasons_the_first_are_shown():
    texts = [json.dumps({"error": {"message": f"model {place}"}}) for place in range(15)]
    lines = shown(summary_of(*texts, texts[7]), 120).splitlines()
    (first,) = [line for line in lines if "model 7." in line]
    assert first.split()[0] == "2"
    assert lines[-1].split() == ["5", "for", "other", "reasons"]
