"""What to say to whom: strategies choose a script by the person's facts; a lexicon bounds what may be said at all."""
