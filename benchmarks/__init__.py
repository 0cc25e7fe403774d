"""Benchmarks of HeroCI: one program per table of docs/benchmarks.md; each has --help."""
