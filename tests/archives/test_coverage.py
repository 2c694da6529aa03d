"""Which archive the stored articles are from, after real runs of both spiders."""

import json
from collections import Counter
from pathlib import Path

from tests.archives.history import CRAWLS, WAYBACK
from tests.archives.runs import COMMONCRAWL, WAYBACK_MACHINE, Runs
from tests.archives.world import ArchiveWorld


def origins(runs: Runs) -> Counter[str]:
    found = json.loads(runs.call("stats", "--coverage", "--format", "json").stdout)
    counted: Counter[str] = Counter()
    for row in found["statistics"]["origins"]:
        counted[row["origin"]] += row["articles"]
    return counted


def test_articles_count_for_the_archive_that_has_their_earliest_capture(archives: ArchiveWorld, tmp_path: Path) -> None:
    runs = Runs(archives, tmp_path)
    in_crawls, in_wayback = ({url for url, _ in archives.expected(*names)} for names in (CRAWLS, (WAYBACK,)))
    runs.crawl(*COMMONCRAWL)
    assert origins(runs) == {"Common Crawl": len(in_crawls)}
    runs.crawl(*WAYBACK_MACHINE)
    found = origins(runs)
    assert found.keys() == {"Common Crawl", "Wayback Machine"}
    assert found.total() == len(in_crawls | in_wayback)
    # Of those that both have it depends on the article.
    assert len(in_wayback - in_crawls) < found["Wayback Machine"] < len(in_wayback)
