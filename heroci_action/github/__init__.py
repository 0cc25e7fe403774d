"""The contract of GitHub's runner: workflow commands, environment files, limits."""
