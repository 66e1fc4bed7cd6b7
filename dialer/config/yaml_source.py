"""A YAML file as plain text values that remember their lines.

Every scalar stays the text that was written: which of them is a number, a duration or a switch is for the
models to say, not for YAML's guesses (`no`, `1e3` and `0601` are safe here). Two tags are known:

    !env NAME             the environment variable NAME
    !env [NAME, default]  the same, with a value for when it is not set; not for secrets
    !file PATH            the first line of a file, PATH relative to the YAML file; only its owner may read it
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from dialer.config.problems import Problem, SettingsFileError, key_path

Tree = dict[str, "Tree"] | list["Tree"] | str | None
KeyPath = tuple[str | int, ...]

_MAX_BYTES = 1_000_000
_MAX_NODES = 20_000  # far above any real file; aliases of aliases would otherwise multiply without end
_MAX_DEPTH = 200  # brackets that are open, or columns of indentation
_STACKED = re.compile(r"\s*(?:[-?:][ \t]+){30}")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class FromOutside(str):
    """A value that came through `!env NAME` or `!file PATH`: good for secrets, never to be shown."""

    __slots__ = ("origin",)
    origin: str

    def __new__(cls, value: str, origin: str) -> FromOutside:
        """Keep where the value came from."""
        made = super().__new__(cls, value)
        made.origin = origin
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a file says, and where."""

    path: Path
    tree: Tree
    lines: Mapping[KeyPath, int]

    def line_of(self, key: KeyPath) -> int:
        """The line of a key, or of the nearest key above it that is in the file."""
        for length in range(len(key), -1, -1):
            if key[:length] in self.lines:
                return self.lines[key[:length]]
        return 1


def read_source(path: Path, env: Mapping[str, str], *, made_by: str) -> tuple[Source, list[Problem]]:
    """Read a YAML file.

    Args:
        path: the file.
        env: environment variables for `!env`.
        made_by: the command that makes such a file, for people who have none.

    Returns:
        What the file says, and what is wrong with single values of it.

    Raises:
        SettingsFileError: the file is missing, unreadable, not UTF-8, or not YAML.
    """
    reader = _Reader(path=path, env=env)
    root = _compose(path, _text(path, made_by))
    tree = None if root is None else reader.value(root, ())
    return Source(path=path, tree=tree, lines=reader.lines), reader.problems


def _text(path: Path, made_by: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            text = f"it is larger than {_MAX_BYTES:,} bytes; is it a settings file?"
            raise SettingsFileError([Problem(path=path, line=1, text=text)])
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise SettingsFileError([Problem(path=path, text=f"there is no such file; `{made_by}` makes one")]) from None
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        text = f"byte {problem.start + 1} is not UTF-8; save the file as UTF-8"
        raise SettingsFileError([Problem(path=path, line=line, text=text)]) from None
    except OSError as problem:
        raise SettingsFileError([Problem(path=path, text=f"it cannot be read: {problem.strerror}")]) from problem


def _compose(path: Path, text: str) -> Node | None:
    if (line := _too_deep(text)) is not None:
        raise SettingsFileError([Problem(path=path, line=line, text="it is nested too deeply; flatten it")])
    yaml = YAML(typ="safe", pure=True)
    try:
        root: Node | None = yaml.compose(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = mark.line + 1 if mark is not None else 1
        what = " ".join(part for part in (problem.context, problem.problem) if part)
        hint = "; indent with spaces" if "\\t" in what else ""
        raise SettingsFileError([Problem(path=path, line=line, text=f"not YAML: {what}{hint}")]) from None
    except ReaderError as problem:
        line = len(text[: problem.position].splitlines()) or 1
        what = f"the character U+{int(problem.character):04X} is not allowed; remove it"
        raise SettingsFileError([Problem(path=path, line=line, text=f"not YAML: {what}")]) from None
    except (YAMLError, ValueError) as problem:
        first = (str(problem) or type(problem).__name__).splitlines()[0]
        raise SettingsFileError([Problem(path=path, line=1, text=f"not YAML: {first[:200]}")]) from None
    return root


def _too_deep(text: str) -> int | None:
    """The line in which nesting is far beyond any real file, before a parser spends its time and stack on it."""
    open_brackets = 0
    for number, line in enumerate(text.splitlines(), start=1):
        open_brackets += sum(line.count(one) for one in "[{") - sum(line.count(one) for one in "]}")
        indented = len(line) - len(line.lstrip(" "))
        if open_brackets > _MAX_DEPTH or indented > _MAX_DEPTH or _STACKED.match(line):
            return number
    return None


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Turns nodes into values and remembers lines and problems on the way."""

    path: Path
    env: Mapping[str, str]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def value(self, node: Node, key: KeyPath) -> Tree:
        """The value of a node that stands at a key."""
        self.lines.setdefault(key, node.start_mark.line + 1)
        self.nodes += 1
        if self.nodes > _MAX_NODES or len(key) > 20:
            raise SettingsFileError([self._problem(key, "the file is too large or refers to itself")])
        tag = str(node.tag or "")
        if tag.startswith("!"):
            return self._tagged(node, tag, key)
        match node:
            case MappingNode():
                return self._mapping(node, key)
            case SequenceNode():
                return [self.value(item, (*key, index)) for index, item in enumerate(node.value)]
            case ScalarNode():
                return None if node.style is None and node.value in _NULLS else str(node.value)
            case _:
                return self._wrong(key, "this cannot be read; write a text, a list or a set of keys")

    def _mapping(self, node: MappingNode, key: KeyPath) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, ScalarNode):
                self.problems.append(Problem(path=self.path, line=line, text="a key must be plain text"))
                continue
            name = str(name_node.value)
            if name in found:
                first = self.lines[(*key, name)]
                text = f"this key was already given in line {first}; remove one of the two"
                self.problems.append(Problem(path=self.path, line=line, key=key_path((*key, name)), text=text))
                continue
            self.lines[(*key, name)] = line
            found[name] = self.value(value_node, (*key, name))
        return found

    def _tagged(self, node: Node, tag: str, key: KeyPath) -> Tree:
        known: dict[str, Callable[[Node, KeyPath], Tree]] = {"!env": self._env, "!file": self._file}
        if tag not in known:
            return self._wrong(key, f"the tag {tag} is not known; use !env NAME or !file PATH")
        return known[tag](node, key)

    def _env(self, node: Node, key: KeyPath) -> Tree:
        default: str | None = None
        name = str(node.value)
        if isinstance(node, SequenceNode):
            parts = [str(part.value) for part in node.value if isinstance(part, ScalarNode)]
            if len(parts) != 2 or len(node.value) != 2:
                return self._wrong(key, "write !env NAME or !env [NAME, default]")
            name, default = parts
        value = self.env.get(name)
        if value:
            return FromOutside(value, f"!env {name}")
        if default is not None:
            return default
        return self._wrong(key, f"the environment variable {name} is not set; set it or write a !file instead")

    def _file(self, node: Node, key: KeyPath) -> Tree:
        if not isinstance(node, ScalarNode) or not node.value:
            return self._wrong(key, "write !file PATH, relative to this file")
        target = self.path.parent / str(node.value)
        try:
            mode = target.stat().st_mode
            if not stat.S_ISREG(mode):  # a device or a pipe might never end
                return self._wrong(key, f"!file {node.value}: {target} is not an ordinary file")
            text = target.read_text(encoding="utf-8")
        except FileNotFoundError:
            return self._wrong(key, f"!file {node.value}: there is no {target}; `dialer init` makes secrets")
        except (OSError, ValueError) as problem:  # not there for us, not text, or no path at all
            return self._wrong(key, f"!file {node.value}: {target} cannot be read: {problem}")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            allowed = f"{stat.S_IMODE(mode):04o}"
            return self._wrong(
                key, f"!file {node.value}: others may read {target} (mode {allowed}); run chmod 600 {target}"
            )
        if not text.strip():
            return self._wrong(key, f"!file {node.value}: {target} is empty")
        return FromOutside(text.strip().splitlines()[0], f"!file {node.value}")

    def _wrong(self, key: KeyPath, text: str) -> Tree:
        self.problems.append(self._problem(key, text))
        return None

    def _problem(self, key: KeyPath, text: str) -> Problem:
        return Problem(path=self.path, line=self.lines.get(key, 1), key=key_path(key), text=text)
