"""Select the tests that a change may affect, from a recording of what each test executed.

`functions` compares two versions of a module, `imports` finds the importers of a module, `recording` describes an
earlier run, `selection` decides, and `capture` takes the record of a run from its engine.
"""
