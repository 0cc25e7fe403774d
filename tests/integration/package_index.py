"""A package index that accepts uploads, as PyPI's legacy API does."""

from __future__ import annotations

import email.parser
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.integration.loopback import read_body, served


@dataclass
class PackageIndex:
    """The uploaded files by name."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def package_index() -> Iterator[PackageIndex]:
    """Start an index that keeps what is uploaded."""
    state = PackageIndex()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            for name, content in _files(self.headers["Content-Type"], read_body(self)):
                state.files[name] = content
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with served(Handler) as address:
        state.address = f"{address}/"
        yield state


def _files(content_type: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of the files of a form."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    for part in message.iter_parts():
        name, content = part.get_filename(), part.get_payload(decode=True)
        if name and isinstance(content, bytes):
            yield name, content
