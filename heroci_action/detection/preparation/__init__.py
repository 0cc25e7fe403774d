"""What the CI does before its tests: the lines that HeroCI repeats, and the reasons to leave out others."""
