"""Servers that answer what a test says, or that score."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

PATIENCE = 60.0
"""Seconds."""


@contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[int, list[dict[str, str]]]]:
    """A server that gives these answers in turn (the last one for ever), and what headers it was sent."""
    sent: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, headers, body = answers[min(len(sent), len(answers) - 1)]
            sent.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    with _serving(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, sent


@contextmanager
def scoring(score: Callable[[str, str], float]) -> Iterator[tuple[int, list[int]]]:
    """A server that gives an item's last request and answer their ``score``, and how many items it was sent at a time.
    Of the questions of several items the first is answered after the second.
    """
    sent: list[int] = []
    lock, second = threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            items = json.loads(self.rfile.read(int(self.headers["content-length"])))["items"]
            with lock:
                first = len(items) > 1 and max(sent, default=0) <= 1
                sent.append(len(items))
            if first:
                second.wait(PATIENCE)
            turns = [[turn["content"] for turn in item["messages"][-2:]] for item in items]
            body = rewards(*(score(prompt, answer) for prompt, answer in turns))
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            if len(items) > 1 and not first:
                second.set()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, sent


@contextmanager
def _serving(server: HTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rewards(*values: object) -> bytes:
    return json.dumps({"data": [{"reward": value} for value in values]}).encode()
