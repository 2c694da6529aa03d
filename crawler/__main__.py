"""The console script `kbsworld`: Scrapy's command line with this project's settings, from any folder."""

import os
import signal

from crawler.terminal import leave


def main() -> None:
    """Run the command of `sys.argv`; ends the process with its exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):  # before Scrapy is imported, which takes most of a second
        signal.signal(number, leave)
    from scrapy import cmdline

    # Set, not defaulted: kbsworld stays kbsworld inside the folder of another Scrapy project.
    os.environ["SCRAPY_SETTINGS_MODULE"] = "crawler.settings"
    vars(cmdline)["print"] = _print_own_name
    cmdline.execute()


def _print_own_name(*help_texts: str) -> None:
    print(*(text.replace("scrapy", "kbsworld") for text in help_texts))


if __name__ == "__main__":
    main()
