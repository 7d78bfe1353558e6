"""What the tests about the code base read."""

import subprocess
from pathlib import Path

import pytest

# Made by tools, and never committed.
NOT_OURS = {".git", "__pycache__", "dist"}


@pytest.fixture(scope="session")
def ours(checkout: Path) -> list[Path]:
    """Every file that is committed or would be; without git, every file no tool made."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        files = [checkout / name for name in listing.stdout.decode().split("\0") if name]
    else:
        files = [
            path
            for path in checkout.rglob("*")
            if not any(
                part in NOT_OURS or part.endswith("cache") or part.startswith(".venv")
                for part in path.relative_to(checkout).parts
            )
        ]
    return sorted(path for path in files if path.is_file())


@pytest.fixture(scope="session")
def texts(ours: list[Path]) -> dict[Path, str]:
    """The text of each of our files that is text."""
    found = {}
    for path in ours:
        try:
            found[path] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


@pytest.fixture(scope="session")
def modules(checkout: Path, texts: dict[Path, str]) -> dict[Path, str]:
    """The source of each module of rx_review, by its path from `src/rx_review`."""
    package = checkout / "src" / "rx_review"
    return {
        path.relative_to(package): text
        for path, text in texts.items()
        if path.suffix == ".py" and package in path.parents
    }
