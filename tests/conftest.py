"""Every test starts from the same settings, whoever runs it and wherever."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# On CI the same examples each time, so that a red run can be repeated; at the desk new ones each time.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

# Begun first, so that no worker is alone with one of them at the end.
LONG = (
    "api/test_contract.py", "cli/test_demo.py", "audit/test_replay.py", "demo/test_running.py", "county/test_faults.py",
    "county/test_generate.py", "properties/test_metamorphic.py", "engine/test_fuzz.py", "api/contract/test_limits.py",
    "client/test_exactly_once.py", "facts/test_diagnosis_texts.py", "api/test_races.py", "store/test_databases.py",
)  # fmt: skip

_cache = pytest.StashKey[tempfile.TemporaryDirectory]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a pharmacist accept changed verdicts of the corpus."""
    parser.addoption("--update-expected", action="store_true", help="rewrite tests/corpus/expected.txt")


def pytest_configure(config: pytest.Config) -> None:
    """Drop the settings of whoever runs the tests; keep compiled editions out of their home."""
    if hasattr(config, "workerinput"):
        return  # a worker of xdist: it got the environment made here
    for name in [name for name in os.environ if name.startswith("RX_")]:
        # What runs the tests, which tests of ./rx need to know, and a PostgreSQL that is ready.
        if name not in {"RX_VENV", "RX_PYTHON", "RX_TEST_POSTGRESQL"}:
            del os.environ[name]
    config.stash[_cache] = tempfile.TemporaryDirectory(prefix="rx-review-tests-")
    os.environ["RX_CACHE_DIR"] = config.stash[_cache].name


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the compiled editions of this run."""
    if _cache in config.stash:
        config.stash[_cache].cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, whatever chance has made of the order."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The top folder of the project."""
    return ROOT
