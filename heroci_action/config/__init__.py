"""What the user wants: the model of `[tool.heroci]`, its defaults, and what detection adds."""
