"""A proxy that puts the local Dagger engine behind TLS with client certificates, as an administrator would."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SUBJECT = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def create_certificates(directory: Path) -> None:
    """Create ca.pem, and a key and certificate for the server and the client, signed by it."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    key = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    for name in ("server", "client"):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("req", *key, *files, "-subj", f"/CN={name}", "-addext", SUBJECT)
        signed = (
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-copy_extensions",
            "copy",
        )
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)


@contextmanager
def tls_proxy(certificates: Path, engine: tuple[str, ...]) -> Iterator[int]:
    """Listen on loopback and connect each client to a new process of `engine`, over its standard streams."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    # gRPC requires it.
    context.set_alpn_protocols(["h2"])
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*engine, stdin=pipe, stdout=pipe)
        assert process.stdin is not None
        assert process.stdout is not None
        await asyncio.wait(
            {
                asyncio.ensure_future(_copy(reader, process.stdin)),
                asyncio.ensure_future(_copy(process.stdout, writer)),
            },
            return_when=asyncio.FIRST_COMPLETED,
        )
        writer.close()
        with suppress(ProcessLookupError):
            process.terminate()

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while chunk := await source.read(65_536):
            target.write(chunk)
            await target.drain()
