-- Reports over a span of time read these instead of whole tables.

CREATE INDEX attempts_campaign ON attempts (campaign, at);
CREATE INDEX dispositions_campaign ON dispositions (campaign, at);
CREATE INDEX agent_times_began ON agent_times (began_at);
