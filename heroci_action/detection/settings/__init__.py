"""Find the settings modules of the tests and of the server."""
