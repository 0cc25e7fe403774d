#!/bin/sh
# Write the lock files anew: what HeroCI needs (requirements-dagger.txt), and what its checks and tests need besides
# (requirements-dev.txt). Run it after changing the dependencies in pyproject.toml or requirements.txt.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url "$@"; }
compile pyproject.toml --extra postgres -o requirements-dagger.txt
compile pyproject.toml requirements.txt --extra postgres --group dev -o requirements-dev.txt
