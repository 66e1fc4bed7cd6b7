"""Phone numbers as people write them, to E.164.

Accepted is a number that is possible for its country by length, and for China also either valid by the
library's table or of mobile form (11 digits, first digit 1), because new and fictional prefixes are in no
table.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

from dialer.accounts.values import DESTROYED, Unusable, half_width, is_blank, is_destroyed
from dialer.types import Number

_SEPARATORS = re.compile(r"[/;；、,，|｜\r\n]+|\s和\s|或")
_FILLING = re.compile(r"[\s().\-‐‑‒–—―－~·]+")
_DIALLABLE = re.compile(r"\+?[0-9]+")
_POINT_ZERO = re.compile(r"([0-9]{11,15})\.0")
_EXTENSION = re.compile(r"转|轉|分机|ext|#|x\s*[0-9]+$", re.IGNORECASE)
# Without 179, which the library takes for the prefix of a carrier (17951 and others) and strips.
_CHINESE_MOBILE = re.compile(r"(?:\+86|0086|86)?(1(?:[3-689][0-9]|7[0-8])[0-9]{8})")
_FULL_NUMBER = re.compile(r"\+?[0-9]{11,15}")
_LENGTH_REASONS = {
    ValidationResult.TOO_SHORT: Unusable("号码位数太少", "the number has too few digits"),
    ValidationResult.TOO_LONG: Unusable("号码位数太多", "the number has too many digits"),
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Unusable(
        "缺少区号；请写成 010-12345678", "the area code is missing; write it like 010-12345678"
    ),
}
_NOT_A_NUMBER = Unusable("不是电话号码", "not a phone number")
_NO_SUCH_CHINESE = Unusable(
    "不是中国的手机号，也不是带区号的固定电话",
    "neither a Chinese mobile number (11 digits) nor a landline with its area code",
)


def split_numbers(cell: str) -> list[str]:
    """The numbers in one cell, which people part by `/ ; 、 ,` or a line break, blanks left out."""
    if cell.isdecimal():
        return [cell]
    parts: list[str] = []
    for part in _SEPARATORS.split(cell):
        words = part.split()
        # Spaces part numbers only if each word is a whole number; in `139 1234 5678` they do not.
        whole = len(words) > 1 and all(_FULL_NUMBER.fullmatch(word) for word in words)
        parts += words if whole else [part.strip()]
    return [part for part in parts if not is_blank(part)]


def parse_number(text: str, region: str) -> Number | Unusable:
    """Read one phone number.

    Args:
        text: such as `139 1234 5678`, `+86-139...`, `0086139...`, `(010) 6234 5678`, in full or half width.
        region: country of numbers without a country code (ISO 3166), such as `CN`.

    Returns:
        E.164 with the plus sign.
    """
    if region == "CN" and (match := _CHINESE_MOBILE.fullmatch(text)):
        return Number("+86" + match[1])
    narrow = _narrow(text)
    if is_destroyed(narrow):
        return DESTROYED
    if _EXTENSION.search(narrow):
        return Unusable("分机号无法自动拨打；请删去分机或换号码", "an extension cannot be dialled; remove it")
    digits = _FILLING.sub("", narrow)
    if not _DIALLABLE.fullmatch(digits):
        return _NOT_A_NUMBER
    if region == "CN" and (match := _CHINESE_MOBILE.fullmatch(digits)):
        return Number("+86" + match[1])
    return parse_number_slowly(digits, region)


def parse_number_slowly(digits: str, region: str) -> Number | Unusable:
    """The same by the library alone, without the short way for Chinese mobiles.

    Args:
        digits: with or without a plus sign, nothing else.
        region: as in `parse_number`.
    """
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return _NOT_A_NUMBER
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible != ValidationResult.IS_POSSIBLE:
        return _LENGTH_REASONS.get(possible, _NOT_A_NUMBER)
    national = phonenumbers.national_significant_number(parsed)
    mobile_form = len(national) == 11 and national.startswith("1")
    if parsed.country_code == 86 and not mobile_form and not phonenumbers.is_valid_number(parsed):
        return _NO_SUCH_CHINESE
    return Number(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))


def _narrow(text: str) -> str:
    # Copying from an address book brings invisible direction marks along.
    wide = half_width(text)
    visible = wide if wide.isascii() else "".join(c for c in wide if unicodedata.category(c) != "Cf")
    stripped = visible.strip()
    # Data frames write whole numbers as 13912345678.0.
    return match[1] if (match := _POINT_ZERO.fullmatch(stripped)) else stripped
