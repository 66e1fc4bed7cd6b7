"""TLS to a manager that is not on this machine: which certificates are believed."""

from __future__ import annotations

import ssl
from pathlib import Path

from dialer.ami.messages import AmiConnectError


def context_of(ca_file: Path | None) -> ssl.SSLContext:
    """A client's context that checks the certificate and the name in it, and speaks TLS 1.2 or newer.

    Args:
        ca_file: PEM of the only authority that is believed; None: those that this machine trusts.

    Raises:
        AmiConnectError: The file is missing or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AmiConnectError(
            f"The CA file {ca_file} cannot be used ({why}); ca_file in dialer.yaml must name a PEM certificate."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
