"""The wire between the engine and Asterisk's manager interface, which can be cut."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """Passes bytes on to a loopback port; engine and Asterisk do not notice it. Use it in a `with`."""

    def __init__(self, to_port: int) -> None:
        self._to = ("127.0.0.1", to_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ends: set[socket.socket] = set()
        self._turn = threading.Lock()
        self._cut = False
        self._thread = threading.Thread(target=self._accept, name="wire", daemon=True)

    def __enter__(self) -> Wire:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def cut(self) -> None:
        """Break every connection and let nobody in."""
        with self._turn:
            self._cut = True
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let everybody in again."""
        self._cut = False

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = self._reach()
            if far is None:
                near.close()
                continue
            with self._turn:
                self._ends |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _reach(self) -> socket.socket | None:
        """The far end; None when the wire is cut or Asterisk is down, and then the near end is not let in either."""
        if self._cut:
            return None
        try:
            return socket.create_connection(self._to, timeout=2.0)
        except OSError:
            return None

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        one.settimeout(None)
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._turn:
            self._ends.discard(one)
        one.close()
