"""The tree holds nothing of one machine and nothing of one package index."""

import ast
import re
import tomllib

import pytest

# Split, so that this file does not name what it forbids.
INDEXES = re.compile("|".join(["pypi" + r"\.org", "python" + r"hosted\.", "npm" + r"js\.", "deb" + r"\.debian"]))
# The home of somebody, on Linux, macOS or Windows.
HOME = re.compile(r"(?<![\w.$}~/-])/(?:root|home/\w+|Users/\w+)/|[A-Z]:\\Users\\")


def places(pattern: re.Pattern[str], texts) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_package_index_is_named(texts):
    assert places(INDEXES, texts) == []


def test_no_path_of_a_machine_is_named(texts, checkout):
    assert places(HOME, texts) == []
    assert places(re.compile(re.escape(f"{checkout}/")), texts) == []


@pytest.mark.parametrize("place", ["/home/{}/rx", "/Users/{}/a", "C:\\Users\\{}\\a", "/{}/rx"])
def test_a_path_of_a_machine_is_noticed(place):
    assert HOME.search(f'open("{place.format("root")}")')


@pytest.mark.parametrize("place", ["$HOME/home/{}/x", "tests/home/{}/x", "GET /homes/{}", "~/.cache/{}/x"])
def test_other_paths_are_left_alone(place):
    assert not HOME.search(place.format("root"))


def test_which_python_is_left_to_the_machine(checkout):
    assert not (checkout / ".python-version").exists()


def test_there_is_one_configuration_file(ours):
    others = "setup.cfg setup.py tox.ini pytest.ini mypy.ini .mypy.ini ruff.toml .ruff.toml .coveragerc"
    others += " .importlinter .pre-commit-config.yaml noxfile.py justfile Makefile uv.toml uv.lock"
    assert [path.name for path in ours if path.name in others.split()] == []


def test_texts_end_with_a_newline_and_have_no_byte_order_mark(texts):
    # What others published stays byte for byte as they published it: vendor.json has the hashes.
    written = {path: text for path, text in texts.items() if "vendor" not in path.parts}
    ragged = [str(path) for path, text in written.items() if text and not text.endswith("\n")]
    marked = [str(path) for path, text in texts.items() if text.startswith("\ufeff")]
    assert (ragged, marked) == ([], [])


def test_an_old_python_can_read_the_bootstrap(checkout):
    ast.parse((checkout / "rx").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_each_exception_from_the_style_has_a_reason(checkout):
    text = (checkout / "pyproject.toml").read_text(encoding="utf-8")
    lint = tomllib.loads(text)["tool"]["ruff"]["lint"]
    lines = [line.strip() for line in text.splitlines()]
    exceptions = [f'"{rule}",' for rule in lint["ignore"]]
    exceptions += [line for line in lines for path in lint["per-file-ignores"] if line.startswith(f'"{path}" = [')]
    assert len(exceptions) == len(lint["ignore"]) + len(lint["per-file-ignores"])
    assert [rule for rule in exceptions if not lines[lines.index(rule) - 1].startswith("#")] == []
