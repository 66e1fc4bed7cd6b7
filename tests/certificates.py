"""A private certificate authority for one test, made with openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Signs certificates; `ca_file` is what believes them."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @classmethod
    def made_in(cls, folder: Path) -> Authority:
        folder.mkdir(mode=0o700, parents=True)
        key, cert = folder / "ca.key", folder / "ca.pem"
        _openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj", "/CN=Test authority", "-keyout", key, "-out", cert)
        return cls(folder=folder)

    def certificate(self, name: str, *alternatives: str) -> tuple[Path, Path]:
        """Certificate and key (0600) of a server.

        Args:
            name: of the files.
            alternatives: such as `IP:127.0.0.1` and `DNS:pbx.example`.
        """
        key, request, cert = (self.folder / f"{name}.{ending}" for ending in ("key", "csr", "pem"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(alternatives)}\n", encoding="ascii")
        _openssl("req -newkey rsa:2048 -nodes -subj", f"/CN={name}", "-keyout", key, "-out", request)
        signing = ["-CA", self.ca_file, "-CAkey", self.folder / "ca.key", "-CAcreateserial", "-extfile", extensions]
        _openssl("x509 -req -days 2", "-in", request, "-out", cert, *signing)
        key.chmod(0o600)
        return cert, key


def _openssl(words: str, *more: object) -> None:
    subprocess.run(["openssl", *words.split(), *map(str, more)], check=True, capture_output=True)
