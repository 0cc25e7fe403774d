"""The configuration of HeroCI: the model of `[tool.heroci]`, its checks, schema and documentation."""
