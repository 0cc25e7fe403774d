"""The host engine: steps as processes of this machine."""
