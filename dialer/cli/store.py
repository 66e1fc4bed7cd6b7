"""`dialer store`: encrypt the store, decrypt it, change its key."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dialer.cli.session import Session, session_of
from dialer.errors import SettingsError

if TYPE_CHECKING:
    from dialer.store.rekeying import Rekeyed

KEY_BYTES: Final = 32
_SHORTEST_KEY: Final = 8

app = typer.Typer(help="Encrypt the store, decrypt it, change its key.", no_args_is_help=True)


@app.command("new-key", epilog="Example: dialer store new-key config/secrets/store")
def new_key(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; only you may read it.")],
) -> None:
    """Write a random key into a new file, for `store: {key: !file secrets/store}` in dialer.yaml."""
    session = session_of(context)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(
            session.pick(f"{file} 已存在，未改动。", f"{file} exists and is left alone; name another file.")
        ) from None
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(secrets.token_hex(KEY_BYTES) + "\n")
    if session.json:
        session.emit({"file": str(file)})
    session.say(
        f"已写入 {file}。请另存一份：没有密钥，谁也读不出数据。",
        f"Written to {file}. Keep a copy elsewhere: without the key nobody can read the store.",
        "green",
    )


@app.command(epilog="Example: dialer store encrypt")
def encrypt(context: typer.Context) -> None:
    """Encrypt the store with `store.key` of dialer.yaml; the engine must be stopped."""
    session = session_of(context)
    key = session.settings.store_key
    if not key:
        raise SettingsError(
            session.pick(
                f"{session.config} 中没有 store.key。先运行 dialer store new-key config/secrets/store，"
                "再写入 store: {key: !file secrets/store}。",
                f"{session.config} has no store.key. Make one with `dialer store new-key config/secrets/store`, and "
                "write `store: {key: !file secrets/store}`.",
            )
        )
    done = _rekey(session, "", key)
    _tell(session, "encrypt", done, ("已加密", "is encrypted"))


@app.command(epilog="Example: dialer store decrypt")
def decrypt(context: typer.Context) -> None:
    """Write the store in plain; take `store.key` out of dialer.yaml afterwards."""
    session = session_of(context)
    done = _rekey(session, _known_key(session), "")
    _tell(session, "decrypt", done, ("已解密；请从设置中删去 store.key", "is plain; take store.key out of dialer.yaml"))


@app.command(epilog="Example: dialer store rekey --to config/secrets/store-2027")
def rekey(
    context: typer.Context,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Holds the new key; see `dialer store new-key`.")],
) -> None:
    """Encrypt the store with another key; name that one in dialer.yaml afterwards."""
    session = session_of(context)
    done = _rekey(session, _known_key(session), _key_in(to))
    said = (f"已换密钥；请将 store.key 指向 {to}", f"has a new key; let store.key in dialer.yaml name {to}")
    _tell(session, "rekey", done, said)


def _known_key(session: Session) -> str:
    if not session.settings.store_key:
        raise SettingsError(
            session.pick(
                f"{session.config} 中没有 store.key，数据文件未加密。",
                f"{session.config} has no store.key, so the store is not encrypted.",
            )
        )
    return session.settings.store_key


def _key_in(path: Path) -> str:
    """The key that a file holds.

    Raises:
        SettingsError: others may read the file, or what it holds is no key.
    """
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"Others may read the key in {path}; run chmod 600 {path}.")
    key = next(iter(path.read_text(encoding="utf-8").splitlines()), "").strip()
    if len(key) < _SHORTEST_KEY:
        raise SettingsError(f"{path} holds no key; make one with `dialer store new-key FILE`.")
    return key


def _rekey(session: Session, old_key: str, new_key: str) -> Rekeyed:
    from dialer.cli.guard import entry_of
    from dialer.control_socket import claim
    from dialer.store.rekeying import rekey as rewrite
    from dialer.store.sqlite import SqliteStore

    settings = session.settings
    lock = claim(settings.control_path)  # no engine runs, and none can start meanwhile
    try:
        with _bar(session) as tell:
            done = rewrite(settings.store_path, old_key, new_key, tell)
        verb = "encrypt" if not old_key else "rekey" if new_key else "decrypt"
        with closing(SqliteStore.open(settings.store_path, key=new_key)) as store:
            store.audit(entry_of(session, f"store {verb}", {}))
    finally:
        os.close(lock)
    return done


def _tell(session: Session, verb: str, done: Rekeyed, said: tuple[str, str]) -> None:
    if session.json:
        session.emit({"done": verb, "tables": done.tables, "rows": done.rows, "size_bytes": done.size_bytes})
    path = session.settings.store_path
    session.say(f"{path} {said[0]}（{done.rows} 行）。", f"{path} {said[1]} ({done.rows} rows).", "green")


@contextmanager
def _bar(session: Session) -> Iterator[Callable[[int, int], None]]:
    """How far the copy is, on standard error where somebody can watch it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    hidden = session.json or not session.err.is_terminal
    with Progress(*columns, console=session.err, transient=True, disable=hidden) as progress:
        task = progress.add_task(session.pick("复制", "Copying"), total=None)
        yield lambda done, every: progress.update(task, completed=done, total=every)
