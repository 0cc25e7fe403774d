"""Keys and entries of the result cache."""
