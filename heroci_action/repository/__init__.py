"""The repository on disk: git, files, paths."""
