"""Epilogs: what stands at the end of each command's help: examples and exit codes.

In:    nothing.
Out:   texts for click.
Never: an exit code that the command does not have (``tests/test_cli.py`` compares).
Why:   who reads help wants a line to copy first.
"""


def epilog(examples: str, codes: str) -> str:
    """Examples and exit codes, a line each, as click shows lines as they are."""
    rows = "\n".join(f"  {line}" for line in examples.strip().splitlines())
    meanings = "\n".join(f"  {line}" for line in codes.strip().splitlines())
    return f"\b\nExamples:\n{rows}\n\n\b\nExit codes:\n{meanings}"


INTERRUPTED = "130  interrupted (Ctrl-C)"
ANSWER = f"""
0    the answer is complete and valid, every required field has a confidence
1    it is not
2    wrong arguments, or an input that cannot be read
3    the request failed, or the embedded model cannot run
{INTERRUPTED}
With --exit-by-outcome, 0, 10 and 11 in place of 0 and 1: accept, review, reject
"""

EXTRACT = epilog("""
fieldconf extract ticket.py:Ticket mail.txt
fieldconf extract ticket.py:Ticket --text "I was charged twice" --model gpt-4o
fieldconf extract ticket.json - --model m --base-url http://localhost:8000/v1
fieldconf extract ticket.py:Ticket --each mails.txt -o tickets.jsonl
""", ANSWER)  # fmt: skip
SCORE = epilog("""
fieldconf score response.json --schema ticket.py:Ticket
fieldconf score responses.jsonl --all --json
curl ... | fieldconf score - --why
""", ANSWER)  # fmt: skip
TOKENS = epilog("""
fieldconf tokens response.json
fieldconf tokens response.json --candidates 5
""", ANSWER.rpartition("With --exit")[0])  # fmt: skip
EXPLAIN = epilog("""
fieldconf explain response.json /team --schema ticket.py:Ticket
fieldconf explain response.json "items[0].price" --source mail.txt
""", ANSWER.rpartition("With --exit")[0])  # fmt: skip
CLASSIFY = epilog("""
fieldconf classify answer.json --label spam --label ham
fieldconf classify answer.json --label A=spam --label B=ham --after Final:
""", ANSWER)  # fmt: skip
BATCH = epilog("""
fieldconf batch saved/ --schema ticket.py:Ticket -o tickets.parquet
fieldconf batch "logs/*.jsonl.gz" -o rows.csv --wide --summary
fieldconf batch s3://bucket/saved/ -o s3://bucket/rows.parquet
""", f"""
0    all was scored
1    some lines are no responses: OUTPUT.errors.jsonl names them
2    wrong arguments, a file that cannot be read or written, or a field of the policy that
     no answer has
{INTERRUPTED}; the same command goes on where it ended
""")  # fmt: skip
EVALUATE = epilog("""
fieldconf evaluate judged.csv
fieldconf evaluate tickets.parquet --labels labels.jsonl --html page.html
fieldconf evaluate judged.csv --plot curves.png
""", f"""
0    the measures are shown
2    wrong arguments, or a file that cannot be read or written
{INTERRUPTED}
""")  # fmt: skip
VIEW = epilog("""
fieldconf view response.json --schema ticket.py:Ticket
fieldconf view responses.jsonl -o page.html --open
fieldconf view tickets.jsonl --source mails.txt --labels labels.jsonl -o tickets/
""", f"""
0    the page is written
2    wrong arguments, or a file that cannot be read or written
{INTERRUPTED}
""")  # fmt: skip
FETCH = epilog("fieldconf local fetch", f"""
0    the weights are there
2    the folder cannot be written (FIELDCONF_CACHE names another)
3    no connection, or other weights than expected
{INTERRUPTED}
""")  # fmt: skip
PROGRAM = epilog("""
fieldconf extract ticket.py:Ticket mail.txt
fieldconf score response.json
fieldconf COMMAND --help
""", f"""
0    the answer is sound
1    it is not; drift: there is drift
2    wrong arguments, or an input that cannot be read
3    the request failed, or the embedded model cannot run
{INTERRUPTED}
""")  # fmt: skip
