"""The peers' pacing rules, written anew from what is published of them.

Each is an object that takes a `PoolView`, the `Estimates` (which none of them uses: they learn by their own methods)
and the campaign's `PacingSettings`, and answers with a `Decision`. An object serves one run of one campaign.

Left out on purpose: launching records until the sum of their own chances of an answer equals the agents available.
Patents on that are in force (US 9,723,144 and US 11,856,140). No rule here, and none in `dialer`, does it.
"""
