"""kbsworld demo from a wheel, in an environment without this checkout: twice, and what it says to do then."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from urllib.request import urlopen

import pytest

CHECKOUT = Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KBS_")}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=120
    )


@pytest.fixture(scope="module")
def kbsworld(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of an installed wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(".*", "data", "*.egg-info", "__pycache__", "build")
    shutil.copytree(CHECKOUT, folder / "checkout", ignore=ignored)
    built = run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, folder / "checkout")
    shutil.rmtree(folder / "checkout")
    python = folder / "venv/bin/python"
    made = run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    installed = run(*PIP, "--python", python, "install", "--no-deps", *folder.glob("*.whl"))
    assert (built.returncode, made.returncode, installed.returncode) == (0, 0, 0), built.stderr + installed.stderr
    [packages] = folder.glob("venv/lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))  # the line of the checkout in it is not read
    names = "crawler", "crawler.replica", "extractors", "storage"
    code = f"import sys, {', '.join(names)}; print(*(sys.modules[name].__file__ for name in {names}))"
    found = run(python, "-c", code, cwd=folder)
    installed_at = [str(packages / name.replace(".", "/") / "__init__.py") for name in names]
    assert found.stdout.split() == installed_at, found.stderr
    return python.with_name("kbsworld")


@pytest.mark.slow
def test_the_demo_runs_twice_and_what_it_says_works(kbsworld: Path, tmp_path: Path) -> None:
    first, second = run(kbsworld, "demo", cwd=tmp_path), run(kbsworld, "demo", cwd=tmp_path)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "40 new in data/demo.db." in first.stdout
    counts = [re.findall(rf"  {name} +([0-9]+)\n", first.stderr) for name in ("new", "updated", "edited")]
    assert counts == [["40", "0", "0"], ["0", "1", "0"], ["0", "0", "1"]]
    changes = re.findall(r"^(Updated|Edited without a new date): https://world.*\n  [-+] ", first.stdout, re.MULTILINE)
    assert changes == ["Updated", "Edited without a new date"]
    assert "Nothing is new" in second.stdout
    assert "  unchanged      40" in second.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]

    assert run(kbsworld, "demo", "--db", "data/kbs.db", cwd=tmp_path).returncode == 2
    lost = run(kbsworld, "stats", cwd=tmp_path)
    sentence = "There is no database data/kbs.db yet; a crawl makes it, or --db names another: data/demo.db.\n"
    assert (lost.returncode, lost.stderr) == (1, sentence)

    browse, search, doctor = re.findall(r"^  (\S+kbsworld .*)", first.stdout, re.MULTILINE)
    for command, words in ((search, "https://world.kbs.co.kr/service/news_view.htm"), (doctor, "\nAll well.\n")):
        went = run("/bin/sh", "-c", command, cwd=tmp_path)
        assert (went.returncode, words in went.stdout) == (0, True), went.stdout + went.stderr
    serving = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {browse} --port 0"],
        cwd=tmp_path,
        env=os.environ | {"BROWSER": "true"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert serving.stdout
    with urlopen(serving.stdout.readline().strip(), timeout=30) as page:  # noqa: S310
        assert (page.status, "Séoul" in page.read().decode()) == (200, True)
    serving.send_signal(signal.SIGINT)
    assert serving.wait(30) == 0
    serving.stdout.close()
