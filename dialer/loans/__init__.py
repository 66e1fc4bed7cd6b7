"""What a loan's schedule is, what of it is overdue, and what a payment pays: pure, to the cent."""
