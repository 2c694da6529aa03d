"""make demo, as a user runs it: twice."""

import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.demo"]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=120)


def test_the_demo_runs_twice(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(CHECKOUT, checkout, ignore=shutil.ignore_patterns(".*", "data", "*.egg-info", "__pycache__"))
    first, second = demo(checkout), demo(checkout)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "40 new in data/demo.db." in first.stdout
    assert "Nothing is new" in second.stdout
    assert "  unchanged      40" in second.stderr
    assert "Washington se déclare prêt à sanctionner" in first.stdout
