"""The plan: a validated graph of stages, pure data."""
