"""Who next: the chance of the right party now, what reaching them brings, what it costs, and which number. Pure."""
