"""The test runner of the project, its configuration and the places of its tests."""
