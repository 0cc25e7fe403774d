#!/bin/sh
# Check style, types and the import contracts.
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
environment requirements-dev.txt
PATH="$PWD/.venv/bin:$PATH"
export PATH

black --check --quiet .
isort --check --quiet .
flake8
ruff check --quiet .
mypy
lint-imports --no-logo
NO_MKDOCS_2_WARNING=1 mkdocs build --quiet
