"""pywb, in the environment that `make replay` sets up: a collection made of WARC files, served by a real process."""

from __future__ import annotations

import contextlib
import gzip
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

BIN = Path(__file__).parents[2] / ".venv-replay" / "bin"
COLLECTION = "kbs"
#: Seconds that each of pywb's steps may take.
PATIENCE = 60.0
# Another process can take a free port before pywb does.
_TRIES = 3
_OPENER = build_opener(ProxyHandler({}))  # loopback, whatever the environment says of proxies


class ReplayError(Exception):
    """The archive was not played back; the message is a sentence."""


@dataclass(frozen=True)
class Page:
    """What pywb answered: the page, content encoding undone, and the moment of the capture it says it is."""

    body: bytes
    captured: str


def make_collection(folder: Path, files: Sequence[Path]) -> None:
    """Have pywb make a collection in `folder` of copies of WARC files, and index it.

    Raises:
        ReplayError: it did not.
    """
    for arguments in (["init", COLLECTION], ["add", COLLECTION, *map(str, files)]):
        try:
            run = subprocess.run(
                [BIN / "wb-manager", *arguments],
                cwd=folder,
                capture_output=True,
                encoding="utf-8",
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ReplayError(f"wb-manager {arguments[0]} did not end within {PATIENCE:.0f} s; try again.") from None
        except OSError as error:
            raise ReplayError(f"{BIN / 'wb-manager'} does not run ({error.strerror}); run make replay.") from None
        if run.returncode:
            raise ReplayError(f"wb-manager {arguments[0]} ended with {run.returncode}: {_last_line(run.stderr)}")


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address of a pywb that serves the collections of `folder`; it is stopped in every case.

    Raises:
        ReplayError: it does not serve.
    """
    for _ in range(_TRIES):
        log = folder / "wayback.log"
        port = _free_port()
        with log.open("wb") as output:
            command = [str(BIN / "wayback"), "--bind", "127.0.0.1", "--port", str(port), "--directory", str(folder)]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            if _answers(process, f"http://127.0.0.1:{port}/"):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            _stop(process)
    raise ReplayError(f"pywb does not serve: {_last_line(log.read_text('utf-8', 'replace'))}")


def fetch(base: str, timestamp: str, url: str) -> Page:
    """A capture as pywb plays it back, unmodified (`id_`).

    Args:
        base: what `serve` gave.
        timestamp: of the capture, fourteen digits.
        url: its address.

    Raises:
        ReplayError: pywb does not have it.
    """
    try:
        with _OPENER.open(f"{base}/{COLLECTION}/{timestamp}id_/{url}", timeout=PATIENCE) as response:
            body = response.read()
            packed = response.headers.get("Content-Encoding") == "gzip"
            return Page(gzip.decompress(body) if packed else body, response.headers.get("Memento-Datetime", ""))
    except HTTPError as error:
        with error:
            raise ReplayError(f"pywb answers {error.code} for {url} at {timestamp}.") from None
    except OSError as error:
        raise ReplayError(f"pywb gives no page for {url} at {timestamp}: {error}.") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    """Whether the process comes to answer; False where it ended, or took too long."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            with _OPENER.open(url, timeout=5):
                return True
        except HTTPError as error:
            error.close()
            return True
        except (URLError, OSError):
            time.sleep(0.1)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing."])[-1]
