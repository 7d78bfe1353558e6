"""The process beside the county: what keeps an edition from being published, and that it ends with its parent."""

import os
import signal
import subprocess
import sys
import time
from datetime import date

import pytest

from rx_review.demo.beside import Beside, Library
from rx_review.demo.founding import found_county
from rx_review.demo.ground import lay_ground
from rx_review.errors import LibraryError

pytestmark = pytest.mark.timeout(120)

DAY = date(2026, 11, 20)


def test_an_edition_that_is_not_fit_is_said_with_its_faults(tmp_path):
    rules, formulary = tmp_path / "rules", tmp_path / "formulary"
    rules.mkdir()
    formulary.mkdir()
    (rules / "one.yaml").write_text("rule: [")
    (tmp_path / "county").mkdir()
    ground = lay_ground(tmp_path / "county")
    try:
        with Beside(ground.folder, Library(rules, formulary, None)) as beside:
            found_county(ground, DAY)
            published = beside.publish("0" * 64, DAY)
            with pytest.raises(LibraryError) as refused:
                published()
            replayed, checked = beside.finish()
            # It goes on, in a county that has decided nothing.
            assert (replayed().reviews, checked().reviews) == (0, 0)
            assert checked().whole
    finally:
        ground.database.close()
    assert any("one.yaml" in fault.where for fault in refused.value.faults)


STARTS = """
import sys, time
from pathlib import Path
from rx_review.demo.beside import Beside, Library

if __name__ == "__main__":
    where = Path(sys.argv[1])
    with Beside(where, Library(where, where, None)) as beside:
        beside._followed[0].result()
        print(*beside._pool._processes, flush=True)
        time.sleep(100)
"""


def test_it_does_not_outlive_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "starts.py"
    script.write_text(STARTS)
    with subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE) as parent:
        try:
            beside = int(parent.stdout.readline())
            # Ctrl-C in a terminal reaches both, and is for the parent.
            os.kill(beside, signal.SIGINT)
            time.sleep(0.5)
            assert runs(beside)
        finally:
            parent.kill()
    deadline = time.monotonic() + 20
    while runs(beside):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether it does something yet: one that ended may wait to be collected."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
