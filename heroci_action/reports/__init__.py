"""Render a result: JUnit, annotations, summary, page, outputs. Pure functions."""
