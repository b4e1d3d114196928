"""The small question that the tests of the embedded model ask."""

TICKET = {
    "type": "object",
    "properties": {
        "urgent": {"type": "boolean", "description": "is it urgent"},
        "team": {"enum": ["billing", "sales"]},
        "name": {"type": "string"},
    },
    "required": ["urgent", "team", "name"],
}
TEXT = "My invoice is wrong, please mend it today. Anna Bell"
