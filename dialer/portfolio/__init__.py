"""What the portfolio says: the whole book as columns of numbers, counted by DuckDB."""
