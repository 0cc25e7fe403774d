"""HeroCI's reference project: a superhero API in one Django package."""
