"""The calling floor: one pure state that turns facts into effects."""
