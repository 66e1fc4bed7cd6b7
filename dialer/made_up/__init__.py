"""A made-up lender: people, loans, payments and calls that hang together, the same for the same seed."""
