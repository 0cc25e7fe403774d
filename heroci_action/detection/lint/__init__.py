"""Find the linters and the other checks of the project."""
