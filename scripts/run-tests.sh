#!/bin/sh
# Run every check and test of HeroCI itself; options go to pytest.
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
environment requirements-dev.txt
PATH="$PWD/.venv/bin:$PATH"
export PATH

echo "== style and types" >&2
black --check --quiet .
isort --check --quiet .
flake8
ruff check --quiet .
mypy
lint-imports --no-logo

echo "== tests" >&2
pytest "$@"
