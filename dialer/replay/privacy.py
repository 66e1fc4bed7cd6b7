"""What of a fact may be kept on file? Everything that decides, and nothing that names a person or lets anybody in.

- Names, telephone numbers and account numbers become pseudonyms out of the store's ids (`phone-17`). The floor compares
  none of them and only masks them for displays and logs, which `dialer.replay.essence` leaves out.
- Our own caller ids are numbered in the order in which they are met.
- Free texts lose whatever looks like a phone number; an agent's note is left out, and so are keys that a customer
  presses. Secrets, hosts, names of agents, supervisors and this machine's paths are left out.

Asterisk's channel names hold the trunk or the endpoint and never the number, but a foreign channel on a shared server
may, so they are treated as free texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final, TypeVar, get_args

from dialer.calling_rules import CallingRules, PrefixRule
from dialer.facts import (
    AttemptRecovered,
    CallAsked,
    CampaignLaunched,
    CampaignRecalled,
    ChannelsListed,
    DigitPressed,
    DispositionTold,
    Fact,
    LeadsLeased,
    LinkRestored,
    LiveChannel,
    SettingsReloaded,
)
from dialer.leads import Lead
from dialer.masking import mask_text
from dialer.settings import AgentSettings, CampaignSettings, DialerSettings, ServerSettings, TrunkSettings
from dialer.types import CampaignName, Number

FREE_TEXTS: Final = frozenset({"reason", "channel"})
"""Fields of facts that hold words of people, of Asterisk or of another system."""
CUSTOMER: Final = "att-"
"""How the channel ids of customers begin."""
NOWHERE: Final = Path()

T = TypeVar("T")

_TEXTS: Final = {
    kind: tuple(one.name for one in fields(kind) if one.name in FREE_TEXTS) for kind in (*get_args(Fact), LiveChannel)
}


@dataclass(slots=True)
class Veil:
    """Makes facts and settings fit to be kept; one for each recording, because it remembers caller ids."""

    caller_ids: dict[str, str] = field(default_factory=dict)
    """Number -> pseudonym."""
    prefixes: dict[CampaignName, tuple[PrefixRule, ...]] = field(default_factory=dict)
    """Which numbers a campaign may dial, as it says; what is kept says only which of the rules a number breaks."""

    def fact(self, fact: Fact) -> Fact:
        """The fact without what must not be kept; a floor decides by it as by the fact itself."""
        match fact:
            case LeadsLeased():
                rules = self.prefixes.get(fact.campaign, ())
                return replace(fact, leads=tuple(pseudonymous(lead, rules) for lead in fact.leads))
            case AttemptRecovered() | CallAsked():
                return replace(fact, lead=pseudonymous(fact.lead))
            case SettingsReloaded():
                return replace(fact, settings=self.settings(fact.settings))
            case CampaignLaunched() | CampaignRecalled():
                return replace(fact, settings=self.campaign(fact.settings))
            case LinkRestored() | ChannelsListed():
                return replace(_scrubbed(fact), channels=tuple(_scrubbed(one) for one in fact.channels))
            case DispositionTold() if fact.note:
                return replace(fact, note="")
            case DigitPressed() if fact.channel_id.startswith(CUSTOMER):
                return replace(fact, digit="")
            case _:
                return _scrubbed(fact)

    def settings(self, settings: DialerSettings) -> DialerSettings:
        """The settings by which the floor decides, and nothing else."""
        return replace(
            settings,
            source=NOWHERE,
            store_path=NOWHERE,
            recordings_path=NOWHERE,
            control_path=NOWHERE,
            log_path=None,
            runtime_path=NOWHERE,
            facts=None,
            servers=tuple(ServerSettings(name=one.name, ami_secret="") for one in settings.servers),
            trunks=tuple(self._trunk(one) for one in settings.trunks),
            agents=tuple(_agent(one) for one in settings.agents),
            supervisors=(),
            store_key="",
            users=(),
            control_group="",
        )

    def campaign(self, settings: CampaignSettings) -> CampaignSettings:
        """A campaign whose files have lost their folders, and whose rules on numbers fit the pseudonyms."""
        rules = settings.rules
        self.prefixes[settings.name] = rules.prefixes
        return campaign(replace(settings, rules=_veiled(rules)))

    def caller_id(self, number: str) -> str:
        """The pseudonym of one of our own numbers; of a pseudonym or of nothing, itself."""
        return self.caller_ids.get(number, number)

    def _trunk(self, trunk: TrunkSettings) -> TrunkSettings:
        for number in trunk.caller_ids:
            self.caller_ids.setdefault(number, f"caller-{len(self.caller_ids) + 1}")
        shown = tuple(self.caller_ids[number] for number in trunk.caller_ids)
        return replace(trunk, host="", username="", secret="", caller_ids=shown)


def campaign(settings: CampaignSettings) -> CampaignSettings:
    """A campaign whose files have lost their folders."""
    return replace(
        settings,
        source=Path(settings.source.name),
        next_steps=tuple(replace(rule, source=Path(rule.source).name) for rule in settings.next_steps),
        routes=tuple(replace(rule, source=Path(rule.source).name) for rule in settings.routes),
    )


def _veiled(rules: CallingRules, known: tuple[PrefixRule, ...] | None = None) -> CallingRules:
    """The rules with prefixes that fit pseudonyms; what holds after consent or on earlier days has some of the same."""
    known = rules.prefixes if known is None else known
    consented = rules.after_consent
    return replace(
        rules,
        prefixes=tuple(replace(rule, allow=(), deny=(_refused(known.index(rule)),)) for rule in rules.prefixes),
        profiles=tuple(replace(profile, prefixes=None) for profile in rules.profiles),
        after_consent=None if consented is None else _veiled(consented, known),
        before=tuple((until, _veiled(earlier, known)) for until, earlier in rules.before),
    )


def _refused(at: int) -> str:
    return f"refused-{at}-"


def pseudonymous(lead: Lead, prefixes: tuple[PrefixRule, ...] = ()) -> Lead:
    """A lead under the ids that the store gave to its account, debtor and phone; its other numbers are counted.

    Args:
        lead: as leased.
        prefixes: the campaign's; the pseudonym of a number that may not be dialled names the rule that says so.
    """
    broken = next((at for at, rule in enumerate(prefixes) if not rule.permits(lead.number)), None)
    known = {lead.number: Number(f"{'' if broken is None else _refused(broken)}phone-{lead.phone_id}")}
    for touch in lead.touches:
        known.setdefault(touch.number, Number(f"phone-{lead.phone_id}-other-{len(known)}"))
    return replace(
        lead,
        account_no=f"account-{lead.account_id}",
        debtor_name=f"debtor-{lead.debtor_id}",
        number=known[lead.number],
        touches=tuple(replace(touch, number=known[touch.number]) for touch in lead.touches),
    )


def _agent(agent: AgentSettings) -> AgentSettings:
    return replace(agent, name=agent.id, secret="")


def _scrubbed(one: T) -> T:
    changed: dict[str, str] = {}
    for name in _TEXTS[type(one)]:
        text = getattr(one, name)
        masked = mask_text(text)
        if masked != text:
            changed[name] = masked
    return replace(one, **changed) if changed else one  # type: ignore[type-var]
