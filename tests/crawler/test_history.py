"""Silent edits of a replica: found by a crawl, shown, compared, exported as of then, verified."""

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import html

from storage import ArticleStore
from storage.exports.manifest import read
from tests.crawler.conftest import HASTE, own
from tests.crawler.prepared import CHECKOUT, prepared
from tests.crawler.scripted import counts, rows
from tests.crawler.test_export import export
from tests.replica import Replica
from tests.replica.world import Entry
from tests.rows import article

FORMATS = {
    **{f"a.{ending}": ending for ending in ("jsonl", "csv", "xlsx", "parquet", "html", "md", "atom", "vert", "xml")},
    "texts": "txt",
    "notes": "markdown",
}
EDITED = 3


@dataclass(frozen=True)
class Desk:
    """A folder with a database that was exported, and then crawled again after silent edits and an update."""

    folder: Path
    before: list[Entry]
    after: list[Entry]
    updated: Entry
    report: str
    site: str

    def call(self, *arguments: str, db: str = "kbs.db", **environment: str) -> Any:
        return prepared().run(*arguments, **own(self.folder) | {"KBS_DB": str(self.folder / db)} | environment)

    def text(self, *arguments: str) -> str:
        run = self.call(*arguments)
        assert run.returncode == 0, run.stderr
        return str(run.stdout)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    empty = Desk(folder, [], [], None, "", "")  # type: ignore[arg-type]
    with Replica(articles=20) as site:
        crawled = empty.call("crawl", "kbs_news", *HASTE, KBS_BASE_URL=site.base_url)
        assert crawled.returncode == 0, crawled.stderr
        for name, form in FORMATS.items():
            given = () if "." in name else ("--format", form)
            empty.text("export", *given, "-o", str(folder / name))
        empty.text("export", "--query", "coree OR seoul", "-o", str(folder / "found.csv"))
        assert empty.text("new", "--mark", "desk", "--begin").count("· new\n") == len(site.world.entries)
        before = site.world.entries[:EDITED]
        after = [site.world.edit(entry) for entry in before]
        updated = site.world.update(site.world.entries[EDITED])
        again = empty.call("crawl", "kbs_articles", "-a", "recheck=36500", *HASTE, KBS_BASE_URL=site.base_url)
        assert again.returncode == 0, again.stderr
    return Desk(folder, before, after, updated, again.stderr, site.base_url)


def url(entry: Entry) -> str:
    return entry.truth.url


def test_a_recheck_finds_every_silent_edit_and_keeps_what_stood_there(desk: Desk) -> None:
    class Run:
        stderr = desk.report

    found = counts(Run)  # type: ignore[arg-type]
    assert (found["edited"], found["updated"], found["unchanged"]) == (EDITED, 1, 20 - EDITED - 1)
    kept = {row["url"]: row for row in rows(desk.folder, "silent_edits")}
    assert {url(one): one.truth.text for one in desk.before} == {key: row["text"] for key, row in kept.items()}
    with ArticleStore(desk.folder / "kbs.db") as store:
        for one in desk.after:
            [version] = store.versions(url(one))
            assert version.text == one.truth.text
            assert kept[url(one)]["fetched_at"] < kept[url(one)]["replaced_at"]


def test_new_tells_each_edit_once_with_what_stood_there(desk: Desk) -> None:
    told = [json.loads(line) for line in desk.text("new", "--mark", "desk", "--format", "jsonl").splitlines()]
    assert [(one["change"], one["url"]) for one in told if one["change"] != "edited"] == [
        ("updated", url(desk.updated))
    ]
    edited = {one["url"]: (one["before"]["text"], one["text"]) for one in told if one["change"] == "edited"}
    assert edited == {
        url(old): (old.truth.text, new.truth.text) for old, new in zip(desk.before, desk.after, strict=True)
    }
    assert len(told) == EDITED + 1
    assert desk.text("new", "--mark", "desk") == ""


def test_a_recheck_asks_for_the_articles_of_the_last_days_alone(tmp_path: Path) -> None:
    with Replica(articles=5) as site:
        places = own(tmp_path) | {"KBS_BASE_URL": site.base_url}
        prepared().run("crawl", "kbs_news", *HASTE, **places)
        site.requests.clear()
        with ArticleStore(tmp_path / "kbs.db") as store:
            store.db.execute("update articles set written_at = '2001-01-01' where url not like '%90005'")
            store.db.execute("update articles set written_at = '2990-01-01' where url like '%90005'")
        run = prepared().run("crawl", "kbs_articles", "-a", "recheck=7", *HASTE, **places)
        assert [one for one in site.requests if "view" in one] == ["/service/news_view.htm?lang=f&Seq_Code=90005"]
        assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", [*FORMATS, "found.csv"])
def test_an_export_as_of_then_is_the_same_bytes(desk: Desk, name: str) -> None:
    manifest = json.loads((desk.folder / f"{name}.manifest.json").read_text("utf-8"))
    moment = manifest["selection"]["as_of"]
    assert moment < min(row["replaced_at"] for row in rows(desk.folder, "silent_edits"))
    given = ["--format", manifest["format"]]
    given += ["--query", manifest["selection"]["query"]] if name == "found.csv" else []
    again, now = desk.folder / f"again-{name}", desk.folder / f"now-{name}"
    assert export(desk.folder / "kbs.db", *given, "--as-of", moment, "-o", str(again)) == 0
    assert export(desk.folder / "kbs.db", *given, "-o", str(now)) == 0
    shas = [json.loads((desk.folder / f"{it.name}.manifest.json").read_text("utf-8"))["sha256"] for it in (again, now)]
    assert shas[0] == manifest["sha256"] != shas[1]
    if again.is_file():
        assert hashlib.sha256(again.read_bytes()).hexdigest() == manifest["sha256"]
        assert again.read_bytes() == (desk.folder / name).read_bytes()
    else:
        assert {file.name: file.read_bytes() for file in again.iterdir()} == {
            file.name: file.read_bytes() for file in (desk.folder / name).iterdir()
        }


@pytest.mark.parametrize("name", ["a.csv", "a.xml", "texts"])
def test_a_manifest_is_verified(desk: Desk, name: str) -> None:
    said = desk.text("verify", str(desk.folder / f"{name}.manifest.json")).splitlines()
    assert said[0] == f"{desk.folder / name}: as it was written"
    assert said[1].startswith(f"{desk.folder / 'kbs.db'}: gives the same again: 20 written, SHA-256 ")


def test_what_does_not_hold_is_told(desk: Desk, tmp_path: Path) -> None:
    for name in ("kbs.db", "a.csv", "a.csv.manifest.json"):
        shutil.copy(desk.folder / name, tmp_path / name)
    (tmp_path / "a.csv").write_bytes(b"other")
    with ArticleStore(tmp_path / "kbs.db") as store, store.batch():
        row = next(store.db.table("articles").rows)
        store.add_row(row | {"url": "another", "fetched_at": "2026-01-01T00:00:00.000000+00:00"})
    run = prepared().run("verify", str(tmp_path / "a.csv"), **own(tmp_path))
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        f"{tmp_path / 'a.csv'}: changed",
        f"{tmp_path / 'kbs.db'}: gives something else: 21 written, and it was 20",
    ]
    (tmp_path / "a.csv").unlink()
    assert "a.csv: not there" in prepared().run("verify", str(tmp_path / "a.csv.manifest.json"), **own(tmp_path)).stdout


BROKEN: dict[str, Any] = {
    "not JSON": "{",
    "a list": "[]",
    "nested": "[" * 100_000,
    "elsewhere": {"file": "../a.csv"},
    "no digest": {"sha256": 7},
    "a query that is a list": {"selection": {"query": ["a"]}},
    "an order of its own": {"selection": {"order": "date; drop table articles"}},
    "a field of its own": {"selection": {"where": "1"}},
    "a moment without zone": {"selection": {"as_of": "2026-11-24T12:00:00"}},
    "a moment before all": {"selection": {"as_of": "0001-01-01T00:00:00+23:00"}},
    "a limit that no database takes": {"selection": {"limit": 10**30}},
    "a rank of no words": {"selection": {"order": "rank"}},
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_manifest_that_is_none_is_a_sentence(desk: Desk, tmp_path: Path, kind: str) -> None:
    broken = BROKEN[kind]
    if isinstance(broken, dict):
        broken = json.dumps(json.loads((desk.folder / "a.csv.manifest.json").read_text("utf-8")) | broken)
    file = tmp_path / "a.csv.manifest.json"
    file.write_text(broken, "utf-8")
    with pytest.raises(ValueError, match=r"manifest\.json is not a manifest that kbsworld export wrote\.$"):
        read(file)
    if kind == "not JSON":
        run = desk.call("verify", str(file))
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr == f"{file} is not a manifest that kbsworld export wrote.\n"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("verify none.csv", "none.csv.manifest.json cannot be read (No such file or directory); name a file that ends"),
        ("verify", "Name one manifest, such as articles.csv.manifest.json."),
        ("show 88", "The article 88 is not stored; "),
        ("show 99999999999999999999", "The article 99999999999999999999 is not stored; "),
        ("show https://example.org/", "The article https://example.org/ is not stored; "),
        ("show", "Name one article by its address or number"),
        ("show 90020 --version 3", "There is no version 3; kbsworld show lists the article's, 1 to 2."),
        ("diff 90020 1 9", "There is no version 9; "),
        ("diff 90020 one", "There is no version one; kbsworld show lists the article's, 1 to 2."),
        ("diff 90020 1 2 3", "Name one article and two of its versions"),
        ("export --as-of yesterday", "argument --as-of: must be a day or a moment"),
        ("export --as-of 0001-01-01T00:00", "argument --as-of: must be a day or a moment"),
        ("export --as-of 2026-11-24 --order rank --query coree", "--order rank is by all that is stored now; leave it"),
        ("crawl kbs_articles -a recheck=0", "recheck=0 is not valid; it must be a whole number from 1."),
    ],
)
def test_a_wrong_call_is_a_sentence(desk: Desk, call: str, sentence: str) -> None:
    run = desk.call(*call.split())
    assert (run.returncode, run.stdout) == (2, "")
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr


def test_an_article_is_shown_with_its_versions_and_where_they_are(desk: Desk) -> None:
    after = desk.after[0].truth
    shown = desk.text("show", str(desk.after[0].seq))
    assert str(after.title) in shown.splitlines()[0]
    for paragraph in after.paragraphs:
        assert " ".join(paragraph.split()) in " ".join(shown.split())
    [edit] = [row for row in rows(desk.folder, "silent_edits") if row["url"] == after.url]
    listed = [line.split() for line in shown.splitlines()[-2:]]
    assert edit["replaced_at"][11:19] in listed[0]
    assert f"{edit['archive_file']}, {edit['archive_offset']}".split()[0] in listed[0]
    assert listed[1][:2] == [">", "2"]
    earlier = desk.text("show", after.url, "--version", "1")
    assert " ".join(desk.before[0].truth.paragraphs[-1].split()) in " ".join(earlier.split())


def test_a_row_id_names_its_version(desk: Desk) -> None:
    [row] = [one for one in rows(desk.folder, "catalogue") if one["url"] == url(desk.updated) and not one["latest"]]
    lines = desk.text("show", str(row["id"])).splitlines()
    assert [line.split()[0] for line in lines[-2:]] == [">", "2"]


def test_a_difference_is_shown_word_by_word(desk: Desk) -> None:
    before, after = desk.before[0].truth, desk.after[0].truth
    [changed] = set(after.paragraphs) - set(before.paragraphs)
    text = desk.text("diff", str(desk.after[0].seq))
    assert "edited" not in text.splitlines()[1]
    found = json.loads(desk.text("diff", str(desk.after[0].seq), "1", "2", "--format", "json"))
    assert found["old"]["replaced_at"] == found["new"]["fetched_at"]
    pieces = [piece for pieces in found["changes"] for piece in pieces]
    assert changed in "".join(piece["text"] for piece in pieces if piece["change"] != "delete")
    page = html.fromstring(desk.text("diff", url(desk.after[0]), "--format", "html").encode())
    added = "".join(piece["text"] for piece in pieces if piece["change"] == "insert")
    assert "".join(element.text_content() for element in page.iter("ins")) == added
    backwards = json.loads(desk.text("diff", str(desk.after[0].seq), "2", "1", "--format", "json"))
    assert (
        "".join(piece["text"] for pieces in backwards["changes"] for piece in pieces if piece["change"] == "delete")
        == added
    )


def test_one_version_has_no_difference(desk: Desk) -> None:
    run = desk.call("diff", "90001")
    assert (run.returncode, run.stdout, run.stderr) == (
        0,
        "",
        "The article has one version; there is nothing to compare.\n",
    )


def test_silent_edits_are_exported_and_come_back(desk: Desk) -> None:
    files = [desk.folder / name for name in ("all.jsonl", "back.jsonl")]
    desk.text("export", "--all-versions", "-o", str(files[0]))
    edits = [one for one in map(json.loads, files[0].read_text("utf-8").splitlines()) if one["replaced_at"]]
    assert {one["url"]: one["text"] for one in edits} == {url(one): one.truth.text for one in desk.before}
    for _ in range(2):
        assert desk.call("import", str(files[0]), db="other.db").returncode == 0
        assert desk.call("export", "--all-versions", "-o", str(files[1]), db="other.db").returncode == 0
        assert files[1].read_bytes() == files[0].read_bytes()


def test_silent_edits_are_found_again_in_the_archive(desk: Desk) -> None:
    run = desk.call("reextract", db="rebuilt.db", KBS_BASE_URL=desk.site)
    assert run.returncode == 0, run.stderr
    paths = [desk.folder / name for name in ("one.jsonl", "two.jsonl")]
    for path, db in zip(paths, ("kbs.db", "rebuilt.db"), strict=True):
        assert desk.call("export", "--all-versions", "-o", str(path), db=db).returncode == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_silent_edits_are_counted(desk: Desk) -> None:
    assert f"edited      {EDITED} times without a new date" in desk.text("stats")
    assert json.loads(desk.text("stats", "--format", "json"))["summary"]["silent_edits"] == EDITED


def test_an_article_is_cited(desk: Desk) -> None:
    truth = desk.after[0].truth
    [item] = json.loads(desk.text("show", truth.url, "--cite", "csl"))
    assert (item["title"], item["URL"]) == (truth.title, truth.url)
    assert item["issued"]["date-parts"][0] == [truth.written_at.year, truth.written_at.month, truth.written_at.day]  # type: ignore[union-attr]
    entry = desk.text("show", truth.url, "--cite", "bibtex")
    assert entry.startswith("@online{kbs-")
    assert f"  urldate = {{{item['accessed']['date-parts'][0][0]}-" in entry


HOSTILE = "\x1b[31m}{\\input{/etc/passwd}\x9b2J $&#% _~^ \u202e=1+1<script>"


@pytest.mark.parametrize(
    "call",
    ["show 1", "show 1 --cite bibtex", "show 1 --cite csl", "diff 1", "diff 1 --format html", "diff 1 --format json"],
)
def test_hostile_text_is_shown_harmless(tmp_path: Path, call: str) -> None:
    row = article(1, title=HOSTILE, text=HOSTILE, paragraphs=json.dumps([HOSTILE]), archive_file=f"/{HOSTILE}")
    later = {"title": f"{HOSTILE}!", "fetched_at": "2026-11-22T00:00:00.000000+00:00"}
    with ArticleStore(tmp_path / "kbs.db") as store, store.batch():
        for one in (row, row | later):
            store.add_row(one | {"written_at": one["timestamp"]})
    run = prepared().run(*call.split(), KBS_DB=str(tmp_path / "kbs.db"))
    assert run.returncode == 0, run.stderr
    assert not set(run.stdout) & set("\x1b\x9b\u202e" if "--format" not in call else "\x1b")
    if "html" in call:
        assert "<script>" not in run.stdout
    if "bibtex" in call:
        entry = re.sub(r"\\[\\{}$&#%_]|\\text\w+\{\}", "", run.stdout.partition(",\n")[2])
        fields = re.findall(r"^  [a-z]+ = \{(?:\{[^{}]*\}|[^{}])*\},$", entry, re.MULTILINE)
        assert entry == "\n".join(fields) + "\n}\n\n"
        assert not set("".join(line for line in fields if "url" not in line)) & set("\\$&#%~^")


def test_the_software_is_cited_as_it_is() -> None:
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text("utf-8"))
    project = (CHECKOUT / "pyproject.toml").read_text("utf-8")
    assert f'version = "{citation["version"]}"' in project
    assert f'license = "{citation["license"]}"' in project
