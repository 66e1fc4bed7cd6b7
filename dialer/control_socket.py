"""Where does an engine listen for commands, and how does it know that it is the only one?

The socket has mode 0600, or 0660 and a group where the settings name one. Beside it lies a lock file; whoever holds its
lock is the living engine, and the kernel lets go of a dead engine's lock however it died. So a left-over socket is
replaced without guessing.
"""

from __future__ import annotations

import contextlib
import fcntl
import grp
import os
import socket
import stat
from pathlib import Path
from typing import Final

from dialer import private
from dialer.errors import ControlError

MAX_SOCKET_PATH_BYTES: Final = 107
"""`sun_path` holds 108 bytes with its final NUL. Source: unix(7)."""


def claim(path: Path) -> int:
    """Lock the place of the socket; the kernel lets go of a dead engine's lock, however it died."""
    if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
        raise ControlError(
            f"The control socket's path {path} is longer than {MAX_SOCKET_PATH_BYTES} bytes, the most "
            "that a unix socket may have; set a shorter one in dialer.yaml."
        )
    try:
        private.make_folder(path.parent)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ControlError(f"The control socket {path} cannot be made: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ControlError(
            f"Another engine already listens on {path}; stop it with `dialer stop`, or give this one "
            "another control socket in dialer.yaml."
        ) from None
    return lock


def bind(path: Path, group: str = "") -> socket.socket:
    """A listening socket of mode 0600 in place of whatever socket a dead engine left.

    Args:
        path: where.
        group: of the operating system; its members may connect too (mode 0660). Empty: the owner alone.

    Raises:
        ControlError: something else lies there, it cannot be made, or there is no such group.
    """
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ControlError(f"{path} exists and is not a socket; move it away or name another control socket.")
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # bind() creates the file; a chmod afterwards would leave a moment in which others can connect.
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
        if group:
            os.chown(path, -1, grp.getgrnam(group).gr_gid)
            path.chmod(0o660)
    except KeyError:
        listener.close()
        path.unlink(missing_ok=True)
        raise ControlError(
            f"There is no group {group} on this machine; make it, or name another one in paths.control_group."
        ) from None
    except OSError as error:
        listener.close()
        raise ControlError(f"The control socket {path} cannot be made: {error.strerror}.") from error
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener
