"""The tests of the reference project: through its addresses, against a real database."""
