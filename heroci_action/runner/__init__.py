"""Run a plan on an engine and judge its steps."""
