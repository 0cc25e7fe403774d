"""Follow shell scripts without running them."""
