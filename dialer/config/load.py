"""Settings files in, frozen settings out; or every problem of the files, each with its line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dialer.access import UserSettings
from dialer.calling_rules import AbandonmentRule, CallingRules
from dialer.config.calling import calling_rules
from dialer.config.crosscheck import campaign_problems, dialer_problems
from dialer.config.experiments import load_hold_outs
from dialer.config.models import CampaignFile, DialerFile, PacingSection, ServerSection
from dialer.config.problems import Problem, SettingsFileError
from dialer.config.read import read_model
from dialer.config.yaml_source import KeyPath, Source
from dialer.settings import (
    AgentSettings,
    CampaignSettings,
    DialerSettings,
    DispositionSettings,
    FactsSettings,
    MessageSettings,
    NextStepRule,
    PacingSettings,
    RouteRule,
    ServerSettings,
    SupervisorSettings,
    TrunkSettings,
)
from dialer.types import (
    AgentId,
    CampaignName,
    DispositionCode,
    Outcome,
    ServerName,
    TrunkName,
)

_CAMPAIGN_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")

OUR_FAULT_RETRY_S: Mapping[Outcome, tuple[float, ...]] = dict.fromkeys(
    (Outcome.CONGESTION, Outcome.TRUNK_FAILED, Outcome.CANCELLED, Outcome.ENGINE_ERROR, Outcome.UNKNOWN),
    (900.0, 3600.0, 14400.0, 86400.0),
)
"""House rule for outcomes that say nothing of the debtor, unless the campaign names them: without it, a trunk
that fails for an hour would close accounts."""


def load_dialer(path: Path, env: Mapping[str, str] | None = None) -> DialerSettings:
    """Read `dialer.yaml`.

    Args:
        path: the file; paths in it are relative to it.
        env: for `!env`; the process's own when None.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    source, file = read_model(path, DialerFile, _env(env), made_by="dialer init")
    problems = list(dialer_problems(source, file))
    if problems:
        raise SettingsFileError(problems)
    return _dialer(source, file)


def load_campaign(
    path: Path, dialer: DialerSettings, env: Mapping[str, str] | None = None, *, today: date | None = None
) -> CampaignSettings:
    """Read one campaign; its name is the file's.

    Args:
        path: such as `config/campaigns/demo.yaml`.
        dialer: whose trunks, agents and teams the campaign may name.
        env: for `!env`; the process's own when None.
        today: holidays are those of this year and the next; None: the machine's.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    if not _CAMPAIGN_NAME.fullmatch(path.stem):
        text = f'"{path.stem}" cannot be a campaign\'s name; use small letters, digits, - and _'
        raise SettingsFileError([Problem(path=path, text=text)])
    source, file = read_model(path, CampaignFile, _env(env), made_by="dialer init")
    problems = list(campaign_problems(source, file, dialer))
    if any(problem.key.startswith("calling.hours") for problem in problems):
        raise SettingsFileError(problems)
    day = today or datetime.now(tz=ZoneInfo(dialer.time_zone)).date()
    try:
        rules = calling_rules(source, file, region=dialer.region, today=day, env=_env(env))
    except SettingsFileError as error:
        raise SettingsFileError([*problems, *error.problems]) from None
    if problems:
        raise SettingsFileError(problems)
    return replace(_campaign(source, file, rules), hold_outs=load_hold_outs(dialer.source.parent, _env(env)))


def load_campaigns(
    folder: Path, dialer: DialerSettings, env: Mapping[str, str] | None = None
) -> dict[CampaignName, CampaignSettings]:
    """Read every campaign of a folder, by name.

    Raises:
        SettingsFileError: with every problem of all files, or because the folder is not there.
    """
    if not folder.is_dir():
        raise SettingsFileError([Problem(path=folder, text="no such folder; `dialer init` makes it")])
    found: dict[CampaignName, CampaignSettings] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            campaign = load_campaign(path, dialer, env)
        except SettingsFileError as error:
            problems += error.problems
        else:
            found[campaign.name] = campaign
    if problems:
        raise SettingsFileError(problems)
    return found


def _env(env: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if env is None else env


def _dialer(source: Source, file: DialerFile) -> DialerSettings:
    base = source.path.parent
    only_server = next(iter(file.servers))

    def server(name: str | None) -> ServerName:
        return ServerName(name or only_server)

    return DialerSettings(
        source=source.path,
        store_path=_inside(base, file.store.path or file.paths.store),
        store_key=file.store.key,
        recordings_path=_inside(base, file.paths.recordings),
        control_path=_inside(base, file.paths.control),
        log_path=_inside(base, file.paths.log) if file.paths.log else None,
        runtime_path=_inside(base, file.paths.runtime),
        facts=FactsSettings(folder=_inside(base, file.paths.facts), record=file.facts.record, keep_s=file.facts.keep),
        time_zone=file.time_zone,
        region=file.region,
        servers=tuple(_server(base, name, one) for name, one in file.servers.items()),
        trunks=tuple(
            TrunkSettings(name=TrunkName(name), **{**dict(one), "server": server(one.server)})
            for name, one in file.trunks.items()
        ),
        agents=tuple(
            AgentSettings(id=AgentId(name), **{**dict(one), "server": server(one.server), "team": one.team or ""})
            for name, one in file.agents.items()
        ),
        supervisors=tuple(
            SupervisorSettings(id=name, **{**dict(one), "server": server(one.server)})
            for name, one in file.supervisors.items()
        ),
        pause_reasons=dict(file.pause_reasons),
        users=tuple(
            UserSettings(name=name, role=one.role, agent=one.agent or "", token=one.token)
            for name, one in file.users.items()
        ),
        control_group=file.paths.control_group or "",
    )


def _server(base: Path, name: str, section: ServerSection) -> ServerSettings:
    files = {key: getattr(section, key) for key in ("ca_file", "certificate", "private_key")}
    paths = {key: _inside(base, text) if text else None for key, text in files.items()}
    return ServerSettings(name=ServerName(name), **{**dict(section), **paths})


def _inside(base: Path, text: str) -> Path:
    return (base / Path(text).expanduser()).resolve()


def _campaign(source: Source, file: CampaignFile, rules: CallingRules) -> CampaignSettings:
    return CampaignSettings(
        name=CampaignName(source.path.stem),
        source=source.path,
        title=file.title,
        list_name=file.list,
        mode=file.mode,
        trunks=tuple(TrunkName(name) for name in file.trunks),
        agents=tuple(AgentId(name) for name in file.agents),
        teams=file.teams,
        pacing=_pacing(file.pacing, rules.abandonment),
        rules=rules,
        ring_timeout_s=file.ring_timeout,
        detect_machines=file.detect_machines,
        record=file.record,
        preview_limit_s=file.preview_limit,
        agent_ring_timeout_s=file.agent_ring_timeout,
        wrap_up_limit_s=file.wrap_up_limit,
        default_disposition=DispositionCode(file.default_disposition),
        dispositions=_dispositions(file),
        next_steps=_next_steps(source, file),
        routes=_routes(source, file),
        retry_after_s={**OUR_FAULT_RETRY_S, **file.retry},
        promise_max_days=file.promise.max_days,
        promise_min_amount=file.promise.min_amount,
        messages=MessageSettings(abandoned=file.messages.abandoned),
    )


def _pacing(section: PacingSection, allowed: AbandonmentRule | None) -> PacingSettings:
    target = section.target_abandonment
    return PacingSettings(
        ratio=section.ratio,
        max_ratio=section.max_ratio,
        target_abandonment_ratio=min(target, allowed.max_ratio) if allowed is not None else target,
        day_ends=section.day_ends,
        max_calls_per_s=section.max_calls_per_s,
        initial_answer_ratio=section.initial_answer_ratio,
        initial_talk_s=section.initial_talk,
        initial_wrap_up_s=section.initial_wrap_up,
    )


def _dispositions(file: CampaignFile) -> tuple[DispositionSettings, ...]:
    return tuple(
        DispositionSettings(
            code=DispositionCode(code),
            digits=one.digits,
            label_zh=one.label.zh,
            label_en=one.label.en,
            right_party=one.right_party,
            conversation=one.conversation,
            asks=one.asks,
            stop=one.stop,
        )
        for code, one in file.dispositions.items()
    )


def _next_steps(source: Source, file: CampaignFile) -> tuple[NextStepRule, ...]:
    return tuple(
        NextStepRule(
            name=rule.name,
            when=rule.when,
            then=rule.then,
            after_s=rule.after,
            team=rule.team or "",
            source=_place(source, ("next_steps", index)),
        )
        for index, rule in enumerate(file.next_steps)
    )


def _routes(source: Source, file: CampaignFile) -> tuple[RouteRule, ...]:
    return tuple(
        RouteRule(
            name=rule.name,
            when=rule.when,
            skill=rule.skill or "",
            level=rule.level,
            team=rule.team or "",
            source=_place(source, ("routes", index)),
        )
        for index, rule in enumerate(file.routes)
    )


def _place(source: Source, key: KeyPath) -> str:
    return f"{source.path}:{source.line_of(key)}"
