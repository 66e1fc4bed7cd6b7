"""The engine's own floor on a virtual clock, in a simulated world of customers, agents and accounts.

`run.simulate` is the way in: it drives `dialer.floor.floor.Floor`, with the real gate, the real state machines and
the real pacing (or another rule), hour after hour in seconds, and says how it went (`measures.RunResult`).
`many.simulate_many` does so for many seeds and settings.

    behaviour   how the world behaves: answer rates, ringing, talks, breaks
    draws       the fate of call k and the habits of agent n, the same for whatever rule dials
    accounts    the list, in memory: leases, retries, numbers
    network     calls: effects in, facts out, in the order in which a real Asterisk tells them
    people      agents: logging in, breaks, wrap-up, going home
    world       the clock and the queue of what will happen
    oracle      what a clairvoyant rule of a benchmark may ask
    measures    what came of it
    history     a world learned from the campaign's own calls
    samples     what of past calls tells how a world behaves

What is not modelled, so that nobody reads it out of the figures:

- Links, servers and the store never fail; facts of one channel come in order and once. (The property tests of the
  floor are there for that.)
- Effects take no time but for `network.Latencies`; a machine that is too slow for its calls is not seen.
- Agents' phones never fail; an agent called for each call (connect style `ring`) always picks up.
- Whether a person answers depends on the moment and, if asked for, on the account; not on the caller ID, on how often
  the number was called before, or on what was said.
- Talks and wrap-ups last as long as call and agent say; they do not depend on the customer's wait or on fatigue.
- The trunk is as wide as its settings say; congestion is chance, not load.
- Leases do not run out, and a day's counters follow the first of a debtor's possible time zones.
"""
