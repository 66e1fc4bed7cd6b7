"""Everything that decides what is said: scripts, strategies, derivations, experiments and the lexicon, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialer.experiments import Experiment
from dialer.scripts.lexicon import Lexicon
from dialer.scripts.model import Derivation, Script, Strategy
from dialer.scripts.variables import House


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """As it was read from the settings."""

    version: int
    """Of strategies.yaml."""
    house: House
    lexicon: Lexicon
    scripts: Mapping[str, Script]
    strategies: tuple[Strategy, ...]
    deriving: Mapping[str, tuple[Derivation, ...]]
    experiments: tuple[Experiment, ...] = ()
