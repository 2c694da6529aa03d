"""A real pywb on loopback, in an environment of its own."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

BIN = Path(__file__).parents[2] / ".venv-replay" / "bin"
#: Seconds that pywb and its tools may take.
PATIENCE = 120
OPENER = build_opener(ProxyHandler({}))  # no proxy for loopback


@contextmanager
def pywb(folder: Path) -> Iterator[str]:
    """The address of a pywb that serves the collections in `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    log = folder / "wayback.log"
    command = [str(BIN / "wayback"), "--bind", "127.0.0.1", "--port", port]
    with log.open("wb") as output, subprocess.Popen(command, cwd=folder, stdout=output, stderr=output) as process:
        try:
            until = time.monotonic() + PATIENCE
            while not _answers(f"http://127.0.0.1:{port}/"):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"pywb does not serve:\n{log.read_text('utf-8', 'replace')}")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        OPENER.open(url, timeout=5).close()
    except OSError:
        return False
    return True
