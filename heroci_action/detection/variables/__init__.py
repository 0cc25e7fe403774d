"""The environment variables that the project's settings read."""
