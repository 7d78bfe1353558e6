"""`rx demo` as a stranger runs it, in a process of its own: its page, its service, and what it refuses."""

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from typing import NamedTuple

import pytest
from rich.cells import cell_len

# A county in half a minute where the machine is idle.
pytestmark = pytest.mark.timeout(300)

COUNT = 60


def command(*arguments):
    return [sys.executable, "-m", "rx_review", "demo", *map(str, arguments)]


def refused(*arguments):
    ended = subprocess.run(command(*arguments), capture_output=True, timeout=120)
    return ended.returncode, ended.stderr.decode()


class Ran(NamedTuple):
    """A demonstration that was served and ended with Ctrl-C."""

    page: str
    prescriptions: int
    session: dict
    code: int
    said: str
    folder: object


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run: the page is read, both kinds of secrets are used, then Ctrl-C."""
    folder = tmp_path_factory.mktemp("demo") / "county"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder.parent / "stderr"
    arguments = command("--prescriptions", COUNT, "--port", port, "--folder", folder)
    with log.open("wb") as err, subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=err) as running:
        page = ""
        try:
            for line in running.stdout:
                page += line.decode()
                if "Ctrl-C" in page:
                    break
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/readyz", running)
            items = listed(address, re.search(r"his +(\S+) +prescriber", page)[1])
            session = logged_in(address, re.search(r"p001 +(\S+) +pharmacist", page)[1])
        finally:
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=60)
    return Ran(page, len(items), session, running.returncode, log.read_text(), folder)


def wait_for(url, running):
    for _ in range(1_000):
        assert running.poll() is None
        try:
            with urllib.request.urlopen(url) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the service did not come up")


def listed(address, secret):
    """Every prescription that the HIS sees, with the token that its secret gets."""
    form = f"grant_type=client_credentials&client_id=his&client_secret={secret}".encode()
    with urllib.request.urlopen(f"{address}/v1/token", form) as answer:
        token = json.load(answer)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    asked = urllib.request.Request(f"{address}/v1/prescriptions?limit=200", headers=headers)
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)["items"]


def logged_in(address, password):
    body = json.dumps({"name": "p001", "password": password}).encode()
    asked = urllib.request.Request(f"{address}/v1/sessions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)


def test_the_page_counts_every_sheet_of_the_day(ran):
    total = re.search(r"  合计 +(.+)", ran.page)[1].split()
    assert total[0] == str(COUNT)
    assert sum(map(int, total[1:])) == COUNT
    midnight = re.search(r"当日 24 时：(.+)", ran.page)[1]
    assert sum(map(int, re.findall(r"\d+", midnight))) == COUNT


def test_the_page_says_that_the_chain_is_whole_and_every_decision_was_made_again(ran):
    assert "链完整，与数据库一致" in ran.page
    made, of = re.search(r"重放 ([\d,]+)/([\d,]+) 个", ran.page).groups()
    assert made == of
    database = sqlite3.connect(ran.folder / "rx-review.sqlite3")
    stored = database.execute("SELECT count(*) FROM review").fetchone()[0]
    database.close()
    assert int(of.replace(",", "")) == stored > COUNT


def test_the_page_fits_eighty_columns_and_names_no_patient(ran):
    assert max(cell_len(line) for line in ran.page.splitlines() if str(ran.folder) not in line) <= 80
    assert not re.search(r"某|999999\d{11}|P\d{8}", ran.page)


def test_who_was_printed_is_let_in(ran):
    assert ran.prescriptions >= COUNT
    assert ran.session["person"] == "P001"
    assert ran.session["roles"] == ["pharmacist"]


def test_ctrl_c_ends_it_and_says_where_the_folder_is(ran):
    assert ran.code == 0
    assert f"RX_DATA_DIR={ran.folder}" in ran.said
    assert (ran.folder / "rx-review.sqlite3").exists()


def test_a_folder_that_is_not_empty_stays_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    code, said = refused("--no-serve", "--folder", tmp_path)
    assert code == 2
    assert "the folder is not empty" in said
    assert "目录非空" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_port_in_use_is_said_before_anything_is_made(tmp_path):
    folder = tmp_path / "new"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = refused("--port", taken.getsockname()[1], "--folder", folder)
    assert code == 3
    assert "cannot listen there" in said
    assert "无法监听" in said
    assert not folder.exists()


def test_a_language_that_nobody_wrote_is_refused(tmp_path):
    code, said = refused("--no-serve", "--lang", "fr")
    assert code == 2
    assert "use zh or en" in said
