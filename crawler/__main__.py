"""The console script `kbsworld`: Scrapy's command line with this project's settings, from any folder."""

import os
import signal

from crawler.terminal import SIGNALLED


def main() -> None:
    """Run the command of `sys.argv`; ends the process with its exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):  # until a command has handlers; to import Scrapy takes a second
        signal.signal(number, lambda number, _: os._exit(SIGNALLED + number))
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
