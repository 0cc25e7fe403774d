"""The stage of the tests: its runner and arguments, Django's checks, and what of the CI's tests it does not contain."""
