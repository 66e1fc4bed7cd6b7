"""The case: does the dialer earn what the mission hopes for? An A/B on hidden truth, on the virtual clock.

Several arms work the same list with the same agents, hours and caps, through the engine's own floor, gate and pacing,
day after day with what was learned carried over. What debtors are really like is drawn once and kept apart.

    scenario    how big, how long, what is asked of the world: one value
    arms        manual, and what each step of the ladder adds
    nature      what the hidden truth is drawn from; guesses, and the same for every arm
    chance      one number for each question, whoever asks and when: common random numbers
    truth       debtors as they really are; only what plays the world may import it
    listed      debtors as a bank lists them: all that the product side sees
    population  both, drawn together, and who is in which group
    replies     what becomes of a dial and of a conversation
    money       what is paid: by itself, and after a promise
    agents      agents who look up, key in, and log by hand, where the arm works so
    book        the list under work: due, caps, numbers; the store's side
    orders      who is next: in turn, or by expected value; which number
    campaign    the campaign of an arm, as its file would say it
    day         one day of one arm: floor, network, people
    run         one arm of one seed, from the first day to the last payment
    recount     hours, caps, gaps and abandonment counted anew from the dials, without the gate
    figures     what is compared
    resampling  how sure a figure is, by leaving seeds out in turn
    study       what is run: A/A, the ladder, the sensitivities

`replies` and `money` are the world; `book` and `orders` are the product and never see `truth`: a test reads the
imports. Nothing here is a field result, and no guess in `nature` was fitted to anybody's data.
"""
