"""Select the tests that a change may affect, from a recording of what each test executed.

`functions` compares two versions of a module, `imports` finds modules that import another one, `recording` is what an
earlier run executed, `selection` decides, and `capture` takes the record of a run from its engine.
"""
