"""How likely is it that somebody does not pay, why, and what has just made it worse."""
