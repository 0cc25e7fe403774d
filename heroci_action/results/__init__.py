"""The result of a run as typed records."""
