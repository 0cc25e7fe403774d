"""The Dagger engine: steps run in containers, and passes come from the engine's cache."""
