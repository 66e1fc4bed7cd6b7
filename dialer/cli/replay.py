"""`dialer replay`: recorded facts again. The same decisions? And with other settings?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dialer.cli.completion import campaign_names
from dialer.cli.session import Session, session_of
from dialer.errors import SettingsError

if TYPE_CHECKING:
    from dialer.replay.counterfactual import Row
    from dialer.replay.reading import Recording
    from dialer.settings import CampaignSettings

_DIFFERENT: Final = 1
"""Exit code when a replay decides otherwise."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: dialer replay --set pacing.target_abandonment=1% --simulate")(replay)


def replay(
    context: typer.Context,
    run: Annotated[
        str,
        typer.Argument(metavar="[RUN]", help="A run's id, its first characters, or a file; default the newest."),
    ] = "",
    listing: Annotated[bool, typer.Option("--list", help="List the recordings there are, and do no more.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every decision; the default without --set. Exit code 1: others.")
    ] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Another value of `mode` or `pacing.KEY`, written as in the campaign's file; may be repeated.",
        ),
    ] = None,
    campaign: Annotated[
        str, typer.Option(help="With --set: only this one.", autocompletion=campaign_names, show_default=False)
    ] = "",
    simulate: Annotated[
        bool, typer.Option("--simulate", help="With --set: simulate the day with the old and the new settings.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=2, max=200, help="With --simulate: days to simulate for each.")] = 4,
) -> None:
    """Feed what a run's floor was told to a fresh floor: same facts, same decisions, to the last one.

    The engine records every fact (see paths.facts and facts in dialer.yaml; no names, numbers or secrets). Without
    --set this checks that today's program decides every step as it was decided then. With --set it asks the other
    settings at each of those decisions how many calls they would have placed. What would have come of it later no
    recording can tell; --simulate learns the day's behaviour from it and simulates the day both ways (about half a
    minute of one processor for each simulated hour of 25 agents).
    """
    session = session_of(context)
    if listing:
        _list(session)
        return
    wanted = _parsed(session, changes or [])
    if simulate and not wanted:
        raise SettingsError(session.pick("--simulate 需要至少一个 --set。", "--simulate needs at least one --set."))
    path = _find(session, run)
    if verify or not wanted:
        _verify(session, path)
    if wanted:
        _what_if(session, path, wanted, campaign, simulate=simulate, seeds=seeds)


def _folder(session: Session) -> Path:
    facts = session.settings.facts
    return facts.folder if facts is not None else session.settings.store_path.parent / "facts"


def _find(session: Session, run: str) -> Path:
    from dialer.replay.reading import find

    return Path(run) if run and Path(run).is_file() else find(_folder(session), run)


def _parsed(session: Session, changes: list[str]) -> dict[str, str]:
    """`KEY=VALUE` words, checked against the keys that can be changed."""
    found = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or not key or not value:
            message = f"--set {change}: " + session.pick("应写作 KEY=VALUE。", "write KEY=VALUE.")
            raise SettingsError(message)
        found[key] = value
    return found


# --- the three things it does --------------------------------------------------------------------------


def _list(session: Session) -> None:
    from dialer.cli.replay_text import entry_as_json, render_entries
    from dialer.replay.reading import entries

    found = entries(_folder(session))
    if session.json:
        session.emit([entry_as_json(entry) for entry in found])
    elif not found:
        session.say(f"{_folder(session)} 中没有记录。", f"There are no recordings in {_folder(session)}.")
    else:
        session.out.print(render_entries(found, session.lang, session.zone))


def _verify(session: Session, path: Path) -> None:
    from dialer.cli.replay_text import render_verdict, verdict_as_json
    from dialer.replay.verify import verify

    recording = _open(path)
    with _counting(session, session.pick("回放", "Replaying")) as tell:
        verdict = verify(recording, progress=tell)
    if session.json:
        session.emit(verdict_as_json(recording.header, verdict))
    else:
        session.out.print(render_verdict(recording.header, verdict, session.lang, session.zone))
    if verdict.difference is not None:
        raise typer.Exit(_DIFFERENT)


def _what_if(
    session: Session, path: Path, wanted: Mapping[str, str], campaign: str, *, simulate: bool, seeds: int
) -> None:
    from dialer.cli.replay_text import comparison_as_json, render_comparisons, render_rows, rows_as_json
    from dialer.config.changed import changed_campaign
    from dialer.errors import RecordingError
    from dialer.replay.what_if import compare_decisions

    def change(settings: CampaignSettings) -> CampaignSettings:
        return changed_campaign(settings, wanted)

    recording = _open(path)
    for one in recording.header.known:
        change(one)  # a wrong key is said before a long replay
    with _counting(session, session.pick("逐次比较", "Asking at each decision")) as tell:
        found, verdict = compare_decisions(recording, change, campaign=campaign, progress=tell)
    if not found:
        raise RecordingError(
            session.pick(
                "该记录中没有可比较的拨号决定。", "Pacing decided nothing that could be compared in this recording."
            )
        )
    if not session.json:
        session.out.print(render_comparisons(found, verdict, wanted, session.lang, session.zone))
    rows = _simulated(session, path, change, campaign, seeds) if simulate else ()
    if session.json:
        session.emit(
            {
                "run": recording.header.run,
                "set": dict(wanted),
                "same_until_the_end": verdict.difference is None,
                "campaigns": [comparison_as_json(one) for one in found],
                "simulated": rows_as_json(rows),
            }
        )
    elif rows:
        session.out.print(render_rows(rows, seeds, session.lang))


def _simulated(
    session: Session,
    path: Path,
    change: Callable[[CampaignSettings], CampaignSettings],
    campaign: str,
    seeds: int,
) -> tuple[Row, ...]:
    from dialer.cli.replay_text import render_day
    from dialer.replay.behaviour import DayWatcher
    from dialer.replay.counterfactual import compare_days
    from dialer.replay.verify import verify

    watcher = DayWatcher(campaign)
    with _counting(session, session.pick("学习当天", "Learning the day")) as tell:
        verify(_open(path), watcher=watcher, progress=tell)
    day = watcher.day()
    if not session.json:
        session.out.print(render_day(day, session.lang, session.zone))
    with _progress(session) as bar:
        task = bar.add_task(session.pick("模拟", "Simulating"), total=2 * seeds)
        return compare_days(
            day,
            change(day.campaign),
            seeds=range(seeds),
            processes=min(os.cpu_count() or 1, 2 * seeds),
            progress=lambda done, _total: bar.update(task, completed=done),
        )


def _open(path: Path) -> Recording:
    from dialer.replay.reading import Recording

    return Recording(path)


# --- how far it has come -------------------------------------------------------------------------------


@contextmanager
def _counting(session: Session, what: str) -> Iterator[Callable[[int], None]]:
    """Tells how many facts have been fed, on a terminal."""
    with _progress(session, counted=True) as bar:
        task = bar.add_task(what, total=None)
        yield partial(_counted, bar, task)


def _counted(bar: Progress, task: object, facts: int) -> None:
    bar.update(task, completed=facts)  # type: ignore[arg-type]  # rich's TaskID is an int


def _progress(session: Session, *, counted: bool = False) -> Progress:
    """On standard error, and only where somebody can watch it; gone when done."""
    shown = [TextColumn("{task.description}"), TextColumn("{task.completed}") if counted else BarColumn()]
    hidden = session.json or not session.err.is_terminal
    left = () if counted else (TimeRemainingColumn(),)
    return Progress(*shown, TimeElapsedColumn(), *left, console=session.err, transient=True, disable=hidden)
