"""What all offline commands share, tested on one or another of them."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage import ArticleStore
from storage.exports import Exported, json_lines
from tests.crawler.conftest import Run
from tests.crawler.prepared import CHECKOUT, prepared
from tests.rows import article

KBSWORLD = Path(sys.executable).with_name("kbsworld")
FULL = "No space left on device"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A few hundred articles: more than a pipe holds."""
    with ArticleStore(tmp_path / "kbs.db") as store, store.batch():
        store.db.table("articles").insert_all(article(number, text=f"Séoul {'x' * 2000}") for number in range(300))
    return tmp_path / "kbs.db"


def in_shell(database: Path, command: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of a command, outside the checkout."""
    paths = {"PATH": f"{KBSWORLD.parent}:{os.environ['PATH']}", "KBS_DB": str(database)}
    shell = ["/bin/bash", "-c", command]
    env = os.environ | paths
    return subprocess.run(shell, cwd=database.parent, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", [file.stem for file in sorted(CHECKOUT.glob("crawler/commands/[a-z]*.py"))])
def test_help_explains_exit_statuses_and_gives_examples(scrapy: Run, name: str) -> None:
    run = scrapy(name, "--help")
    assert run.returncode == 0
    assert run.stdout.startswith(f"usage: kbsworld {name} ")
    assert "\n\nExit status" in run.stdout
    assert f"\n\nExamples:\n  kbsworld {name}" in run.stdout
    assert "scrapy" not in run.stdout


def test_without_arguments_the_commands_of_every_day_are_printed_and_are_right(database: Path, scrapy: Run) -> None:
    run = in_shell(database, "kbsworld")
    assert run.returncode == 0
    calls = re.findall(r"^  kbsworld (\w+)((?: \S+)*)", run.stdout, re.MULTILINE)
    assert [name for name, _ in calls] == ["crawl", "browse", "search", "doctor", "backup"]
    for name, arguments in calls:
        usage = scrapy(name, "--help").stdout
        assert all(option in usage for option in re.findall(r" (-\S+)", arguments))
    assert in_shell(database, "kbsworld search seoul").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "more"], "Unknown argument more. See kbsworld export --help."),
        (["doctor", "--fast"], "Unknown option --fast. See kbsworld doctor --help."),
        (["stats", "-s", "KBS_DBB=a"], "Unknown setting KBS_DBB; is it KBS_DB?"),
        (
            ["stats", "--since", ""],
            "argument --since: must be a day (2026-11-01), a month (2026-11), a year (2026), or",
        ),
        (["export", "--category", "x"], "No article has the category x."),  # which only the database shows
        (["stats", "--plot", "chart.jpg"], "--plot must be a file name that ends in .png or .svg, not chart.jpg."),
        (["stats", "--word", ""], "There is no word in this query; give one, such as: coree."),
        (["stats", "--only", "word"], "--only word needs a word; give --word too, such as --word Corée."),
        (["stats", "--word", '"nord'], "A quote is not closed"),
        (["stats", "--format", "csv"], "CSV is one table; choose it, such as --only months."),
        (["search", "(sommet"], "A bracket is not closed"),
        (["search", "sommet", "--limit", "no"], "argument --limit: must be a whole number from 1 to 999999999."),
        (["reextract", "--jobs", "0", "seeds"], "argument --jobs: must be a whole number from 1 to 1000."),
        (["reextract", "-s", "KBS_MAX_PAGE=0"], "KBS_MAX_PAGE is '0'; it must be a whole number from 1 to 2147483648."),
        (["reextract", "--only", "colour=red"], "argument --only: must be NAME=VALUE, such as layout=generic"),
        (
            ["reextract", "--scheduler", "host:8786"],
            "argument --scheduler: must be an address such as tcp://host:8786.",
        ),
        (["reextract", "--scheduler", "tcp://host:1", "--jobs", "2"], "--jobs: not allowed with argument --sch"),
        (["browse", "--port", "99999"], "argument --port: must be a whole number from 0 to 65535."),
        (["search"], "Give the words to look for"),
        (["kwic"], "Give the words to look for"),
        (["kwic", "sommet", "--query", "japon"], "Give the words to look for once"),
        (["kwic", "sommet", "--context", "x"], "argument --context: must be a whole number from 0 to 100."),
        (["search", "seoul", "-japon"], "Unknown option -japon; to leave out a word, write: NOT japon. See kbsworld s"),
        (["search", "-seoul japon"], "-s takes NAME=VALUE; a query begins with a word, not a dash: word NOT other."),
        (["search", "--", "-seoul"], "OR, NOT and brackets need words on both sides"),
        (["export", "--query", "(sommet"], "A bracket is not closed"),
        (["export", "--order", "rank"], "--order rank needs words to rank by; give --query too"),
        (["stats", "--kind", "rumour"], "argument --kind: invalid choice: 'rumour'"),
        (["stats", "--since", "2026-13"], "argument --since: must be a day (2026-11-01), a month"),
        (["export", "--url", "7654321"], "The article 7654321 is not stored; leave it out, or crawl it first."),
        (["export", "--ids", "no such file"], "--ids no such file cannot be read (No such file or directory)."),
        (["export", "--ids", "/dev/null"], "--ids /dev/null names no article; write an address or a number on each"),
        (["export", "--since", "2026", "--since", "2025"], "--since is given twice; it takes one value."),
        (["stats", "--word", ",".join("abcdefghij")], "--word takes 9 words side by side; leave some out."),
        (["crawl", "kbs_articles", "-a", "ids=1", "-a", "ids=2"], "-a ids is given twice; it takes one value."),
        (["reextract", ""], "An argument is empty, such as a variable"),
    ],
)
def test_a_wrong_call_ends_with_status_2(scrapy: Run, database: Path, arguments: list[str], words: str) -> None:
    run = scrapy(*arguments, KBS_DB=str(database))
    assert (run.returncode, run.stdout) == (2, "")
    assert words in run.stderr
    assert run.stderr.count("\n") == 1 or run.stderr.startswith("usage: ")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("extract pipe", "pipe: "),
        ("extract /dev/zero", "/dev/zero: larger than a page may be"),
        ("extract loop", "loop: Too many levels of symbolic links"),
        ("import pipe", "pipe is no file; "),
        ("import /dev/zero", "/dev/zero is no file; "),
        ("import loop", "loop is no file; "),
        ("reextract pipe", "pipe, byte 0: not a regular file"),
        ("reextract /dev/zero", "damaged: /dev/zero, byte 0: not a regular file"),
        ("reextract loop", "loop, byte 0: Too many levels of symbolic links"),
        ("crawl kbs_articles -a file=pipe", "Give kbs_articles articles: "),
        ("crawl kbs_articles -a file=/dev/zero", "file=/dev/zero is larger than 100,000,000 bytes"),
        ("crawl kbs_articles -a file=loop", "file=loop cannot be read (Too many levels of symbolic links)."),
        ("crawl kbs_articles -a ids=1 -o pipe:jsonlines", "pipe: No such device or address."),
        ("export -o pipe", "pipe cannot be written (No such device or address)."),
        ("export --format markdown -o loop", "loop cannot be written (File exists)."),
        *((f"stats -s KBS_DB={name}", f"{name} ") for name in ("pipe", "/dev/zero", "loop")),
        *((f"reextract -s KBS_ARCHIVE={name}", "There is no WARC file in ") for name in ("pipe", "/dev/zero", "loop")),
    ],
)
def test_what_is_no_file_as_an_argument_is_a_sentence(database: Path, command: str, words: str) -> None:
    os.mkfifo(database.with_name("pipe"))
    database.with_name("loop").symlink_to("loop")
    run = in_shell(database, f"timeout -s KILL 20 kbsworld {command} < /dev/null")
    assert run.returncode in {1, 2}
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_a_pipe_that_a_process_writes_into_is_a_file(database: Path) -> None:
    run = in_shell(database, f"kbsworld extract <(sleep 0.2; cat {CHECKOUT}/seeds/000_6ad28e2ce761a03c.txt)")
    assert '"title": "Washington' in run.stdout, run.stderr


@pytest.mark.parametrize("command", ["export", "search seoul --format json --limit 300", "kwic seoul", "crawl --help"])
def test_head_ends_a_command_silently(database: Path, command: str) -> None:
    run = in_shell(database, f"kbsworld {command} | head -n 1")
    assert (run.stdout.count("\n"), run.stderr) == (1, "")


@pytest.mark.parametrize(
    ("command", "status", "output", "errors"),
    [
        ("--version", 0, r"kbsworld \d+\.\d+\.\d+\n", ""),
        ("| head -n 1", 0, "Every day:\n", ""),
        ("--help | head -n 1", 0, "Usage:\n", ""),
        ("serach seoul", 2, "", "Unknown command serach; see kbsworld --help.\n"),
        ("--since 2026", 2, "", "Unknown command --since; see kbsworld --help.\n"),
        ("--hlep", 2, "", "Unknown command --hlep; see kbsworld --help.\n"),
        ("stats --db none.db", 1, "", "There is no database none.db yet; .*\n"),
        ("stats --db ''", 1, "", "The article database has no name; .*\n"),
        ("export --db kbs.db --limit 1 --db kbs.db", 2, "", "(?s)usage: .* --db is given twice; it takes one value.\n"),
        ("export --db %.db --limit 1", 0, "{.*}\n", "export: 1 written to standard output.\n"),
    ],
)
def test_what_is_the_same_for_all_commands(database: Path, command: str, status: int, output: str, errors: str) -> None:
    database.rename(database.with_name("%.db"))
    run = in_shell(database, f"set -o pipefail; KBS_DB=other.db kbsworld {command}")
    assert run.returncode in {status, 128 + signal.SIGPIPE}
    assert re.fullmatch(output, run.stdout)
    assert re.fullmatch(errors, run.stderr)


@pytest.mark.parametrize(
    ("command", "status", "sentence"),
    [
        ("kbsworld export > /dev/full", 1, f"Standard output cannot be written ({FULL})."),
        ("kbsworld export --format xlsx > /dev/full", 1, f"Standard output cannot be written ({FULL})."),
        ("kbsworld stats > /dev/full", 1, f"[Errno 28] {FULL}"),
        ("kbsworld extract - <&-", 2, "Standard input (-) is closed; name a file instead."),
        ("kbsworld reextract - <&-", 2, "Standard input (-) is closed; name a file instead."),
        ("echo | kbsworld extract - -", 2, "Standard input (-) can be read once only."),
        ("echo | kbsworld reextract - -", 2, "Standard input (-) can be read once only."),
        ("kbsworld export >&-", 2, "Standard output is closed; redirect it to a file or to another command."),
    ],
)
def test_an_output_or_input_that_cannot_be_used_is_a_sentence(
    database: Path, command: str, status: int, sentence: str
) -> None:
    run = in_shell(database, command)
    assert (run.returncode, run.stderr) == (status, f"{sentence}\n")


def test_an_early_signal_ends_a_command_with_a_sentence() -> None:
    first = "import os; from storage import database; database.open_to_read = lambda *_: os.kill(os.getpid(), 15)"
    run = prepared().run("export", first=first)
    assert (run.returncode, run.stderr) == (128 + signal.SIGTERM, "Interrupted; nothing was written.\n")


SIGNALLED = [
    ("crawl kbs_news", signal.SIGINT),
    ("crawl kbs_news", signal.SIGTERM),
    ("reextract seeds", signal.SIGINT),
    ("export", signal.SIGTERM),
    ("stats", signal.SIGINT),
    ("doctor", signal.SIGTERM),
]


def begun(database: Path, command: str) -> subprocess.Popen[bytes]:
    """The installed `kbsworld`, as soon as it handles signals."""
    env = os.environ | {"KBS_DB": str(database), "KBS_BASE_URL": "http://127.0.0.1:9"}
    process = subprocess.Popen([KBSWORLD, *command.split()], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    status = Path(f"/proc/{process.pid}/status")
    while not int(status.read_text().partition("SigCgt:")[2].split()[0], 16) & 1 << (signal.SIGTERM - 1):
        time.sleep(0.001)
    return process


@pytest.mark.parametrize(("command", "number"), SIGNALLED)
def test_a_signal_in_the_first_second_ends_a_command(database: Path, command: str, number: signal.Signals) -> None:
    for delay in (0.0, 0.2, 0.4):
        process = begun(database, command)
        time.sleep(delay)
        process.send_signal(number)
        _, errors = process.communicate(timeout=5)
        assert process.returncode in ({128 + number, 0} if delay else {128 + number})  # a short one may be done
        assert b"Traceback" not in errors


@pytest.mark.parametrize(("command", "number"), SIGNALLED)
def test_a_signal_ends_a_command_that_waits_for_the_database(
    database: Path, command: str, number: signal.Signals
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("pragma locking_mode = exclusive")
        other.execute("begin exclusive")
        other.execute("create table held (a)")
        process = begun(database, command)
        time.sleep(1.5)
        process.send_signal(number)
        _, errors = process.communicate(timeout=5)
    assert process.returncode == 128 + number, errors
    assert b"Traceback" not in errors


@pytest.mark.parametrize("wanted", [1, 600])
def test_a_signal_waits_until_a_batch_is_stored_and_counted(tmp_path: Path, wanted: int) -> None:
    file, path = tmp_path / "many.jsonl", tmp_path / "kbs.db"
    with file.open("wb") as stream:
        time = {"timestamp": "2026-11-21T08:00:00+09:00", "written_at": "2026-11-21T08:00:00+09:00"}
        many = (article(number, **time, archive_offset=None) for number in range(4000))
        json_lines.write((Exported(row, json.loads(row["paragraphs"])) for row in many), stream)
    process = prepared().begin("import", str(file), KBS_DB=str(path))
    with Database(path) as db:
        while not db["articles"].exists() or db.table("articles").count < wanted:
            assert process.poll() is None
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):  # as where a terminal closes
            process.send_signal(number)
        said = process.communicate()[1]
        stored = db.table("articles").count
    assert process.returncode in {128 + signal.SIGINT, 128 + signal.SIGHUP, 128 + signal.SIGTERM}
    assert re.search(rf"^  new +{stored}$", said, re.MULTILINE), said
    assert said.endswith("Interrupted; what was stored stays, and the same call stores the rest.\n")
    assert wanted <= stored < 4000


@pytest.mark.parametrize("configuration", ["[settings]\ndefault = another.project\n", "[settings\n", "\xff\n=\n"])
def test_kbsworld_is_itself_inside_another_scrapy_project(database: Path, configuration: str) -> None:
    folder = database.parent
    (folder / "scrapy.cfg").write_text(configuration, "latin-1")
    for name in ("ipdb", "another", "settings", "brotli", "uvloop", "pickle"):
        (folder / f"{name}.py").write_text(f"open('ran-{name}', 'w')")
    seed = f"{CHECKOUT}/seeds/000_6ad28e2ce761a03c.txt"
    run = in_shell(database, f"kbsworld --help && kbsworld list && kbsworld extract --pdb {seed}")
    assert run.returncode == 0, run.stderr
    assert "  kbsworld <command> [options]" in run.stdout
    assert run.stdout.index("  doctor ") < run.stdout.index("Scrapy's own:\n") < run.stdout.index(" runspider ")
    assert "kbs_news" in run.stdout.split()
    assert '"title": "Washington' in run.stdout
    assert list(folder.glob("ran-*")) == []


@pytest.mark.parametrize(
    ("command", "status"),
    [
        *((f"{name} ODD.txt", 0) for name in ("extract", "reextract")),
        *(("KBS_DB=ODD.db " + name, 0) for name in ("stats", "search seoul")),
        ("KBS_DB=ODD.db export -o ODD.csv && kbsworld verify --db ODD.db ODD.csv", 0),
        ("KBS_DB=ODD.db doctor", 1),  # these texts are not those of their paragraphs
        ("KBS_ARCHIVE=ODD doctor", 1),
        ("reextract --only category=ODD", 2),
        ("crawl kbs_search -a keyword=ODD", 2),
        ("KBS_CONTACT=ODD crawl kbs_articles -a ids=1", 2),
    ],
)
def test_names_that_are_not_utf_8_are_no_traceback(database: Path, command: str, status: int) -> None:
    odd = os.fsdecode(b"\xff")
    shutil.copy(CHECKOUT / "seeds/000_6ad28e2ce761a03c.txt", database.with_name(f"{odd}.txt"))
    shutil.copy(database, database.with_name(f"{odd}.db"))
    call = re.sub(r"^((?:KBS_\w+=\S+ )?)", r"\1kbsworld ", command.replace("ODD", "$'\\xff'"))
    run = in_shell(database, call)
    assert (run.returncode, "Traceback" in run.stderr) == (status, False), run.stderr
