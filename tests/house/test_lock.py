"""requirements.lock is whole and in step with pyproject.toml, so that ./rx can install without resolving."""

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))? \\")


@pytest.fixture(scope="module")
def lock(checkout):
    """name -> (version, number of hashes)."""
    text = (checkout / "requirements.lock").read_text(encoding="utf-8")
    found = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text):
        match = ENTRY.match(entry)
        assert match, f"not pinned: {entry.splitlines()[0]}"
        found[match["name"]] = (match["version"], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)))
    return found


@pytest.fixture(scope="module")
def asked_for(checkout):
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    direct = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    return [Requirement(line) for line in direct]


def test_every_direct_dependency_is_pinned_as_asked(lock, asked_for):
    astray = []
    for requirement in asked_for:
        version, _ = lock.get(canonicalize_name(requirement.name), (None, 0))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            astray.append(f"{requirement}: locked {version}")
    assert astray == [], "make the lock again, as pyproject.toml says"


def test_every_entry_has_hashes(lock):
    assert [name for name, (_, hashes) in lock.items() if hashes < 1] == []


def test_the_lock_names_no_address(checkout):
    text = (checkout / "requirements.lock").read_text(encoding="utf-8")
    assert re.findall(r".*://.*|.* @ .*|^--.*", text, re.MULTILINE) == []


def test_whatever_a_locked_package_needs_is_locked(lock):
    missing, seen = [], 0
    for name in lock:
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of another system: its marker kept it out of this environment
        seen += 1
        for requirement in map(Requirement, needs):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                version, _ = lock.get(canonicalize_name(requirement.name), (None, 0))
                if version is None or Version(version) not in requirement.specifier:
                    missing.append(f"{name} needs {requirement}")
    assert missing == []
    assert seen > len(lock) / 2


def test_the_tests_run_with_what_is_locked(lock):
    astray = {}
    for name, (version, _) in lock.items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        if Version(installed) != Version(version):
            astray[name] = installed
    assert astray == {}
