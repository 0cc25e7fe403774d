"""The verbs: run, report and merge, init."""
