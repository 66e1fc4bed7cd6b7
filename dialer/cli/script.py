"""`dialer script`: what to say to whom and why; check it, show it, try it, and see who is in which arm."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.access import Role
from dialer.cli.init import example_folder
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import NoAccountError, SettingsError, StoreError
from dialer.masking import mask_account
from dialer.types import AccountId, ContactRole

if TYPE_CHECKING:
    from dialer.scripting import Prepared
    from dialer.scripts.model import Language
    from dialer.scripts.playbook import Playbook

app = typer.Typer(help="What to say to whom, and why: scripts, strategies, the lexicon.", no_args_is_help=True)

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account number.")]
As = Annotated[ContactRole | None, typer.Option("--as", help="Who is on the line, when it is not who the number says.")]


@app.command(epilog="Example: dialer script check --text '您可以找朋友借钱先还上'")
def check(
    context: typer.Context,
    text: Annotated[str, typer.Option(help="Only this text, as it would be said.")] = "",
    public: Annotated[bool, typer.Option("--public", help="Of such a text: anybody may hear it.")] = False,
) -> None:
    """Read every script, strategy and the lexicon, and list everything that must be mended, with its line."""
    from dialer.cli.script_text import findings_json, findings_table
    from dialer.config.playbook import survey

    session = session_of(context)
    if text:
        _check_text(session, text, public=public)
        return
    seen = survey(session.config.parent, example_folder())
    if session.json:
        session.emit(findings_json(seen))
    elif seen.problems or seen.findings:
        session.out.print(findings_table(seen, session.lang))
    wrong = len(seen.problems) + len(seen.findings)
    if wrong:
        session.say(f"{wrong} 处须修改。", f"{wrong} to mend.", "red")
        raise typer.Exit(SettingsError.exit_code)
    texts = sum(len(script.texts()) for script in seen.scripts)
    session.say(
        f"{len(seen.scripts)} 个话术、{texts} 段文字没有问题。",
        f"{len(seen.scripts)} scripts with {texts} texts are sound.",
        "green",
    )


def _check_text(session: Session, text: str, *, public: bool) -> None:
    from dialer.config.lexicon import NAME, load_lexicon
    from dialer.config.playbook import own_or_shipped
    from dialer.scripts.checking import check_text

    lexicon = load_lexicon(own_or_shipped(NAME, session.config.parent, example_folder()), {})
    hits = check_text(text, lexicon, public=public)
    rows = [(lexicon.categories[hit.entry.category], hit) for hit in hits]
    if session.json:
        session.emit(
            [
                {
                    "category": category.name,
                    "found": hit.found,
                    "begin": hit.begin,
                    "end": hit.end,
                    "entry": hit.entry.id,
                    "rule": str(hit.entry.place),
                    "source": hit.entry.source or category.source,
                }
                for category, hit in rows
            ]
        )
    for category, hit in rows:
        label = session.pick(category.label.zh.text, category.label.en.text)
        source = hit.entry.source or category.source
        session.say(f"“{hit.found}”：{label}  [{source}]", f"`{hit.found}`: {label}  [{source}]", "red")
    if rows:
        raise typer.Exit(SettingsError.exit_code)
    session.say("可以说。", "It may be said.", "green")


@app.command("list", epilog="Example: dialer script list")
def list_scripts(context: typer.Context) -> None:
    """Every script with its version, and the strategies in their order."""
    from dialer.cli.script_text import scripts_json, scripts_text

    session = session_of(context)
    playbook = playbook_of(session)
    if session.json:
        session.emit(scripts_json(playbook))
        return
    session.out.print(scripts_text(playbook, session.lang))


@app.command(epilog="Example: dialer script show LN-2026-0042 --as contact --lang en")
def show(
    context: typer.Context,
    account: AccountArgument,
    party: As = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a page here.")] = None,
    record: Annotated[
        bool, typer.Option("--record/--no-record", help="Note that it was shown; an auditor's look is not.")
    ] = True,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="The whole name, where you may see it.")] = False,
) -> None:
    """The script for whoever is reached at an account, with the reason; in the debtor's language, or in --lang."""
    from dialer.cli.script_html import render_html
    from dialer.cli.script_text import render_text, shown_json
    from dialer.scripting import record as note
    from dialer.store.sqlite import SqliteStore

    session = session_of(context)
    playbook, at = playbook_of(session), SystemClock().now_at()
    may_record = record and not (session.person is not None and session.person.role is Role.AUDITOR)
    with closing(SqliteStore.open(session.settings.store_path, key=session.settings.store_key)) as store:
        with store.reading() as database:
            prepared = _prepared(context, session, database.conn, playbook, account, party, unmasked=unmasked)
        if may_record:
            actor = session.person.name if session.person is not None else ""
            with store.writing() as connection:
                note(connection, prepared, at=at, actor=actor, source="cli")
    if html is not None:
        html.write_text(render_html(prepared.shown, mask_account(prepared.met.account_no), session.lang), "utf-8")
    if session.json:
        session.emit(shown_json(prepared.shown, mask_account(prepared.met.account_no)))
    elif html is None:
        session.out.print(render_text(prepared.shown, mask_account(prepared.met.account_no), session.lang))
    else:
        session.say(f"已写入 {html}。", f"Written to {html}.", "green")


def _prepared(
    context: typer.Context,
    session: Session,
    connection: Any,
    playbook: Playbook,
    account: str,
    party: ContactRole | None,
    *,
    unmasked: bool,
) -> Prepared:
    from dialer.scripting import Asked, prepare
    from dialer.scripts.model import Language

    at = SystemClock().now_at()
    caller = session.agent(session.person.agent).name if session.person and session.person.agent else ""
    asked = Asked(
        account_id=_account_id(session, connection, account),
        at=at,
        today=at.astimezone(session.zone).date(),
        party=party,
        language=_language(context),
        reader=Language(session.lang.value),
        caller=caller,
        unmasked=unmasked,
    )
    return prepare(connection, playbook, asked, offers_of(session, asked.today))


def _account_id(session: Session, connection: Any, account: str) -> AccountId:
    from dialer.store.persons import accounts_of
    from dialer.store.why import similar

    found = accounts_of(connection, account.strip())
    if found:
        return found[0]
    near = [mask_account(one) for one in similar(connection, account.strip())]
    guess = session.pick(f"是不是 {'、'.join(near)}？", f" Did you mean {' or '.join(near)}?") if near else ""
    raise NoAccountError(
        account,
        session.pick(
            f"没有账户 {{asked}}。{guess}请给出合同号。",
            f"There is no account {{asked}}.{guess} Give an account's number.",
        ),
    )


def _language(context: typer.Context) -> Language | None:
    """The one that was asked for on the command line; None: the debtor's."""
    from dialer.scripts.model import Language

    asked = context.find_root().params.get("lang")
    return None if asked is None else Language(asked.value)


def offers_of(session: Session, today: date) -> Any:
    """What the person who asks may offer by themselves; an auditor sees what an agent would."""
    from dialer.config.plans import load_plans
    from dialer.scripting import offers_by

    rules = load_plans(session.config.parent, example_folder(), session.zone)
    role = session.person.role if session.person is not None else Role.AGENT
    return offers_by(Role.AGENT if role is Role.AUDITOR else role, loans=rules.loans, plans=rules.plans, today=today)


@app.command("try", epilog="Example: dialer script try --facts reason=unemployment --facts monthly_due=3000 --lang en")
def try_(
    context: typer.Context,
    facts: Annotated[
        list[str] | None, typer.Option("--facts", metavar="FACT=VALUE", help="Repeat it; see config/strategies.yaml.")
    ] = None,
    party: As = None,
    whole: Annotated[bool, typer.Option("--whole", help="Print the script too.")] = False,
) -> None:
    """Try the strategies on made-up facts: which were asked, which one held, and the script it chooses."""
    from dialer.cli.script_text import render_text, shown_json, tried_json, tried_text
    from dialer.cli.script_try import person_of, rendered

    session = session_of(context)
    playbook = playbook_of(session)
    at = SystemClock().now_at()
    try:
        person = person_of(facts or [], party)
    except ValueError as problem:
        raise SettingsError(str(problem)) from None
    known, choice, shown = rendered(
        playbook, person, at, at.astimezone(session.zone).date(), _language(context), session.lang.value
    )
    if session.json:
        session.emit({**tried_json(known, choice), "script": shown_json(shown, "")})
        return
    session.out.print(tried_text(known, choice, shown, session.lang))
    if whole:
        session.out.print(render_text(shown, "", session.lang))


@app.command(epilog="Example: dialer script arm LN-2026-0042")
def arm(context: typer.Context, account: AccountArgument) -> None:
    """In which arm of each experiment is a debtor, why, and were they left alone?"""
    from dialer.scripts.arms import arm_of, place_of
    from dialer.store.hold_outs import held_outs_of
    from dialer.store.persons import meet
    from dialer.store.sqlite import SqliteStore

    session = session_of(context)
    playbook = playbook_of(session)
    today = SystemClock().now_at().astimezone(session.zone).date()
    with (
        closing(SqliteStore.open(session.settings.store_path, key=session.settings.store_key)) as store,
        store.reading() as database,
    ):
        debtor_id = meet(database.conn, _account_id(session, database.conn, account), today=today).debtor_id
        held = {one.experiment: one for one in held_outs_of(database.conn, debtor_id)}
    rows: list[dict[str, JsonValue]] = [
        {
            "experiment": one.name,
            "debtor": int(debtor_id),
            "place": place_of(one.name, one.salt, debtor_id),
            "arm": arm_of(one, debtor_id).name,
            "on": one.is_on(today),
            "held_until": held[one.name].until_at.isoformat() if one.name in held else None,
        }
        for one in playbook.experiments
    ]
    if session.json:
        session.emit([*rows])
        return
    if not rows:
        session.say("没有启用的试验。", "No experiment is active.")
        return
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    for zh, en in (("试验", "experiment"), ("债务人", "debtor"), ("位置/10000", "place of 10,000"), ("组", "arm"),
                   ("进行中", "running"), ("缓催至", "left alone until")):  # fmt: skip
        table.add_column(session.pick(zh, en))
    for row in rows:
        running = session.pick("是" if row["on"] else "否", "yes" if row["on"] else "no")
        until = held[str(row["experiment"])].until_at.astimezone(session.zone) if row["held_until"] else None
        cells = (row["experiment"], row["debtor"], row["place"], row["arm"], running)
        table.add_row(*map(str, cells), f"{until:%Y-%m-%d %H:%M}" if until else "–")
    session.out.print(table)


@app.command(epilog="Example: dialer script versions reminder 3f2a91c4d0b7")
def versions(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[SCRIPT]", help="Print the text of a version that was shown.")] = "",
    digest: Annotated[str, typer.Argument(metavar="[DIGEST]", help="Of the version, or how it begins.")] = "",
) -> None:
    """Every version that was shown to somebody, kept as it was; with SCRIPT and DIGEST its text."""
    from dialer.store import persons
    from dialer.store.sqlite import SqliteStore

    session = session_of(context)
    with (
        closing(SqliteStore.open(session.settings.store_path, key=session.settings.store_key)) as store,
        store.reading() as database,
    ):
        kept = [one for one in persons.versions(database.conn) if name in ("", one[0])]
        body = persons.version_text(database.conn, name, digest) if digest else None
    if digest:
        if body is None:
            raise StoreError(
                session.pick(f"没有展示过 {name} 的版本 {digest}。", f"No version {digest} of {name} was ever shown.")
            )
        typer.echo(body, nl=False)
        return
    if session.json:
        session.emit([dict(zip(("script", "version", "digest", "first_at"), one, strict=True)) for one in kept])
        return
    for script, version, known, since in kept:
        session.out.print(Text(f"{script} v{version} {known}  {since[:10]}"))
    if not kept:
        session.say("还没有展示过话术。", "No script was shown yet.")


def playbook_of(session: Session) -> Playbook:
    """Everything that decides what is said.

    Raises:
        SettingsError: with everything that must be mended.
    """
    from dialer.config.playbook import load_playbook

    return load_playbook(session.config.parent, example_folder())
