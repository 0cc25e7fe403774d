"""The result cache on real repositories."""
