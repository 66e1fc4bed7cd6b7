"""What somebody is told who asked for an account that there is not: what they typed, when it is nobody's."""

from __future__ import annotations

from dialer.cli.opening import opened
from dialer.cli.session import Session
from dialer.errors import DialerError, NoAccountError
from dialer.masking import mask_account


def no_account(session: Session, error: NoAccountError) -> str:
    """The sentence, with what to do; numbers in it are still masked when it is shown.

    Whether it shows what was typed tells whether there is something like it, which `dialer account find` tells
    everybody who may run a command on accounts.
    """
    if _is_nobodys(session, error.asked):
        shown, session.about = error.asked.strip(), ""
    else:
        shown = mask_account(error.asked)
    find = session.pick(
        "可用 `dialer account find` 查找。", " `dialer account find` finds accounts by a part of a number or a name."
    )
    return error.naming(shown) + find


def _is_nobodys(session: Session, asked: str) -> bool:
    from dialer.store.nobodys import is_nobodys

    try:
        with opened(session) as store, store.reading() as database:
            return is_nobodys(database.conn, asked)
    except DialerError:
        return False  # what cannot be looked up might be somebody's
