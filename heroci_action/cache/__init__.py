"""Replay the results of stages whose inputs have not changed.

`content` hashes the repository, `keys` the inputs of each stage, `entry` is the output of a stage, `store` keeps
entries in files, and `replay` is an engine that wraps another one: it replays known results and runs the rest.
"""
