"""Label server: the page of many reports on loopback, which keeps labels in a session's file.

In:    a page, a session of labels; requests of the browser of one person.
Out:   the page; after each label the next value and what the labels tell.
Never: an answer to a request without the secret of the address, to another host name, or from
       another page; an address that another machine can reach.
Why:   labelling in a browser writes the same file as in the terminal, with the same rules.

The browser gets one address, ``http://127.0.0.1:PORT/SECRET/``. A page of another site cannot know
the secret, and the checks of ``Host`` and ``Origin`` also refuse one whose name was made to lead to
this machine. A label names its value: a second click on an old page labels nothing.
"""

import hmac
import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from fieldconf.errors import FieldconfError
from fieldconf.labelling import LabelSession
from fieldconf.threads import Lock
from fieldconf.viewing.review_data import item_data, progress_data

_LONGEST = 1_000_000  # bytes of a request: a right value may be a text


class LabelServer(ThreadingHTTPServer):
    """The page and the session of one person.

    Args:
        session: of the labels.
        page: the text of the page.

    Attributes:
        address: what to open in a browser.
        is_finished: whether the person has pressed "Finish".
    """

    daemon_threads = True

    def __init__(self, session: LabelSession, page: str) -> None:
        super().__init__(("127.0.0.1", 0), _LabelHandler)
        self.session, self.page = session, page
        self.host = f"127.0.0.1:{self.server_port}"
        self.secret = secrets.token_urlsafe(24)
        self.address = f"http://{self.host}/{self.secret}/"
        self.is_finished = False
        self._lock = Lock()

    def act(self, action: dict[str, Any]) -> dict[str, Any]:
        """Do what the page asks for, and say what is next.

        An action without a key asks for the state alone. "undo" withdraws the last label; "finish"
        ends the server after the answer; all others are labels of the value of "document" and
        "field": "right" (true, false, or null: it is skipped), and perhaps "value", the JSON text
        of the right one.

        Raises:
            FieldconfError: if the label cannot be written.
            ValueError: if it is no such action.
        """
        with self._lock:
            message = self._act(action)
            item = self.session.current
            return {
                "item": None if item is None else item_data(item),
                "done": len(self.session.labels),
                "left": len(self.session.queue) - len(self.session.labels),
                "message": message,
                "progress": progress_data(self.session.progress),
            }

    def _act(self, action: dict[str, Any]) -> str:
        session = self.session
        if "finish" in action:
            self.is_finished = True
            return ""
        if "undo" in action:
            label = session.undo()
            return "There is nothing to undo." if label is None else "The last label is withdrawn."
        if "document" not in action:
            return f"The labels are kept in {session.path}."
        item = session.current
        if item is None or item.key != (action["document"], action.get("field")):
            return "This value was labelled already: nothing is saved."
        right = action.get("right")
        if "value" in action:
            label = session.correct(json.loads(action["value"]))
        elif right is None:
            label = session.skip()
        else:
            label = session.right() if right is True else session.wrong()
        what = "skipped" if label.right is None else "right" if label.right else "wrong"
        return f"Saved: {label.document} {label.field or 'answer'} is {what}."


class _LabelHandler(BaseHTTPRequestHandler):
    server_version, sys_version = "fieldconf", ""

    @property
    def _server(self) -> LabelServer:
        assert isinstance(self.server, LabelServer)
        return self.server

    def do_GET(self) -> None:
        if self._is_allowed(""):
            self._send(200, self._server.page.encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        if not self._is_allowed("label"):
            return
        try:
            state = self._server.act(self._action())
        except FieldconfError as error:
            self._send(500, str(error).encode(), "text/plain; charset=utf-8")
        except (ValueError, TypeError, RecursionError):
            self._send(400, b"no such action", "text/plain; charset=utf-8")
        else:
            self._send(200, json.dumps(state).encode(), "application/json")
            if self._server.is_finished:  # not before the page has its answer
                Thread(target=self._server.shutdown).start()  # it waits for the serving thread

    def _action(self) -> dict[str, Any]:
        """The JSON object of a request.

        A page of another site cannot send this type without being asked for its permission first.
        """
        size = int(self.headers.get("Content-Length") or "")
        if self.headers.get_content_type() != "application/json" or not 0 <= size <= _LONGEST:
            raise ValueError("no JSON, or too long")
        return dict(json.loads(self.rfile.read(size)))

    def _is_allowed(self, name: str) -> bool:
        """Whether a request comes from the page, or from who was given its address."""
        server = self._server
        is_ours = self.headers.get_all("Host") == [server.host]
        is_ours &= self.headers.get("Origin", f"http://{server.host}") == f"http://{server.host}"
        is_known = hmac.compare_digest(self.path.encode(), f"/{server.secret}/{name}".encode())
        if not (is_ours and is_known):
            self._send(404, b"", "text/plain")
        return is_ours and is_known

    def _send(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        for name, value in (
            ("Content-Type", kind), ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ):  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the address has a secret, and the terminal is for the summary."""
