"""Read Python sources without running them."""
