"""HeroCI: a Django project's whole CI in one program, and the report of it."""
