"""Observers of a run: the console, GitHub's log, the log files."""
