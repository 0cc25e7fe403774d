"""The contract of GitHub: the runner's commands, files and limits, and the REST API."""
