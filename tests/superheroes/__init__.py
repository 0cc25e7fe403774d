"""Tests of the reference project, through its URLs and against a real database."""
