"""The reference project of HeroCI: an API of superheroes in one Django package."""
