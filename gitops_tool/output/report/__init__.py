"""The report: one page without outside parts, and the same as JSON."""
