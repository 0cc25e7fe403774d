"""Rules over results: baselines, critical path, budgets."""
