"""`dialer` commands within the demo: shown as they are typed, and run as they would be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from dialer.cli.lang import Lang
from dialer.cli.main import app


def run(main: Path, lang: Lang, say: Callable[[str], None], *words: str) -> None:
    """Run a command on the demo's settings.

    Args:
        main: the `dialer.yaml`.
        lang: of what it says.
        say: is told the command line first.
        words: of the command line after `dialer`.

    Raises:
        Exit: the command could not do what it was asked, and has said so.
    """
    say(f"$ dialer {' '.join(_short(word) for word in words)}")
    code = app(["--config", str(main), "--lang", lang.value, *words], prog_name="dialer", standalone_mode=False)
    if code:
        raise typer.Exit(code)


def _short(word: str) -> str:
    """A path within this folder as people type it."""
    path = Path(word)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else word
