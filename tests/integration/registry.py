"""A minimal container registry with a password."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.integration.loopback import read_body, served


@dataclass
class Registry:
    """The pushed manifests by path. Docker uses plain HTTP for registries on loopback."""

    address: str = ""
    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def registry(user: str, password: str) -> Iterator[Registry]:  # noqa: C901  one handler
    """Start a registry with the endpoints of the OCI Distribution Specification that a push needs."""
    state = Registry()
    login = base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self, code: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _do(self) -> None:
            body = read_body(self)
            path = urlsplit(self.path)
            name = path.path.rpartition("/")[2]
            if self.headers.get("Authorization") != f"Basic {login}":
                self._answer(401, WWW_Authenticate='Basic realm="test"')
            elif self.command == "POST":
                # Docker uploads layers in parallel, and continues as soon as it has the location.
                upload = f"upload-{uuid.uuid4().hex}"
                state.uploads[upload] = b""
                self._answer(202, Location=f"{path.path.rstrip('/')}/{upload}")
            elif self.command == "PATCH":
                state.uploads[name] += body
                self._answer(202, Location=path.path, Range=f"0-{len(state.uploads[name]) - 1}")
            elif self.command == "PUT" and "/manifests/" in path.path:
                digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
                state.manifests[path.path] = body
                self._answer(201, Docker_Content_Digest=digest, Location=path.path)
            elif self.command == "PUT":
                (digest,) = parse_qs(path.query)["digest"]
                state.blobs[digest] = state.uploads[name] + body
                self._answer(201, Docker_Content_Digest=digest, Location=path.path)
            elif "/blobs/" in path.path and name in state.blobs:
                self._answer(200, state.blobs[name], Docker_Content_Digest=name)
            elif path.path == "/v2/":
                self._answer(200)
            else:
                self._answer(404)

        do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = _do  # noqa: N815  http.server's names

        def log_message(self, *_: object) -> None:
            """Write nothing to standard error."""

    with served(Handler) as url:
        state.address = url.removeprefix("http://")
        yield state
