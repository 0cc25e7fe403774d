"""Servers that actions of GitHub's marketplace start, by the names of the actions and of their inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from heroci_action.detection.ci.machine_servers import SINGLE_NODE
from heroci_action.detection.ci.postgis import postgis_image
from heroci_action.detection.ci.records import UNKNOWN, Image
from heroci_action.detection.ci.yaml_file import is_false

# Words in names, each with the image of the server; the first match counts.
_IMAGES: Mapping[str, str] = {
    # - uses: ikalnytskyi/action-setup-postgres@v7
    #   with: { postgres-version: "16" }
    "postgis": "postgis/postgis",
    "postg": "postgres",
    # - uses: samin/mysql-action@v1
    #   with: { mysql version: "8.0" }
    "mysql": "mysql",
    "mariadb": "mariadb",
    "redis": "redis",
    "valkey": "valkey",
    "memcached": "memcached",
    "rabbitmq": "rabbitmq",
    "mongo": "mongo",
    "elasticsearch": "elasticsearch",
    "opensearch": "opensearchproject/opensearch",
    "meilisearch": "getmeili/meilisearch",
}
# `redis-version`, `version`, `mysql version`, `stack-version`
_VERSION = re.compile(r"(?i)(?:(.*)[-_ ])?version$")
# Actions that work on a server that runs already.
_NO_SERVER = re.compile(r"(?i)wait|backup|dump|restore|client|migrat|deploy|upload|\bcli\b")
# Versions of other things than the server.
_OTHER = re.compile(r"(?i)python|node|compose|docker|action|client|cli\b|postgis")
_NUMBER = re.compile(r"v?\d+(\.[\w-]+)*|latest")
# `postgresql user`, `database`
_ACCOUNT = re.compile(r"(?i)(?:.*[-_ ])?(user|username|password|database|db)")
_ACCOUNTS: Mapping[str, Mapping[str, str]] = {
    "postgres": {"user": "POSTGRES_USER", "password": "POSTGRES_PASSWORD", "database": "POSTGRES_DB"},
    "mysql": {"user": "MYSQL_USER", "password": "MYSQL_PASSWORD", "database": "MYSQL_DATABASE"},
    "mariadb": {"user": "MARIADB_USER", "password": "MARIADB_PASSWORD", "database": "MARIADB_DATABASE"},
}  # fmt: skip
_SECURE = 8  # the first version whose container starts with security
_ROLES = {"username": "user", "db": "database"}


def find_servers(name: str, inputs: Mapping[str, str], source: str) -> tuple[Image, ...]:
    """Return the servers of an action, by its name, else by the names of inputs with versions."""
    if _NO_SERVER.search(name):
        return ()
    known = {key: text for key, text in inputs.items() if text and UNKNOWN not in text}
    if image := _image_of(name):
        # PostGIS has the version of PostgreSQL.
        own = {None, image, "postgres" if "postgis" in image else image}
        versions = [text for key, text in _versions(known) if _image_of(key) in own]
        server = _server(image, next(iter(versions), ""), known, source)
        return (_with_security(server, name, known),)
    named = {_image_of(key): text for key, text in _versions(known)}
    return tuple(_server(image, text, {}, source) for image, text in named.items() if image)


def _with_security(server: Image, name: str, inputs: Mapping[str, str]) -> Image:
    """Return Elasticsearch with its password if the action starts it with security, for which version 8 is needed.

    Source: elastic/elastic-github-actions, where security is on and the password has a default.
    """
    major = server.tag.partition(".")[0]
    usual = "true" if name.lower().startswith("elastic/") else "false"
    wanted = not is_false(inputs.get("security-enabled", usual))
    if (
        server.name != "elasticsearch"
        or not wanted
        or not major.isdecimal()
        or int(major) < _SECURE
    ):
        return server
    env = {key: text for key, text in server.env.items() if key != "xpack.security.enabled"}
    password = inputs.get("elasticsearch_password", "changeme")
    return replace(server, env={**env, "ELASTIC_PASSWORD": password})


def _image_of(text: str) -> str | None:
    return next((image for word, image in _IMAGES.items() if word in text.lower()), None)


def _versions(inputs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the inputs that are versions of servers, each with the server's name before the word."""
    for key, text in inputs.items():
        match = _VERSION.fullmatch(key)
        if match and not _OTHER.search(key) and not is_false(text) and _NUMBER.fullmatch(text):
            yield match[1] or "", text


def _server(image: str, version: str, inputs: Mapping[str, str], source: str) -> Image:
    variables = _ACCOUNTS.get("postgres" if image == "postgis/postgis" else image, {})
    account = {
        variables[role]: text
        for key, text in inputs.items()
        if (match := _ACCOUNT.fullmatch(key)) and (role := _role(match[1])) in variables
    }
    env = {**SINGLE_NODE.get(image, {}), **account}
    reference = f"{image}:{version}".rstrip(":")
    if image == "postgis/postgis":
        reference = postgis_image(version if version.isdecimal() else "")
    return Image.parse(reference, source=source, env=env)


def _role(word: str) -> str:
    return _ROLES.get(word.lower(), word.lower())
