"""Find the database and the other servers that the tests need."""
