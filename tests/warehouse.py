"""A warehouse: files of saved responses, for tests of who scores them."""

import json

from desks import payload_to


def line(number):
    """A saved response, as a line without its break."""
    return json.dumps({**payload_to(f"text {number}"), "id": f"r-{number}"}).encode()


def lines(count, start=0):
    return [line(number) for number in range(start, start + count)]


def text(count, start=0):
    return b"".join(one + b"\n" for one in lines(count, start))


def write(path, data):
    """A file of these bytes, or of so many responses."""
    path.write_bytes(text(data) if isinstance(data, int) else data)
    return path
