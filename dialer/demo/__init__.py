"""The whole job on one machine: two Asterisks, softphones that act as agents, a made-up list, a campaign."""
