"""How much of a number, a name, an account or a text may people other than the agent on the call see?

Whole numbers live in the store and on the wire; boards, logs, reports, exports and phones' displays get these forms.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import phonenumbers

_STARS: Final = "****"  # always four: the length of what is hidden is hidden too
_SHORTEST_HIDDEN: Final = 4

# Family names of two characters that are still borne by many; all others have one.
_COMPOUND_SURNAMES: Final = frozenset(
    {
        *("欧阳", "上官", "司马", "司徒", "诸葛", "皇甫", "尉迟", "公孙", "慕容", "令狐"),
        *("夏侯", "东方", "长孙", "宇文", "端木", "南宫", "独孤", "申屠", "闻人", "赫连"),
    }
)

_NO_DIGIT: Final = re.compile(r"\D")

# A plus sign and digits with ordinary separators, or a bare run of 10 to 19 digits: numbers, identity cards (18, the
# last of which may be an X; GB 11643) and bank cards (16 to 19; ISO/IEC 7812). A number with a decimal part
# (Asterisk's 1732390000.12) is no phone number, and neither are digits inside a word or a UUID. Words are those of
# ASCII: `\w` holds Chinese too, and 电话13912341234 is how a note is written.
_PHONE_LIKE: Final = re.compile(
    r"\+\d(?:[ ()-]{0,2}\d){6,14}(?!\d)"
    r"|(?<![A-Za-z0-9_.])\d{10,19}(?![A-Za-z0-9_]|\.\d)"
    r"|(?<![A-Za-z0-9_.])\d{17}[xX](?![A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9_.])1[3-9]\d(?:[ -]\d{4}){2}(?!\d)"
    r"|(?<![A-Za-z0-9_.-])0\d{2,3}[ -]\d{7,8}(?![A-Za-z0-9_-]|\.\d)"
    r"|(?<![A-Za-z0-9_.-])\d{4}(?:[ -]\d{4}){3}(?:[ -]\d{1,3})?(?![A-Za-z0-9_-]|\.\d)"
)


@lru_cache(maxsize=4096)  # asked when a call is placed and again when it has ended
def mask_number(number: str) -> str:
    """A phone number whose middle is hidden, such as `+86 139****1234`; never fewer than four digits hidden.

    Args:
        number: E.164 with its plus sign, or digits as somebody wrote them.
    """
    digits = _NO_DIGIT.sub("", number)
    country = _country_code(digits[:3]) if number.strip().startswith("+") else ""
    national = digits.removeprefix(country)
    tail = 4 if len(national) >= 2 * _SHORTEST_HIDDEN else 2 if len(national) > _SHORTEST_HIDDEN + 2 else 0
    head = max(0, min(3, len(national) - tail - _SHORTEST_HIDDEN))
    shown = national[:head] + _STARS + (national[-tail:] if tail else "")
    return f"+{country} {shown}" if country else shown


@lru_cache(maxsize=1024)
def _country_code(begin: str) -> str:
    """The country code that digits begin with; empty when there is none."""
    codes = (begin[:length] for length in (1, 2, 3))
    return next((code for code in codes if phonenumbers.region_code_for_country_code(int(code or 0)) != "ZZ"), "")


def mask_name(name: str) -> str:
    """The family name of a Chinese name (`王*`), or the first letter of any other (`J*`)."""
    name = name.strip()
    if not name:
        return ""
    return (name[:2] if name[:2] in _COMPOUND_SURNAMES and len(name) > 2 else name[0]) + "*"


def mask_account(account_no: str) -> str:
    """The last four characters of an account's number, `****0042`; of a short one fewer or none."""
    account_no = account_no.strip()
    shown = 4 if len(account_no) >= 2 * _SHORTEST_HIDDEN else 2 if len(account_no) >= _SHORTEST_HIDDEN + 2 else 0
    return _STARS + (account_no[-shown:] if shown else "")


def mask_text(text: str) -> str:
    """The text with everything masked that looks like a phone number, an identity card or a bank card."""
    return _PHONE_LIKE.sub(lambda found: mask_number(found[0]), text)


def mask_about(text: str, *, name: str = "", account_no: str = "") -> str:
    """As `mask_text`, and without a name and an account number that are known to belong to whom the text is about."""
    text = mask_text(text)
    if len(name.strip()) > 1:
        text = text.replace(name.strip(), mask_name(name))
    if len(account_no.strip()) >= _SHORTEST_HIDDEN:
        text = text.replace(account_no.strip(), mask_account(account_no))
    return text
