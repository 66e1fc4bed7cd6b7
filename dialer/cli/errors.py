"""What does a person see when a command cannot do what it was asked? One sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import typer
from typer.core import TyperGroup

from dialer.cli.no_account import no_account
from dialer.cli.session import session_of
from dialer.errors import DialerError, NoAccountError

INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count
_FLAGS: Final = ("--json",)
_VALUED: Final = ("--config", "--lang")
_TWO_WORDS: Final = frozenset({("simulate", "case"), ("events", "kinds"), ("events", "webhooks"), ("events", "listen")})
"""Commands of two words whose first one is a command as well."""


def hoist(arguments: Sequence[str]) -> list[str]:
    """Move the global options to the front, so that they may stand anywhere.

    `dialer doctor --json` is `dialer --json doctor`. What follows `--` is left alone.
    """
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name = word.partition("=")[0]
        if word == "--":
            rest += [word, *words]
        elif word in _FLAGS or (name in _VALUED and "=" in word):
            front.append(word)
        elif word in _VALUED:
            front += [word, *([value] if (value := next(words, None)) is not None else [])]
        else:
            rest.append(word)
    return front + rest


def joined(words: Sequence[str]) -> list[str]:
    """Make one word of a command's two; `dialer simulate -- case` is the campaign of that name."""
    for number, pair in enumerate(pairwise(words)):
        if "--" in pair:
            break
        if pair in _TWO_WORDS:
            return [*words[:number], " ".join(pair), *words[number + 2 :]]
    return list(words)


class CommandLine(TyperGroup):
    """The root command: takes global options anywhere and turns errors into sentences."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # typer keeps its Context class private
        """Parse with the global options first."""
        return super().parse_args(ctx, joined(hoist(args)))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; one of two words, such as `report portfolio`, before one of the first word alone."""
        if len(args) > 1 and (both := " ".join(args[:2])) in self.commands:
            args = [both, *args[2:]]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what people can mend is said in a sentence with its exit code."""
        try:
            return super().invoke(ctx)
        except NoAccountError as error:
            session = session_of(ctx)
            session.fail(no_account(session, error), kind=type(error).__name__, exit_code=error.exit_code)
        except DialerError as error:
            session_of(ctx).fail(str(error), kind=type(error).__name__, exit_code=error.exit_code)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            raise  # `dialer ... | head`: the reader has seen enough, and typer leaves quietly
        except OSError as error:
            if error.filename is None:
                raise
            session_of(ctx).fail(f"{error.filename}: {error.strerror}.", kind="OSError", exit_code=1)
