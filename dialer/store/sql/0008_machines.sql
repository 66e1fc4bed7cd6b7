-- Some of the verdicts "machine" were people, and count as abandoned: they are counted at every launch, day by day.
CREATE INDEX attempts_machine ON attempts (campaign, at) WHERE outcome = 'machine';
