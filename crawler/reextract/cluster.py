"""Workers of a Dask cluster, behind the same interface as those of this machine."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import crawler.reextract
import extractors
import storage
from crawler.settings import PRODUCT

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")

# In seconds: for the scheduler to answer, and for a worker to come where there is none.
_PATIENCE = 8.0
_NO_WORKER = 30.0
# How often the cluster is looked after while a part is waited for.
_LOOK = 1.0
_FOLDER = -1
_NEEDED = "--scheduler needs distributed: pip install 'kbsworld[cluster]'."
_RESUME = "the same call goes on from here."


class ClusterError(ConnectionError):
    """The cluster cannot do the work; the message is a sentence that names the way out."""


def check_address(address: str) -> str:
    """The address of a scheduler, as it was given.

    Raises:
        ValueError: it is none; the message is a sentence.
    """
    try:
        parts = urlsplit(address)
        is_one = parts.scheme in {"tcp", "tls"} and parts.hostname and parts.port and not parts.path
    except ValueError:
        is_one = False
    if not is_one:
        raise ValueError(f"--scheduler {address} is no address of a Dask scheduler, such as tcp://host:8786.")
    return address


class ClusterWorkers:
    """Workers of a Dask cluster. They read the sources themselves, under the same paths."""

    def __init__(self, address: str, needed: Iterable[Path]) -> None:
        """The workers of a scheduler, called when they are first asked for.

        Args:
            address: where it listens: tcp://host:8786, or tls:// with the certificates that Dask's settings name.
            needed: files and folders that every worker must see, absolute.
        """
        self._address = address
        self._needed = {str(path): _state(path) for path in needed}
        self._client: Client | None = None
        self._executor: _PatientExecutor | None = None

    @property
    def count(self) -> int:
        """The threads of the cluster as it is now: workers may come and go."""
        return max(1, threads(self._connected(), self._address))

    @property
    def broken(self) -> tuple[type[BaseException], ...]:
        """A scheduler gives up a part that ended more workers than its `allowed-failures`: three, and this one."""
        from distributed import KilledWorker

        return (KilledWorker,)

    def executor(self) -> Executor:
        """The workers.

        Raises:
            ClusterError: there are none, or they cannot do the work.
        """
        if self._executor is None:
            self._executor = _PatientExecutor(self._connected(), self._address)
        return self._executor

    def renew(self, dead: Executor) -> None:
        """Nothing: a cluster begins new workers in the place of those that die, by itself."""
        del dead

    def close(self) -> None:
        """Leave the cluster; it drops what it was to do for us."""
        if self._client is not None:
            _end(self._client)
            self._client = self._executor = None

    def _connected(self) -> Client:
        if self._client is None:
            try:
                self._client = _connect(self._address)
            except ImportError as error:
                raise ImportError(_NEEDED) from error
            _check(self._client, self._address, self._needed)
        return self._client


def threads(client: Client, address: str) -> int:
    """How many threads there are.

    Raises:
        ClusterError: the scheduler does not answer.
    """
    try:
        return sum(client.nthreads().values())
    except (OSError, RuntimeError, CancelledError) as error:
        raise _lost(address) from error


def look(paths: Sequence[str]) -> tuple[str, str, dict[str, int | None]]:
    """What a worker has: its code, in short, and where; and the size of each file, None where there is none."""
    return _code(), str(storage.__path__[0]), {path: _state(Path(path)) for path in paths}


class _PatientExecutor(Executor):
    """distributed's executor, except that a part is not waited for where nobody is left to work on it."""

    def __init__(self, client: Client, address: str) -> None:
        # Each part is a task of its own, however often it is read; that it fails is no reason to try again unasked.
        self._inner = client.get_executor(pure=False)
        self._client = client
        self._address = address

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have a worker call a function."""
        return _Answer(self._inner.submit(fn, *args, **kwargs), self._client, self._address)


class _Answer(Future[T]):
    """What a worker will answer."""

    def __init__(self, inner: Future[T], client: Client, address: str) -> None:
        super().__init__()
        self._inner = inner
        self._client = client
        self._address = address

    def result(self, timeout: float | None = None) -> T:
        """The answer, waited for as long as there is a worker."""
        del timeout
        last_seen = time.monotonic()
        while True:
            try:
                return self._inner.result(timeout=_LOOK)
            except TimeoutError:
                if self._inner.done():
                    raise
            except CancelledError as error:
                raise _lost(self._address) from error
            except (ImportError, RuntimeError) as error:
                raise ClusterError(
                    f"A worker of {self._address} cannot do the work ({error}); all need {PRODUCT}; {_RESUME}"
                ) from error
            if threads(self._client, self._address):
                last_seen = time.monotonic()
            elif time.monotonic() - last_seen > _NO_WORKER:
                raise ClusterError(f"No worker is left at {self._address}; begin some, and {_RESUME}")


def _connect(address: str) -> Client:
    """The cluster.

    Raises:
        ClusterError: no scheduler answers there.
    """
    import dask
    from distributed import Client, Security
    from distributed.core import rpc

    _hush()
    dask.config.set({"distributed.comm.timeouts.connect": _PATIENCE})

    async def ask() -> Any:
        async with rpc(address, connection_args=Security().get_connection_args("client")) as scheduler:
            return await asyncio.wait_for(scheduler.identity(), _PATIENCE)

    try:
        # First without a client: one that finds nobody goes on looking, and complains at the end.
        is_scheduler = asyncio.run(ask()).get("type") == "Scheduler"
        client = Client(address, timeout=_PATIENCE, set_as_default=False) if is_scheduler else None
    except TypeError as error:
        where = "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__CLIENT__CERT and …__CLIENT__KEY"
        raise ClusterError(f"{address} needs certificates, which Dask takes from {where}.") from error
    except (OSError, ValueError, AttributeError) as error:
        raise ClusterError(f"No Dask scheduler answers at {address}; begin one with: dask scheduler") from error
    except RuntimeError as error:  # Dask's settings ask for tls, and it is not
        raise ClusterError(f"{address} cannot be used ({error}).") from error
    if client is None:
        raise ClusterError(f"What listens at {address} is a Dask worker; give the address of its scheduler.")
    return client


def _check(client: Client, address: str, needed: dict[str, int | None]) -> None:
    """Raise where not every worker has our code and sees our files."""
    try:
        client.wait_for_workers(1, timeout=_NO_WORKER)
        seen = client.run(look, list(needed), on_error="return")
    except TimeoutError as error:
        raise ClusterError(
            f"{address} has no worker, and none came in {_NO_WORKER:.0f} s; begin one with: dask worker {address}"
        ) from error
    except (OSError, RuntimeError, CancelledError) as error:
        raise _lost(address) from error
    for worker, found in seen.items():
        if isinstance(found, BaseException):
            raise ClusterError(f"The worker {worker} cannot use kbsworld ({found}); install {PRODUCT} there.")
        code, folder, files = found
        if code != _code():
            raise ClusterError(
                f"The worker {worker} has other code of kbsworld (it finds storage in {folder}); install the same "
                "there as here; of a checkout, begin the worker in it."
            )
        for path, state in needed.items():
            if files[path] != state:
                what = "does not see" if files[path] is None else "sees another"
                raise ClusterError(
                    f"The worker {worker} {what} {path}: workers read the sources themselves, under the same path; "
                    "share the folder with them, or copy it there."
                )


def _lost(address: str) -> ClusterError:
    return ClusterError(f"The connection to {address} was lost; {_RESUME}")


def _end(client: Client) -> None:
    with suppress(OSError, RuntimeError):  # it was lost before
        client.close(timeout=2)


def _hush() -> None:
    """Leave it to our own sentences to say what went wrong."""
    for name in ("distributed", "distributed.client", "distributed.core", "tornado", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _state(path: Path) -> int | None:
    """A file by its size, so far as it tells two apart; None where there is none."""
    try:
        return _FOLDER if path.is_dir() else path.stat().st_size
    except OSError:
        return None


def _code() -> str:
    """The code that a worker runs, in short."""
    digest = hashlib.sha256()
    for package in (extractors, storage, crawler.reextract):
        folder = Path(package.__path__[0])
        for file in sorted(folder.rglob("*.py")):
            digest.update(f"{file.relative_to(folder)}".encode() + file.read_bytes())
    return digest.hexdigest()
