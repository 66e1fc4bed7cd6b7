"""Who looks after which debtor: rules, skill, capacity, fair shares; every decision with its reason. Pure."""
