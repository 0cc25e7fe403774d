"""The few files that run inside the process under test; standard library only."""
