"""python -m tests.replica: serve a KBS World on loopback until stopped; its first line is its base address."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from tests.replica.faults import KINDS, Faults
from tests.replica.server import Replica


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.replica",
        description="A KBS World on loopback. The first line on standard output is its base address: crawl it with "
        "KBS_BASE_URL=ADDRESS scrapy crawl kbs_news. Ctrl-C stops it.",
    )
    parser.add_argument("--port", type=port_number, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument(
        "--articles", type=article_count, default=40, help="how many articles an edition has (default: 40)"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the generator: the same seed, the same articles")
    parser.add_argument("--days", type=day_count, help="how many days the news are spread over (default: as they come)")
    parser.add_argument(
        "--faults",
        type=fault_kinds,
        metavar="all|KIND,…",
        help=f"what goes wrong: {', '.join(KINDS)} (default: nothing)",
    )
    parser.add_argument("--share", type=share, help="how many of the requests meet a fault (default: 0.3)")
    options = parser.parse_args()
    if options.share is not None and options.faults is None:
        parser.error("--share is the share of --faults; name some")
    faults = Faults(options.faults, 0.3 if options.share is None else options.share) if options.faults else None
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        replica = Replica(options.articles, options.seed, options.port, options.days, faults)
    except ValueError as error:
        parser.error(f"{error}")
    except OSError as error:
        print(f"Port {options.port} cannot be used ({error.strerror}); name another, or none.", file=sys.stderr)
        return 1
    with replica:
        print(replica.base_url, flush=True)
        stop.wait()
    return 0


def port_number(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port; they go from 0 to 65535")
    return port


def article_count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{count} is no number of articles; give one from 0 to 1000000")
    return count


def day_count(text: str) -> int:
    days = int(text)
    if not 1 <= days <= 36_500:
        raise argparse.ArgumentTypeError(f"{days} is no number of days; give one from 1 to 36500")
    return days


def fault_kinds(text: str) -> tuple[str, ...]:
    kinds = KINDS if text == "all" else tuple(text.split(","))
    try:
        return Faults(kinds).kinds
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}") from None


def share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{number} is no share; give one from 0 to 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
