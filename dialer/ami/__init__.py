"""The only room that speaks the Asterisk Manager Interface."""
