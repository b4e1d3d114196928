"""Samples: pages of invented messages, whose answers a small model gave."""

import json
from functools import cache

from environment import ROOT

import fieldconf as fc

SCHEMA = {
    "title": "Message",
    "type": "object",
    "properties": {
        "urgent": {"type": "boolean"},
        "team": {"enum": ["billing", "technical", "sales"]},
    },
    "required": ["urgent", "team"],
}


@cache
def messages(count=24):
    """(reports by document, texts, right values) of so many messages."""
    lines = (ROOT / "docs/data/messages.jsonl").read_text().splitlines()[:count]
    rows = [json.loads(line) for line in lines]
    reports = {row["document"]: fc.score(row["response"], SCHEMA) for row in rows}
    return (
        reports,
        {row["document"]: row["text"] for row in rows},
        {row["document"]: row["value"] for row in rows},
    )
