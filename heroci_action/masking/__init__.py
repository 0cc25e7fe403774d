"""Mask secrets in everything that is recorded or printed.

`masker` finds and hides them, `forms` lists the texts that encoders make of a secret, `escapes` is a pattern for every
mixture of escapes, and `disguises` removes what hides a secret on a screen.
"""
