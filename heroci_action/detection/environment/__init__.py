"""Find the Python, the packages and the programs that the tests run with."""
