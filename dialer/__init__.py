"""A telephony-first predictive dialer engine for post-loan follow-up, over a real Asterisk."""
