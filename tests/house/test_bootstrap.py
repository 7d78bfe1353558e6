"""./rx makes the environment once, whatever interrupts it, and then stays out of the way.

It runs here in a checkout of its own, with a `uv` that installs nothing but what the test needs.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

LOCK = "durable-rules==2.0.28 \\\n    --hash=sha256:00\nrich==15.0.0 \\\n    --hash=sha256:00\n"
UV = """#!/bin/sh
echo "$*" >> "$CALLS"
[ -z "$UV_SAYS" ] || { echo "$UV_SAYS" >&2; exit 1; }
sleep "${UV_SLEEPS:-0}"
for site in "$RX_HERE"/.venv/lib/python3*/site-packages; do echo > "$site/durable_rules_engine.py"; done
"""
MAIN = "import sys\nprint('told', sys.argv[1:])\nsys.exit(7 if 'seven' in sys.argv else 0)\n"


@pytest.fixture
def desk(checkout, tmp_path):
    """A checkout with ./rx, a lock, a program, and a uv."""
    here = tmp_path / "药 房"
    package = here / "src" / "rx_review"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(MAIN)
    (here / "requirements.lock").write_text(LOCK)
    shutil.copy(checkout / "rx", here)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").write_text(UV)
    (tmp_path / "bin" / "uv").chmod(0o755)
    (tmp_path / "calls").touch()
    return here


def settings(desk, **more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RX_")}
    path = f"{desk.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "CALLS": str(desk.parent / "calls"), "RX_HERE": str(desk), **more}


def rx(desk, *words, **more):
    command = [sys.executable, str(desk / "rx"), *words]
    return subprocess.run(command, env=settings(desk, **more), capture_output=True, text=True, check=False)


def started(desk, **more):
    command = [sys.executable, str(desk / "rx"), "review"]
    pipe = subprocess.PIPE
    # A runner in the background ignores Ctrl-C, and so would what it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, env=settings(desk, **more), stdout=pipe, stderr=pipe, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def calls(desk):
    return (desk.parent / "calls").read_text().count("pip install")


def test_the_command_gets_its_words_and_gives_its_exit_code(desk):
    first = rx(desk, "review", "a b", "seven")
    assert (first.returncode, first.stdout) == (7, "told ['review', 'a b', 'seven']\n")
    assert "setting up" in first.stderr


def test_the_second_call_installs_nothing_and_says_nothing(desk):
    rx(desk, "review")
    installed = calls(desk)
    second = rx(desk, "review")
    assert (second.stdout, second.stderr) == ("told ['review']\n", "")
    assert calls(desk) == installed == 2


def test_alone_it_shows_the_help_and_mentions_the_tests(desk):
    assert rx(desk).stdout == rx(desk, "--help").stdout
    assert "./rx test" in rx(desk).stdout
    assert "told ['--help']" in rx(desk).stdout


def test_another_lock_makes_another_environment(desk):
    rx(desk, "review")
    (desk / "requirements.lock").write_text(LOCK.replace("15.0.0", "15.0.1"))
    assert "setting up" in rx(desk, "review").stderr


def test_a_moved_checkout_makes_another_environment(desk):
    rx(desk, "review")
    moved = desk.rename(desk.with_name("moved"))
    again = rx(moved, "review")
    assert "setting up" in again.stderr
    assert again.returncode == 0


def test_two_first_calls_at_once_install_once(desk):
    both = [started(desk, UV_SLEEPS="0.3") for _ in range(2)]
    answers = [call.communicate(timeout=60)[0] for call in both]
    assert answers == ["told ['review']\n"] * 2
    assert calls(desk) == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_set_up_is_done_again(desk, how):
    call = started(desk, UV_SLEEPS="1")
    while not calls(desk) and call.poll() is None:
        time.sleep(0.02)
    call.send_signal(how)
    call.communicate(timeout=60)
    assert call.returncode == (130 if how == signal.SIGINT else -how)
    again = rx(desk, "review")
    assert again.stdout == "told ['review']\n"
    assert "setting up" in again.stderr


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("error: command 'gcc' failed: No such file or directory", "gcc"),
        ("fatal error: Python.h: No such file or directory", "python3-dev"),
        ("error: error sending request for url", "mirror"),
        ("Hash mismatch for rich", "another mirror"),
        ("something unheard of", "call again"),
    ],
)
def test_a_set_up_that_fails_says_what_to_do(desk, said, advice):
    failed = rx(desk, "review", UV_SAYS=said)
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert said in failed.stderr
    assert advice in failed.stderr
    assert ".venv.log" in failed.stderr
    assert rx(desk, "review").returncode == 0


def test_a_python_that_does_not_run_is_named(desk):
    failed = rx(desk, "review", RX_PYTHON="python9")
    assert failed.returncode == 1
    assert "python9: does not run" in failed.stderr
