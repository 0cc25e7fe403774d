"""Execute steps: a port, and its adapters, which are independent of each other."""
