"""Programs that measure HeroCI against what else there is; see each one's --help."""
