"""Replay the results of stages whose inputs have not changed.

`content` hashes the repository, `keys` the inputs of each stage, `entry` is what a stage produced, `store` keeps
entries in files, and `replay` is an engine that wraps another one: it replays what is known and runs the rest.
"""
