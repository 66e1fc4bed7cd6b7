"""Which repayment plans may be offered, and which of them is likely to bring in most: pure, and it says why."""
