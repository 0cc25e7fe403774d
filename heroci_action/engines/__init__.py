"""What executes steps: a port and its adapters, which do not know each other."""
