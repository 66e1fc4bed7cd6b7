"""Settings files: sound settings, or one kind of error in which every problem names its file and line."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from random import Random

from dialer.config import SettingsFileError, load_campaign, load_dialer
from tests.fuzz.mutate import mutated

_REPOSITORY = Path(__file__).resolve().parents[2]
_SECRETS = ("ami", "witness", "supervisor01", *(f"agent0{number}" for number in range(1, 7)))
_WORDS = (
    *(
        b"&a [",
        b"*a",
        b"<<: *a",
        b"!env X",
        b"!env [X, y]",
        b"!file /etc/passwd",
        b"!!python/object:os.system",
        b"!!set",
    ),
    *(
        b"!!binary aGk=",
        b"!!timestamp 2026-01-01",
        b"? ",
        b"- ",
        b": ",
        b"|\n",
        b">\n",
        b"---\n",
        b"...\n",
        b"%YAML 9.9\n",
    ),
    *(b"[" * 300, b"{a: " * 300, b"- " * 300, b"(" * 99, b"a: &x [*x]\n", b"\t", b"~", b"null", b".inf", b".nan"),
    *(b"0x1F", b"1e999", b"1_000", b"0o17", b"yes", b"99999999999999999999", b"-1", b"2026-02-30", b"24:01", b"%"),
    *(
        b"servers: {}\n",
        b"mode: preview\n",
        b"- {name: x, when: 'risk == 1', then: retry}\n",
        b"'",
        b'"',
        b"#",
        b"\xc2\x85",
    ),
    *(
        b"when: \"outcome =~ '(a+)+$'\"\n",
        b"when: " + b"not " * 45 + b"risk\n",
        b"\x00",
        b"\x07",
        b"\xff\xfe",
        b"!env",
        b"!",
    ),
    b"z: &z [&y [&x [1,1,1,1,1,1,1,1,1],*x,*x,*x,*x,*x,*x,*x,*x,*x],*y,*y,*y,*y,*y,*y,*y,*y,*y]\n",
)


def _bare(path: Path) -> bytes:
    """Without comments and most of the people: what is said once need not be parsed six times."""
    lines = [re.sub(r"\s+#.*|^#.*", "", line) for line in path.read_text(encoding="utf-8").splitlines()]
    text = "\n".join(line for line in lines if line.strip()) + "\n"
    return re.sub(r"(?ms)^  agent0[3-6]:\n(    .*?\n)+", "", text).encode()


class YamlTarget:
    """`dialer.yaml` and a campaign, by turns."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self._folder = Path(self._temporary.name) / "config"
        shutil.copytree(_REPOSITORY / "config", self._folder, ignore=shutil.ignore_patterns("secrets"))
        (self._folder / "secrets").mkdir(mode=0o700)
        for name in _SECRETS:
            path = self._folder / "secrets" / name
            path.touch(mode=0o600)
            path.write_text(f"fuzz-{name}-secret\n", encoding="ascii")
        self._main = _bare(self._folder / "dialer.yaml")
        self._campaign = _bare(self._folder / "campaigns/demo.yaml")
        self._dialer = load_dialer(self._folder / "dialer.yaml", {})

    def make(self, random: Random) -> bytes:
        if random.random() < 0.2:  # small files go deeper in the same time
            return mutated(random, (b"a: b\n", b"- 1\n", b"{a: [b, {c: d}]}\n", b""), _WORDS)
        return mutated(random, (self._main, self._campaign), _WORDS)

    def check(self, data: bytes) -> None:
        path = self._folder / "dialer.yaml"
        path.write_bytes(data)
        self._check(path, data, lambda: load_dialer(path, {}))
        path = self._folder / "campaigns/fuzzed.yaml"
        path.write_bytes(data)
        self._check(path, data, lambda: load_campaign(path, self._dialer, {}))

    def _check(self, path: Path, data: bytes, load: object) -> None:
        assert callable(load)
        try:
            load()
        except SettingsFileError as error:
            assert error.problems
            for problem in error.problems:
                assert problem.path == path
                assert problem.line is not None, f"no line: {problem}"
                assert 1 <= problem.line <= data.count(b"\n") + data.count(b"\r") + 400_000
                assert problem.text
                assert "-secret" not in str(problem), "a secret in an error"
                assert len(str(problem)) < 2_000, "a message nobody can read"

    def close(self) -> None:
        self._temporary.cleanup()
