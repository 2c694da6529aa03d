"""python -m tests.replica: serve a KBS World on loopback until stopped; its first line is its base address."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

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
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        replica = Replica(options.articles, options.seed, options.port)
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


if __name__ == "__main__":
    sys.exit(main())
