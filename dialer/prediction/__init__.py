"""What pacing has learned and what it expects: rings, durations, shortages, budgets. Pure arithmetic."""
