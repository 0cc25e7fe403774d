"""Find the production image and its checks."""
