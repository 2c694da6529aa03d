"""python -m tests.replica: serve a KBS World on loopback until stopped; the first line is its base address."""

import argparse
import signal
import sys

from .faults import KINDS, Faults
from .server import Replica


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.replica",
        description="Serve a replica of KBS World on this machine. The first line on standard output is its address: "
        "crawl it with KBS_BASE_URL=ADDRESS kbsworld crawl kbs_news. Ctrl-C stops it.",
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--articles", type=int, default=40, help="articles of an edition (default: 40)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same articles (default: 1)")
    parser.add_argument("--days", type=int, help="days that the news are spread over (default: one every hour or two)")
    parser.add_argument(
        "--faults", metavar="all|KIND,…", help=f"what goes wrong: {', '.join(KINDS)} (default: nothing)"
    )
    parser.add_argument("--share", type=float, default=0.3, help="share of requests with a fault (default: 0.3)")
    options = parser.parse_args()
    try:
        kinds = KINDS if options.faults == "all" else (options.faults or "").split(",")
        faults = Faults(kinds, options.share) if options.faults else None
        replica = Replica(options.articles, options.seed, options.port, options.days, faults)
    except (ValueError, OverflowError, OSError) as error:
        parser.error(f"{error}")
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with replica:
        print(replica.base_url, flush=True)
        signal.sigwait(signals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
