"""Benchmarks of HeroCI; each program has --help."""
