"""The command as a process of its own: what only a real one can show."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from tests.cli.conftest import tablets
from tests.shipped import shipped_edition


@pytest.fixture
def command(folders, checkout, county):
    """Start `python -m rx_review` over the county's folders."""

    def start(*words: str, **settings: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "rx_review", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(checkout / "src"), **settings},
        )

    return start


@pytest.fixture
def many(tmp_path) -> str:
    """A file of so many sheets that no pipe holds their answers."""
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"".join(tablets(f"N{number}", 31) for number in range(300)))
    return str(path)


@pytest.mark.parametrize("words", [["--json"], []])
def test_a_reader_that_goes_away_is_no_fault(command, many, words):
    with command("review", many, *words) as process:
        process.stdin.close()
        assert b"N0" in process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(30)
    assert said == b""
    # 1 would mean that --fail-on was reached; ended by SIGPIPE, as any filter is.
    assert code in (0, -signal.SIGPIPE)


def test_a_command_called_within_a_process_leaves_its_signals_as_they_were(run):
    before = {each: signal.getsignal(each) for each in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM)}
    assert run("rules", "list").code == 0
    assert {each: signal.getsignal(each) for each in before} == before


def test_an_answer_comes_before_the_next_sheet_is_sent(command):
    with command("review", "-", "--json") as process:
        # Enough to pass any buffer: the answer may not wait for the end of input.
        process.stdin.write(b"".join(tablets(f"N{number}", 31) for number in range(60)))
        process.stdin.flush()
        assert process.stdout.readline().startswith(b'{"prescription":"N0"')
        process.stdin.close()
        process.stdout.read()
        assert process.wait(30) == 0


def test_output_is_utf_8_whatever_the_locale(command):
    with command("review", "-", "--json", LC_ALL="C", PYTHONIOENCODING="", PYTHONUTF8="0", LANG="C") as process:
        out, err = process.communicate(tablets("A", 31), timeout=30)
    assert process.returncode == 0, err
    assert "31 日" in out.decode("utf-8")


def test_codes_are_those_of_the_process(command, tmp_path):
    for words, settings, code in (
        (("review", "-", "--fail-on", "note"), {}, 1),
        (("review", str(tmp_path / "missing")), {}, 2),
        (("review", "-"), {"RX_RULES_DIR": "/no/such/place"}, 3),
    ):
        with command(*words, **settings) as process:
            _, err = process.communicate(tablets("A", 31), timeout=30)
        assert process.returncode == code, err
        assert b"Traceback" not in err


SHEET = tablets("A", 7).replace(b'"C1"', b'"SAMPLE-C01"')


def reviewed(command, **settings: str) -> float:
    """The seconds that it takes to start and to review one sheet."""
    began = time.perf_counter()
    with command("review", "-", "--json", **settings) as process:
        out, err = process.communicate(SHEET, timeout=60)
    assert process.returncode == 0, err
    assert out.startswith(b'{"prescription":"A"')
    return time.perf_counter() - began


def test_the_shipped_rules_review(command, checkout):
    shipped_edition()
    reviewed(command, RX_RULES_DIR=str(checkout / "rules"), RX_FORMULARY_DIR=str(checkout / "formulary"))


def test_shipped_rules_start_faster_the_second_time(command, checkout, tmp_path):
    # A part of them: to read all takes long, and only a greater difference would be seen.
    shutil.copytree(checkout / "rules" / "controlled", tmp_path / "rules" / "controlled")
    settings = {
        "RX_RULES_DIR": str(tmp_path / "rules"),
        "RX_FORMULARY_DIR": str(checkout / "formulary"),
        "RX_CACHE_DIR": str(tmp_path / "cache"),
    }
    first, second = (reviewed(command, **settings) for _ in range(2))
    assert second < first / 2
