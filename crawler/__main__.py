"""The console script `kbsworld`: Scrapy's command line with this project's settings, from any folder."""

import os
import signal
import sys

from crawler.terminal import SIGNALLED

_EVERY_DAY = """Every day:
  kbsworld crawl kbs_news -a since=2026-11-01     fetch the news since then; later runs fetch what is new
  kbsworld browse --open                          read and search them in your browser
  kbsworld search sommet coree                    find articles by their words
  kbsworld doctor                                 check database and archive, see how the last runs went
  kbsworld backup backup/kbs.db --archive         copy both

Without the site: kbsworld demo. All commands: kbsworld --help. Each has examples: kbsworld crawl --help."""


def main() -> None:
    """Run the command of `sys.argv`; ends the process with its exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):  # until a command has handlers; to import Scrapy takes a second
        signal.signal(number, lambda number, _: os._exit(SIGNALLED + number))
    if len(sys.argv) == 1:
        print(_EVERY_DAY)
        return
    from scrapy import cmdline
    from scrapy.settings import Settings

    # Of another Scrapy project, whose folder this may be, nothing counts: no scrapy.cfg is read, no file imported.
    os.environ["SCRAPY_SETTINGS_MODULE"] = "crawler.settings"
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    vars(cmdline)["print"] = _print_own_name
    cmdline.execute(settings=settings)


def _print_own_name(*help_texts: str) -> None:
    print(*(text.replace("scrapy", "kbsworld") for text in help_texts))


if __name__ == "__main__":
    main()
