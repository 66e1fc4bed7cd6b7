"""`dialer import`: what lenders send: lists, applications, repayments, scores, contacts, and do-not-call lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from dialer.cli.intake_accounts import import_accounts
from dialer.cli.intake_numbers import import_numbers
from dialer.cli.intake_options import FileOptions
from dialer.cli.intake_sources import import_source
from dialer.cli.session import Session, session_of
from dialer.errors import SettingsError

KINDS = ("accounts", "applications", "repayments", "scores", "contacts")
_EPILOG = (
    "Example: dialer import debtors.xlsx --list june · dialer import applications 申请资料.csv · "
    "dialer import repayments flow.csv --map paid_at=入账日 --as bank-a · dialer import scores --columns"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    kind: str
    file: Path | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import", epilog=_EPILOG)(import_)


def import_(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[KIND] FILE",
            help="KIND is accounts (a list of who is to be called; the default), applications, repayments, scores or "
            "contacts. FILE is CSV or XLSX; Chinese and English headers are known.",
        ),
    ],
    list_name: Annotated[
        str, typer.Option("--list", help="Of accounts: the list that campaigns name, such as june.")
    ] = "",
    do_not_call: Annotated[
        bool, typer.Option("--do-not-call", help="The file is a list of numbers that nobody may call.")
    ] = False,
    hashed: Annotated[
        bool, typer.Option("--hashed", help="Of such a list keep digests only, not the numbers.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=HEADER", help="Where a header is not known; repeat it. It is remembered."),
    ] = None,
    map_name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Remember, or use, the mapping under a name, such as bank-a.")
    ] = "",
    columns: Annotated[
        bool, typer.Option("--columns", help="Say which columns a KIND takes, and by which headers.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write rejected rows here, with reasons, to be mended; default beside the file: NAME-rejected.csv.",
        ),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day of which the file speaks; default today."),
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV, such as gb18030; default: find out.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Of an XLSX; default the first one.")] = None,
) -> None:
    """Import what lenders send; the same file twice changes nothing, bad rows are told apart and left out.

    People are brought together over all files: by account, customer id, ID number, or name and number.
    Every word is kept with its file and its time; see `dialer account show`.
    """
    session = session_of(context)
    said = _parted(session, words, columns=columns)
    if columns:
        _show_columns(session, said.kind)
        return
    assert said.file is not None
    _check(session, said.kind, list_name, do_not_call=do_not_call, hashed=hashed)
    if do_not_call:
        import_numbers(
            session, said.file, hashed=hashed, dry_run=dry_run, rejects=rejects, encoding=encoding, sheet=sheet
        )
        return
    options = FileOptions(
        kind=said.kind,
        file=said.file,
        list_name=list_name,
        dry_run=dry_run,
        mapping=tuple(mapping or ()),
        map_name=map_name.strip(),
        rejects=rejects,
        as_of=None if as_of is None else as_of.date(),
        encoding=encoding,
        sheet=sheet,
    )
    if said.kind == "accounts":
        import_accounts(session, options)
    else:
        import_source(session, options)


def _parted(session: Session, words: Sequence[str], *, columns: bool) -> _Words:
    """`[KIND] FILE`: a single word is the file."""
    match words:
        case [kind] if columns and kind in KINDS:
            return _Words(kind=kind, file=None)
        case [file] if not columns and (file not in KINDS or Path(file).is_file()):
            return _Words(kind="accounts", file=Path(file))
        case [kind, file] if kind in KINDS:
            return _Words(kind=kind, file=Path(file))
    said, kinds = " ".join(words), ", ".join(KINDS)
    raise SettingsError(
        session.pick(
            f"看不懂“{said}”：请写 dialer import [类型] 文件，类型为 {kinds} 之一。",
            f"`{said}` is not understood: write dialer import [KIND] FILE, with KIND one of {kinds}.",
        )
    )


def _check(session: Session, kind: str, list_name: str, *, do_not_call: bool, hashed: bool) -> None:
    if kind == "accounts" and bool(list_name) == do_not_call:
        raise SettingsError(
            session.pick(
                "请给出 --list 名单名，或 --do-not-call，二者之一。", "Give either --list NAME or --do-not-call."
            )
        )
    if kind != "accounts" and (list_name or do_not_call):
        raise SettingsError(
            session.pick(
                f"--list 与 --do-not-call 只用于 accounts，不用于 {kind}。",
                f"--list and --do-not-call are for accounts, not for {kind}.",
            )
        )
    if hashed and not do_not_call:
        raise SettingsError(
            session.pick("--hashed 只用于 --do-not-call。", "--hashed is for --do-not-call lists only.")
        )


def _show_columns(session: Session, kind: str) -> None:
    from dialer.accounts.aliases import SCHEMAS
    from dialer.accounts.fields import Kind

    schema = SCHEMAS[Kind(kind)]
    groups = {name: group for group in schema.required for name in group}
    if session.json:
        session.emit(
            [
                {"field": name.value, "required": name in groups, "headers": list(aliases)}
                for name, aliases in schema.aliases.items()
            ]
        )
        return
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    for zh, en in (("字段", "field"), ("必需", "required"), ("认识的表头", "known headers")):
        table.add_column(session.pick(zh, en), overflow="fold")
    for name, aliases in schema.aliases.items():
        table.add_row(name.value, _need(session, groups.get(name)), ", ".join(aliases))
    session.out.print(table)


def _need(session: Session, group: Sequence[str] | None) -> str:
    if group is None:
        return ""
    return session.pick("是", "yes") if len(group) == 1 else session.pick("其一", "one of")
