"""Filling the templates under `asterisk/`: `@name@` is replaced, all else is Asterisk's own language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from dialer.errors import PbxError

_PLACEHOLDER = re.compile(r"@([a-z][a-z0-9_]*)@")


def template_folder() -> Path:
    """Return the folder of templates: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / "asterisk", package / "_asterisk"):
        if (folder / "dialer/extensions.conf").is_file():
            return folder
    raise PbxError(f"Asterisk's templates are missing beside {package}. Install the dialer again.")


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return one template with its placeholders replaced.

    Args:
        template: Path below the template folder, such as `base/rtp.conf`.
        values: One for each placeholder, checked already; none may be missing or left over.

    Raises:
        PbxError: A placeholder without a value, or the reverse: template and code have drifted apart.
    """
    text = (template_folder() / template).read_text(encoding="utf-8")
    wanted = set(_PLACEHOLDER.findall(text))
    if wanted != set(values):
        drifted = ", ".join(sorted(wanted ^ set(values)))
        raise PbxError(f"The template asterisk/{template} does not fit this program: {drifted}.")
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), text)
