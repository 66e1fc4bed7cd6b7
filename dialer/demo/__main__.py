"""`./scripts/demo`."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C before anything was started needs no explanation

from dialer.demo.play import main  # noqa: E402

main()
