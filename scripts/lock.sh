#!/bin/sh
# Update the lock files. Run it after changing the dependencies in pyproject.toml or requirements.txt.
#   requirements-dagger.txt   HeroCI itself
#   requirements-action.txt   the part of it that the action's image contains
#   requirements-host.txt     the rest, which the host engine installs in the action's container on demand
#   requirements-docs.txt     what builds the site from docs/
#   requirements-release.txt  what builds and publishes the package
#   requirements-dev.txt      HeroCI with everything that its checks and tests need
set -eu
cd "$(dirname "$0")/.."
# Extras stay in the lock: without them, older versions of pip look for `package[extra]` beyond the pins and refuse what they find.
compile() { uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-header --no-emit-index-url "$@"; }
compile pyproject.toml --extra postgres -o requirements-dagger.txt
compile pyproject.toml requirements.txt --extra postgres --group dev -o requirements-dev.txt

# Never imported: actions-toolkit depends on PyGithub and cryptography, but HeroCI uses its commands only; rich needs pygments and
# markdown-it only for source code and Markdown.
compile pyproject.toml -c requirements-dagger.txt -o requirements-action.txt \
    --no-emit-package uv \
    --no-emit-package pygithub --no-emit-package cryptography --no-emit-package pynacl \
    --no-emit-package cffi --no-emit-package pycparser --no-emit-package pyjwt \
    --no-emit-package pygments --no-emit-package markdown-it-py --no-emit-package mdurl
printf 'mkdocs-material\n' | compile - -c requirements-dev.txt -o requirements-docs.txt
printf 'hatchling\nuv\n' | compile - -c requirements-dagger.txt -o requirements-release.txt
printf 'uv\nembedded-postgres\n' | compile - -c requirements-dagger.txt -o requirements-host.txt
