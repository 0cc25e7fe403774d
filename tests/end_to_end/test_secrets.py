"""A secret appears in nothing that HeroCI writes, whatever the form and the channel."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.end_to_end.program import call, environment
from tests.integration.dagger import reach

LINE = "s3c/Val+ue w\"q&Z<x>9pL'm"
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nKcwggSjAgEAAoIBAQC7VJTU\n-----END KEY-----"
TOML = """
lint = []
settings = "settings"
[stages.leak]
services = ["loud"]
secrets = ["TOKEN", "KEY"]
steps = ["python3 leak.py"]
[stages.leak.reports]
junit = "out/*.xml"
checkstyle = "checkstyle.xml"
lcov = "lcov.info"
[services.loud]
SERVICE
port = 9876
env = { TOKEN = "{env.TOKEN}" }
"""
MANAGE = """from django.core.management import execute_from_command_line
import sys
execute_from_command_line(sys.argv)
"""
FORMS = """
import base64, html, json, os, re, shlex
from urllib.parse import quote, quote_plus

def forms(value):
    content = value.encode()
    pairs = ("", "u:", "user:", "a")
    yield value
    yield from (base64.b64encode(pair.encode() + content).decode() for pair in pairs)
    yield from (base64.urlsafe_b64encode(pair.encode() + content).decode() for pair in pairs)
    yield from (quote(value), quote(value, safe=""), quote_plus(value))
    yield re.sub("%..", lambda match: match[0].lower(), quote(value, safe=""))
    yield from (json.dumps(value), json.dumps({"a": json.dumps(value)}), repr(value))
    yield from (shlex.quote(value), re.sub(r"(\\W)", r"\\\\\\1", value))
    yield from (html.escape(value), html.escape(value, quote=False))
    yield from (content.hex(), content.hex().upper(), content.hex(":"))
    yield "\\x1b[31m".join(value)
    yield "\\u200b".join(value)
    yield quote(value.encode("utf-16-le"), safe="")
"""
LEAK = FORMS + """
import pathlib
from xml.sax.saxutils import escape, quoteattr

values = [os.environ["TOKEN"], *os.environ["KEY"].splitlines()]
texts = [form for value in values for form in forms(value)]
plain = [text.replace("\\x1b", "") for text in texts]
out = pathlib.Path("out")
out.mkdir(exist_ok=True)
cases = []
for text in plain:
    print(text)
    name, body = quoteattr(text), escape(text)
    cases.append(
        f"<testcase classname={name} name={name} file={name}>"
        f"<properties><property name={name} value={name}/></properties>"
        f"<failure message={name} type={name}>{body}</failure><system-out>{body}</system-out></testcase>"
    )
    cases.append(f"<testcase name={name}><skipped message={name}>{body}</skipped></testcase>")
named = f"<testsuites><testsuite name={quoteattr(values[0])}>{''.join(cases)}</testsuite></testsuites>"
pathlib.Path("out", values[0].replace("/", "%2F") + ".xml").write_text(named)
pathlib.Path("out", quote(values[0], safe="") + "-cut.xml").write_text(named[:-30])
findings = [
    f"<file name={text}><error line='1' severity='error' message={text} source={text}/></file>"
    for text in map(quoteattr, plain)
]
pathlib.Path("checkstyle.xml").write_text(f"<checkstyle>{''.join(findings)}</checkstyle>")
pathlib.Path("lcov.info").write_text("".join(f"SF:{text}\\nDA:1,1\\nend_of_record\\n" for text in plain))
print("::warning file=x::" + values[0])
for text in texts:
    print(text)
print(os.environ["KEY"])
raise SystemExit(values[0])
"""
LOUD = FORMS + """
import socketserver, sys

for form in forms(os.environ["TOKEN"]):
    print(form, flush=True)
socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("", int(sys.argv[1])), socketserver.BaseRequestHandler).serve_forever()
"""


def encoded(value: str) -> Iterator[str]:
    """Yield what may not be found; of base64, the part without the characters that depend on neighbours."""
    content = value.encode()
    yield value
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + content).decode()
        part = whole[-(-shift * 8 // 6) : (shift + len(content)) * 8 // 6]
        yield from (part, part.translate(str.maketrans("+/", "-_")))
    yield from (
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        re.sub("%..", lambda match: match[0].lower(), quote(value, safe="")),
    )
    yield from (
        json.dumps(value)[1:-1],
        json.dumps(json.dumps(value)[1:-1])[1:-1],
        repr(value)[1:-1],
    )
    yield shlex.quote(value)
    yield from (
        html.escape(value),
        html.escape(value, quote=False),
    )
    yield from (content.hex(), content.hex().upper(), content.hex(":"))
    yield quote(value.encode("utf-16-le"), safe="")


def written(directory: Path, printed: str) -> Iterator[tuple[str, str]]:
    """Yield every text that a run wrote, and its own name; the runner removes the lines that announce secrets."""
    lines = (line for line in printed.splitlines() if not line.startswith("::add-mask::"))
    yield "the terminal", "\n".join(lines).replace("\u200b", "")
    files = [path for path in (directory / "heroci-reports").rglob("*") if path.is_file()]
    for path in (*files, directory / "outputs", directory / "summary"):
        text = path.read_text(errors="replace").replace("\u200b", "")
        yield path.name, f"{path.name}\n{text}"


@pytest.mark.promise(
    "a secret is in a name, message, output, class, property, file name, finding, coverage report or service's log",
    "no byte that HeroCI writes contains it, plain, encoded or escaped",
)
@pytest.mark.parametrize("engine", ["host", pytest.param("dagger", marks=pytest.mark.dagger)])
def test_no_written_byte_contains_a_secret(tmp_path: Path, engine: str) -> None:
    if engine == "dagger":
        reach.require()
    service = 'command = "python3 loud.py {port}"'
    if engine == "dagger":
        # The container of a service does not contain the project.
        line = json.dumps(["python3", "-c", LOUD, "9876"])
        service = f'command = {line}\nimage = "python:3.13-slim"'
    files = {"heroci.toml": TOML.replace("SERVICE", service), "leak.py": LEAK, "loud.py": LOUD}
    for name, text in {**files, "manage.py": MANAGE}.items():
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    runner = {"GITHUB_OUTPUT": "outputs", "GITHUB_STEP_SUMMARY": "summary"}
    paths = {name: str(tmp_path / file) for name, file in runner.items()}
    env = environment(TOKEN=LINE, KEY=KEY, GITHUB_ACTIONS="true", **paths)
    done = call("run", "--engine", engine, "--stages", "leak", "-v", directory=tmp_path, env=env)
    assert done.exit_code == 1, done.stdout + done.stderr
    assert len(done.step("leak", "reports")["tests"]) > 100
    for name, text in written(tmp_path, done.stdout + done.stderr):
        for secret in (LINE, *KEY.splitlines()):
            found = [form for form in encoded(secret) if form in text]
            assert found == [], f"{name} contains {found[0]}"


@pytest.mark.promise(
    "a step prints the secret key that HeroCI has generated for the run",
    "no byte that HeroCI writes contains it",
)
@pytest.mark.parametrize("engine", ["host", pytest.param("dagger", marks=pytest.mark.dagger)])
def test_the_secret_key_of_the_run_is_masked(tmp_path: Path, engine: str) -> None:
    if engine == "dagger":
        reach.require()
    toml = """
        lint = []
        settings = "settings"
        [stages.leak]
        env = { OWN = "{secret_key}" }
        steps = ['echo "whole: $OWN"; echo "hidden: $OWN" | sed "s/./&-/g"']
        """
    (tmp_path / "heroci.toml").write_text(toml)
    (tmp_path / "manage.py").write_text(MANAGE)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name in ("outputs", "summary"):
        (tmp_path / name).touch()

    done = call("run", "--engine", engine, "--stages", "leak", "-v", directory=tmp_path)

    assert done.exit_code == 0, done.stdout + done.stderr
    (apart,) = re.findall(r"h-i-d-d-e-n-:- -(\S+)-", done.stdout)
    key = re.sub("(.)-", r"\1", f"{apart}-")
    assert len(key) > 40
    assert "whole: ***" in done.stdout
    for name, text in written(tmp_path, done.stdout + done.stderr):
        assert key not in text, f"{name} contains the key"
