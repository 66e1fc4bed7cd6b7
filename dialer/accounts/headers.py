"""Which column of a file holds what: Chinese and English headers, normalised, to fields.

Headers are compared without case, width, spaces, punctuation and bracketed remarks, so that `手机号（必填）`,
`手机 号` and `手机号*` are one header. `委案金额(万元)` also tells the unit of its cells.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from dialer.accounts.aliases import SCHEMAS, Schema
from dialer.accounts.fields import Field, Kind
from dialer.errors import IntakeError

# Columns that our own file of rejected rows adds; mended files bring them back.
REJECT_COLUMNS = ("拒绝行号 row", "出错列 column", "原因", "reason")

# Numbers at which nobody can say who answers. They are never dialled unless somebody maps the column on purpose.
_OTHERS_PHONE = re.compile(
    r"(联系人|亲属|配偶|父亲|母亲|担保人|家庭|家人|家里|单位|公司|紧急|住宅|contact\d|emergency|relative|home|work"
    r"|office|employer|guarantor).*(电话|手机|号码|phone|mobile|tel)"
)
_BRACKETED = re.compile(r"[(\[【〔<{]([^)\]】〕>}]*)[)\]】〕>}]")
_IGNORED = re.compile(r"[\W_]+")
_UNITS = {"万元": 4, "万": 4, "千元": 3, "千": 3, "亿元": 8, "亿": 8}


def normalise_header(header: str) -> str:
    """The form in which headers are compared."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    bare = _IGNORED.sub("", _BRACKETED.sub("", folded))
    return bare or _IGNORED.sub("", folded)


def header_unit(header: str) -> int:
    """The power of ten by which a bracketed unit such as `(万元)` multiplies the cells of a money column."""
    remarks = _BRACKETED.findall(unicodedata.normalize("NFKC", header))
    units = [_UNITS[word] for remark in remarks if (word := remark.replace("单位:", "").strip()) in _UNITS]
    return units[0] if units else 0


@lru_cache
def _known(kind: Kind) -> Mapping[str, tuple[int, Field]]:
    """Normalised header -> rank among its field's aliases, and the field."""
    return {
        normalise_header(alias): (rank, field)
        for field, aliases in SCHEMAS[kind].aliases.items()
        for rank, alias in enumerate(aliases)
    }


_OWN = frozenset(normalise_header(column) for column in REJECT_COLUMNS)
_RANK_OF_LEARNED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where each field is, and what the rest of the header is."""

    headers: tuple[str, ...]
    """As the file spells them, blank ones at the end left out."""
    width: int
    """Cells of the header row, blank ones at the end included."""
    index: Mapping[Field, int]
    """Field -> position, from 0."""
    unknown: tuple[str, ...]
    """Headers that no field takes; their cells are not imported."""
    shadowed: tuple[tuple[str, str, Field], ...]
    """(unused header, used header, field) where two columns could be one field."""
    other_people: tuple[str, ...]
    """Headers of other people's numbers; not dialled."""
    kind: Kind = Kind.ACCOUNTS
    learned: tuple[tuple[str, Field], ...] = ()
    """(header, field) known only from a `--map` of an earlier import."""

    @property
    def schema(self) -> Schema:
        """What such a file holds."""
        return SCHEMAS[self.kind]

    @property
    def missing(self) -> tuple[tuple[Field, ...], ...]:
        """Groups of fields of which at least one column is required, and none is there."""
        return tuple(group for group in self.schema.required if not self.index.keys() & set(group))

    def header_of(self, field: Field) -> str:
        """The header as the file spells it."""
        return self.headers[self.index[field]]


def find_columns(
    headers: Sequence[str],
    mapping: Mapping[Field, str] | None = None,
    *,
    kind: Kind = Kind.ACCOUNTS,
    learned: Mapping[str, Field] | None = None,
) -> Columns:
    """Find each field's column by aliases; an explicit mapping goes first, what was learned last.

    Args:
        headers: the header row as the file has it.
        mapping: field -> header, from `--map`.
        kind: of the file.
        learned: normalised header -> field, from `--map`s of earlier imports.

    Raises:
        IntakeError: the mapping names a header that the file lacks.
    """
    width = len(headers)
    headers = _without_blank_end(headers)
    normal = [normalise_header(header) for header in headers]
    index = {field: _position(normal, headers, field, header) for field, header in (mapping or {}).items()}
    mapped = frozenset(index.values())
    found: dict[Field, list[tuple[int, int]]] = {}
    known = _known(kind)
    from_before = {header: field for header, field in (learned or {}).items() if header not in known}
    for position, header in enumerate(normal):
        if position not in mapped and (header in known or header in from_before):
            rank, field = known[header] if header in known else (_RANK_OF_LEARNED, from_before[header])
            found.setdefault(field, []).append((rank, position))
    shadowed = []
    for field, candidates in found.items():
        ranked = [position for _, position in sorted(candidates)]
        chosen = index.setdefault(field, ranked[0])
        shadowed += [(headers[spare], headers[chosen], field) for spare in ranked if spare != chosen]
    taken = frozenset(index.values())
    rest = [
        (headers[position], header)
        for position, header in enumerate(normal)
        if header and position not in taken and header not in known and header not in from_before and header not in _OWN
    ]
    others = tuple(shown for shown, header in rest if _OTHERS_PHONE.search(header))
    return Columns(
        headers=tuple(headers),
        width=width,
        index=index,
        unknown=tuple(shown for shown, _ in rest if shown not in others),
        shadowed=tuple(shadowed),
        other_people=others,
        kind=kind,
        learned=tuple(
            (headers[at], field) for field, at in index.items() if normal[at] in from_before and at not in mapped
        ),
    )


def _without_blank_end(headers: Sequence[str]) -> Sequence[str]:
    # Trailing delimiters and once-used columns of a sheet leave headers that name nothing.
    width = max((at for at, header in enumerate(headers, start=1) if header.strip()), default=0)
    return headers[:width]


def _position(normal: Sequence[str], headers: Sequence[str], field: Field, wanted: str) -> int:
    # The exact spelling wins, so that `金额` and `金额(元)` can be told apart.
    if wanted in headers:
        return list(headers).index(wanted)
    if (key := normalise_header(wanted)) in normal:
        return normal.index(key)
    raise IntakeError(
        f"--map {field}={wanted}: the file has no such column 文件里没有这一列. It has 现有列: {_listed(headers)}."
    )


def parse_mapping(pairs: Sequence[str], kind: Kind = Kind.ACCOUNTS) -> dict[Field, str]:
    """Read `--map` options.

    Args:
        pairs: each `FIELD=HEADER`.
        kind: of the file.

    Raises:
        IntakeError: a pair has no `=`, or names no field, or repeats one.
    """
    mapping: dict[Field, str] = {}
    fields = SCHEMAS[kind].aliases
    for pair in pairs:
        name, equals, header = pair.partition("=")
        if not equals or not header.strip() or name.strip() not in fields:
            raise IntakeError(
                f"--map {pair}: write FIELD=HEADER 请写成 字段=表头, with FIELD one of {', '.join(fields)}."
            )
        field = Field(name.strip())
        if field in mapping:
            raise IntakeError(f"--map {pair}: {field} is mapped twice 重复映射. Keep one of them.")
        mapping[field] = header.strip()
    return mapping


def missing_columns_message(columns: Columns, where: str) -> str:
    """One message that lists what is missing, what was found, what is accepted, and near misses."""
    lines = [f"{where}: required columns are missing 缺少必需的列."]
    for group in columns.missing:
        lines += ["  one of 以下任一列:"] if len(group) > 1 else []
        for field in group:
            accepted = ", ".join(columns.schema.aliases[field])
            lines.append(f"  {field}: accepted headers 可用表头: {accepted}")
            lines += [f"    {_suggestion(field, near)}" for near in _near_misses(columns, field)]
    # Of a file without a header the first row is somebody's: then only beginnings are shown.
    lines.append(f"  found 现有列: {_listed(columns.headers, hidden=not columns.index)}")
    lines.append("  Rename the column, or say which it is with --map FIELD=HEADER 改表头，或用 --map 指定.")
    return "\n".join(lines)


_LOOKED_AT = 1000
_SUGGESTED = 5


def _near_misses(columns: Columns, field: Field) -> list[str]:
    known = [normalise_header(alias) for alias in columns.schema.aliases[field]]
    different = list(dict.fromkeys(columns.unknown))[:_LOOKED_AT]
    alike = (one for one in different if difflib.get_close_matches(normalise_header(one), known, 1, cutoff=0.7))
    return list(islice(alike, _SUGGESTED))


def _suggestion(field: Field, header: str) -> str:
    return f"`{_shown(header)}` looks like it 与之相近: --map {field}={_shown(header)}"


def _listed(headers: Sequence[str], *, hidden: bool = False) -> str:
    shown = [_shown(header) for header in headers[:40] if header.strip()]
    if hidden:
        shown = [f"{header[0]}***" for header in shown]
    return (", ".join(shown) or "(nothing 无)") + (" ..." if len(headers) > 40 else "")


def _shown(header: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in header.strip())
    return printable if len(printable) <= 40 else printable[:39] + "…"
