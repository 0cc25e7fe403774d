#!/bin/sh
# Run the main job on this repository's Django project. Options are passed to `heroci run`; see --help.
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
environment requirements-dagger.txt
exec .venv/bin/python dagger_pipeline.py "$@"
