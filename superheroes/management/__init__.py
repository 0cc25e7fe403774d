"""Management of the superheroes from the command line."""
