"""What all offline commands share, tested on one or another of them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
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


@pytest.mark.parametrize("name", ["browse", "doctor", "export", "extract", "search", "stats"])
def test_help_explains_exit_statuses_and_gives_examples(scrapy: Run, name: str) -> None:
    run = scrapy(name, "--help")
    assert run.returncode == 0
    assert run.stdout.startswith(f"usage: kbsworld {name} [options]")
    assert "\n\nExit status" in run.stdout
    assert f"\n\nExamples:\n  kbsworld {name}" in run.stdout
    assert "scrapy" not in run.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "more"], "Unknown argument more. See kbsworld export --help."),
        (["doctor", "--fast"], "Unknown option --fast. See kbsworld doctor --help."),
        (["stats", "-s", "KBS_DBB=a"], "Unknown setting KBS_DBB; is it KBS_DB?"),
        (["stats", "--since", ""], "argument --since: must be a date (YYYY-MM-DD)."),
        (["export", "--category", "x"], "No article has the category x."),  # which only the database shows
        (["stats", "--plot", "chart.jpg"], "--plot must be a file name that ends in .png or .svg, not chart.jpg."),
        (["stats", "--only", "word"], "--only word needs a word; give --word too, such as --word Corée."),
        (["stats", "--word", '"nord'], "A quote is not closed"),
        (["stats", "--format", "csv"], "CSV is one table; choose it, such as --only months."),
        (["search", "(sommet"], "A bracket is not closed"),
        (["search", "sommet", "--limit", "no"], "argument --limit: must be a whole number from 1 to 999999."),
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
    ],
)
def test_a_wrong_call_ends_with_status_2(scrapy: Run, database: Path, arguments: list[str], words: str) -> None:
    run = scrapy(*arguments, KBS_DB=str(database))
    assert (run.returncode, run.stdout) == (2, "")
    assert words in run.stderr
    assert run.stderr.count("\n") == 1 or run.stderr.startswith("usage: ")


@pytest.mark.parametrize("command", ["export", "search seoul --format json --limit 300"])
def test_head_ends_a_command_silently(database: Path, command: str) -> None:
    run = in_shell(database, f"kbsworld {command} | head -n 1")
    assert (run.stdout.count("\n"), run.stderr) == (1, "")


@pytest.mark.parametrize(
    ("command", "status", "sentence"),
    [
        ("kbsworld export > /dev/full", 1, f"Standard output cannot be written ({FULL})."),
        ("kbsworld stats > /dev/full", 1, f"[Errno 28] {FULL}"),
        ("kbsworld extract - <&-", 2, "Standard input (-) is closed; name a file instead."),
        ("kbsworld reextract - <&-", 2, "Standard input (-) is closed; name a file instead."),
        ("echo | kbsworld extract - -", 2, "Standard input (-) can be read once only."),
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
    assert re.search(rf"^  new +{stored:,}$", said, re.MULTILINE), said
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
    assert "kbs_news" in run.stdout.split()
    assert '"title": "Washington' in run.stdout
    assert list(folder.glob("ran-*")) == []


@pytest.mark.parametrize(
    ("command", "status"),
    [
        *((f"{name} ODD.txt", 0) for name in ("extract", "reextract")),
        *(("KBS_DB=ODD.db " + name, 0) for name in ("stats", "search seoul", "export -o ODD.csv")),
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
