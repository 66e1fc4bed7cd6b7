"""What the dialer costs and how fast it is, measured. See README.md beside this file."""
