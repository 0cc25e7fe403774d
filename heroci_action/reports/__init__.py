"""Records become text: JUnit, annotations, summary, outputs, JSON."""
