"""The console script `kbsworld`: Scrapy's command line with this project's settings, from any folder."""

import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path

from crawler.terminal import SIGNALLED, WRONG_CALL, tell

_HELP = {"-h", "--help"}

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
    if sys.argv[1:] == ["--version"]:
        print("kbsworld", version("kbsworld"))
        return
    if len(sys.argv) == 1 or not _HELP.isdisjoint(sys.argv):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `--help | head` ends silently
    if len(sys.argv) == 1:
        print(_EVERY_DAY)
        return
    from scrapy.cmdline import _get_commands_dict, execute
    from scrapy.settings import Settings

    # Of another Scrapy project, whose folder this may be, nothing counts: no scrapy.cfg is read, no file imported.
    os.environ["SCRAPY_SETTINGS_MODULE"] = "crawler.settings"
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    name, own = sys.argv[1], _own_commands()
    # Scrapy imports all commands of this module before it runs one; they import much.
    settings.set("COMMANDS_MODULE", f"crawler.commands.{name}" if name in own else "", priority="cmdline")
    known = own if name in own else _get_commands_dict(settings, inproject=True)
    if name in known:
        execute(settings=settings)
    elif name in _HELP:
        print("Usage:", "  kbsworld <command> [options] [args]", "  kbsworld --version", "", "Commands:", sep="\n")
        print(*(f"  {command:<13} {text}" for command, text in own.items()), sep="\n")
        print("", "Each command has --help, with examples.", "", "Scrapy's own:", sep="\n")
        print(" ", *sorted(known.keys() - own.keys()))
    else:
        tell(f"Unknown command {name}; see kbsworld --help.")
        sys.exit(WRONG_CALL)


def _own_commands() -> dict[str, str]:
    """Our commands, each with the first line of its help, as its file begins."""
    files = sorted(Path(__file__).with_name("commands").glob("[a-z]*.py"))
    return {file.stem: file.read_text("utf-8").partition("\n")[0].strip('".') for file in files}


if __name__ == "__main__":
    main()
