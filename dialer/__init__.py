"""A telephony-first predictive dialer engine for post-loan follow-up, over a real Asterisk."""

import os

# Pacing works on vectors of a few hundred numbers; threads of the linear algebra library only take the cores that
# Asterisk needs. It reads this once, when numpy is imported first.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
