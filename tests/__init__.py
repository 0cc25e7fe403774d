"""The tests: `superheroes` runs with Django's runner, all others with pytest."""
