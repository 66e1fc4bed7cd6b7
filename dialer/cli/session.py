"""What every command needs: the settings, the engine, and a way to speak to people or to programs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from dialer.access import TOKEN_VARIABLE, Person
from dialer.cli.lang import Lang
from dialer.control_client import ControlClient
from dialer.errors import SettingsError
from dialer.masking import mask_about
from dialer.settings import AgentSettings, CampaignSettings, DialerSettings

CONFIG_VARIABLE: Final = "DIALER_CONFIG"
DEFAULT_CONFIG: Final = Path("config/dialer.yaml")
CONTROL_VARIABLE: Final = "DIALER_CONTROL"
"""The control socket, for people who may not read the settings; the engine knows what they may."""


def default_config(environment: Mapping[str, str]) -> Path:
    """Where `dialer.yaml` is when the command line does not say."""
    return Path(environment.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)


def token_of(environment: Mapping[str, str]) -> str:
    """A person's token; empty: none is given.

    Raises:
        SettingsError: the file cannot be read, or others may read it.
    """
    if token := environment.get(TOKEN_VARIABLE):
        return token
    if not (name := environment.get(f"{TOKEN_VARIABLE}_FILE")):
        return ""
    path = Path(name)
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"Others may read the token in {path}; run chmod 600 {path}.")
        return next(iter(path.read_text(encoding="utf-8").splitlines()), "").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The token in {path} cannot be read: {error}.") from error


@dataclass(eq=False, kw_only=True)
class Session:
    """The global options of one invocation, and what is reached through them."""

    config: Path
    json: bool = False
    lang: Lang = Lang.EN
    out: Console = field(default_factory=lambda: Console(highlight=False))
    err: Console = field(default_factory=lambda: Console(highlight=False, stderr=True))
    person: Person | None = None
    """Who runs the command; None before it was asked, and for nobody known."""
    about: str = ""
    """The account that the command was asked about, if any: errors do not spell it out."""

    @cached_property
    def settings(self) -> DialerSettings:
        """`dialer.yaml`.

        Raises:
            SettingsError: with every problem of the file.
        """
        from dialer.config import load_dialer  # here, because most of the start-up time is spent in it

        return load_dialer(self.config)

    @property
    def zone(self) -> ZoneInfo:
        """In which times of day are shown."""
        if self.is_remote:
            return ZoneInfo(os.environ.get("TZ") or "UTC")
        return ZoneInfo(self.settings.time_zone)

    @property
    def campaigns_folder(self) -> Path:
        """Beside `dialer.yaml`."""
        return self.config.parent / "campaigns"

    def campaign_names(self) -> list[str]:
        """Every campaign that has a file, sound or not."""
        return sorted(path.stem for path in self.campaigns_folder.glob("*.yaml"))

    def campaign(self, name: str) -> CampaignSettings:
        """One campaign's settings.

        Raises:
            SettingsError: no such file, or problems in it.
        """
        from dialer.config import load_campaign

        path = self.campaigns_folder / f"{name}.yaml"
        if not path.is_file():
            raise SettingsError(
                self.pick(f"没有活动 {name}：{path} 不存在。", f"There is no campaign {name}: no file {path}. ")
                + self._choices(self.campaign_names())
            )
        return load_campaign(path, self.settings)

    def agent(self, agent_id: str) -> AgentSettings:
        """One agent's settings.

        Raises:
            SettingsError: there is none of this id.
        """
        for agent in self.settings.agents:
            if agent.id == agent_id:
                return agent
        raise SettingsError(
            self.pick(f"{self.config} 中没有坐席 {agent_id}。", f"{self.config} has no agent {agent_id}. ")
            + self._choices(agent.id for agent in self.settings.agents)
        )

    def agent_id(self, name: str) -> str:
        """An agent's id, checked here where the settings can be read, else by the engine."""
        return name if self.is_remote else self.agent(name).id

    def _choices(self, names: Iterable[str]) -> str:
        known = ", ".join(names)
        return self.pick(f"可选：{known or '无'}。", f"There are: {known or 'none'}.")

    @property
    def is_remote(self) -> bool:
        """True for people who may reach the engine and not its files: `DIALER_CONTROL` names the socket."""
        return bool(os.environ.get(CONTROL_VARIABLE))

    @cached_property
    def token(self) -> str:
        """What tells who runs this command: `DIALER_TOKEN`, or the first line of `DIALER_TOKEN_FILE`; empty: nothing.

        Raises:
            SettingsError: the file cannot be read, or others may read it.
        """
        return token_of(os.environ)

    def client(self, *, timeout_s: float = 15.0) -> ControlClient:
        """The running engine's control socket."""
        named = os.environ.get(CONTROL_VARIABLE)
        path = Path(named) if named else self.settings.control_path
        return ControlClient(path, timeout_s=timeout_s, token=self.token)

    def pick(self, zh: str, en: str) -> str:
        """The text in the language of this invocation."""
        return self.lang.pick(zh, en)

    def say(self, zh: str, en: str, style: str = "") -> None:
        """A line for people; silent with `--json`."""
        if not self.json:
            self.out.print(Text(self.pick(zh, en), style=style), soft_wrap=True)

    def progress(self, line: str) -> None:
        """A step of something that takes long, on standard error."""
        self.err.print(Text(line, style="bright_black"), soft_wrap=True)

    def emit(self, value: JsonValue) -> None:
        """The one JSON document of a command with `--json`."""
        typer.echo(json.dumps(value, ensure_ascii=False, indent=2))

    def emit_line(self, value: JsonValue) -> None:
        """One of many JSON documents, one a line."""
        typer.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def fail(self, message: str, *, kind: str, exit_code: int) -> NoReturn:
        """Say what is wrong and leave; a number of somebody that is in the message is masked."""
        message = mask_about(message, account_no=self.about)
        if self.json:
            error: JsonValue = {"error": {"kind": kind, "message": message, "exit_code": exit_code}}
            typer.echo(json.dumps(error, ensure_ascii=False), err=True)
        else:
            self.err.print(Text(message, style="red"), soft_wrap=True)
        raise typer.Exit(exit_code)


def session_of(context: typer.Context) -> Session:
    """The session of a command's context; a bare one when the global options were not read."""
    found = context.find_object(Session)
    return found or Session(config=default_config(os.environ))
