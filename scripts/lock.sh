#!/bin/sh
# Write the lock files anew: what HeroCI needs (requirements-dagger.txt), and what its checks and tests need besides
# (requirements-dev.txt). Of the first, what is in the action's image (requirements-action.txt), and what the host engine
# fetches there when a run needs it (requirements-host.txt). Run it after changing the dependencies in pyproject.toml or
# requirements.txt.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url "$@"; }
compile pyproject.toml --extra postgres -o requirements-dagger.txt
compile pyproject.toml requirements.txt --extra postgres --group dev -o requirements-dev.txt

# Never imported: PyGithub and its cryptography come with the toolkit, of which only the commands are used; rich colours source
# code with pygments and markdown with markdown-it, and is not asked to.
compile pyproject.toml -c requirements-dagger.txt -o requirements-action.txt \
    --no-emit-package uv \
    --no-emit-package pygithub --no-emit-package cryptography --no-emit-package pynacl \
    --no-emit-package cffi --no-emit-package pycparser --no-emit-package pyjwt \
    --no-emit-package pygments --no-emit-package markdown-it-py --no-emit-package mdurl
printf 'uv\nembedded-postgres\n' | compile - -c requirements-dagger.txt -o requirements-host.txt
