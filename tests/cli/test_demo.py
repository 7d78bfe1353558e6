"""`rx demo` as a stranger runs it, in a process of its own, and what it refuses."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

SMALL = ["--prescriptions", "60", "--seed", "7"]


def command(*arguments):
    return [sys.executable, "-m", "rx_review", "demo", *arguments]


@pytest.fixture(scope="module")
def two_runs():
    """The same seed twice, at once, in both languages."""
    both = [
        subprocess.Popen(command("--no-serve", *SMALL, "--lang", lang), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for lang in ("zh", "en")
    ]
    ended = [(*each.communicate(timeout=110), each.returncode) for each in both]
    assert [code for *_, code in ended] == [0, 0], ended
    return [out.decode() for out, _, _ in ended]


def test_the_same_seed_comes_to_the_same_verdicts(two_runs):
    zh, en = two_runs
    table_zh = [
        line.split()[1:] for line in zh.splitlines() if line.startswith(("  县级", "  乡镇", "  村卫", "  合计"))
    ]
    table_en = [line.split()[1:] for line in en.splitlines() if re.match(r"  (county|township|village|all) ", line)]
    assert table_zh == table_en
    assert table_zh[-1][0] == "60"
    assert sum(map(int, table_zh[-1][1:])) == 60


def test_the_page_says_that_the_chain_is_whole_and_every_decision_was_made_again(two_runs):
    zh, _ = two_runs
    assert "链完整，与数据库一致" in zh
    made, of = re.search(r"重放 ([\d,]+)/([\d,]+) 个", zh).groups()
    assert made == of
    assert int(of) > 60


def test_the_page_fits_eighty_columns_and_names_nobody(two_runs):
    from rich.cells import cell_len

    for page in two_runs:
        assert max(map(cell_len, page.splitlines())) <= 80
        assert not re.search(r"某|999999\d{11}|P\d{8}", page)


def test_a_folder_that_is_not_empty_stays_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    ended = subprocess.run(command("--no-serve", "--folder", str(tmp_path)), capture_output=True, timeout=60)
    assert ended.returncode == 2
    said = ended.stderr.decode()
    assert "the folder is not empty" in said
    assert "目录非空" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_no_folder(tmp_path):
    file = tmp_path / "file"
    file.touch()
    ended = subprocess.run(command("--no-serve", "--folder", str(file)), capture_output=True, timeout=60)
    assert ended.returncode == 2
    assert "not a folder" in ended.stderr.decode()


def test_a_port_in_use_is_said_before_anything_is_made(tmp_path):
    folder = tmp_path / "new"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run(command("--port", port, "--folder", str(folder)), capture_output=True, timeout=60)
    assert ended.returncode == 3
    said = ended.stderr.decode()
    assert "cannot listen there" in said
    assert "无法监听" in said
    assert not folder.exists()


def test_the_service_lets_in_who_was_printed_and_a_given_folder_is_kept(tmp_path):
    folder = tmp_path / "county"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = command("--prescriptions", "12", "--port", str(port), "--folder", str(folder), "--lang", "en")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/readyz", running)
            printed = b""
            while b"till " not in printed:
                printed += running.stdout.readline()
            secret = re.search(rb"his +(\S+) +prescriber", printed)[1].decode()
            password = re.search(rb"p001 +(\S+) +pharmacist", printed)[1].decode()
            body = f"grant_type=client_credentials&client_id=his&client_secret={secret}".encode()
            with urllib.request.urlopen(f"{address}/v1/token", body) as answer:
                token = json.load(answer)["access_token"]
            asked = urllib.request.Request(
                f"{address}/v1/prescriptions?limit=50", headers={"Authorization": f"Bearer {token}"}
            )
            with urllib.request.urlopen(asked) as answer:
                assert len(json.load(answer)["items"]) >= 12
            login = urllib.request.Request(
                f"{address}/v1/sessions",
                json.dumps({"name": "p001", "password": password}).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(login) as answer:
                assert answer.status == 201
        finally:
            running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=40)
        assert running.returncode == 0, err
        assert f"RX_DATA_DIR={folder}".encode() in err
    assert (folder / "rx-review.sqlite3").exists()


def _wait_for(url, running):
    for _ in range(1_000):
        assert running.poll() is None, running.stderr.read()
        try:
            with urllib.request.urlopen(url) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the service did not come up")
