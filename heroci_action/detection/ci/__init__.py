"""Read a project's CI once: its jobs, the commands they run, and which job is the test suite."""
