"""`rx audit verify`, in a process of its own, as an auditor without the database calls it."""

import json
import subprocess
import sys

import pytest
from tests.audit.conftest import COUNTY, chain_of

from rx_review.audit import new_signer, write_checkpoint, write_public_key

# The command as it is mounted: `audit` below the words of rx.
CALL = """
import typer
from rx_review.cli import app, main
from rx_review.cli.audit import app as audit
if "audit" not in [group.name for group in app.registered_groups]:
    app.add_typer(audit, name="audit")
main()
"""


@pytest.fixture
def desk(tmp_path, signer):
    """What an auditor was handed: an export, the county's key, a checkpoint from a member."""
    chain = chain_of(signer)
    (tmp_path / "export.jsonl").write_bytes(chain.export())
    (tmp_path / "short.jsonl").write_bytes(chain.export(chain.parts[:2]))
    write_public_key(tmp_path / "county.pem", signer.verifier)
    write_public_key(tmp_path / "other.pem", new_signer().verifier)
    (tmp_path / "kept.txt").write_text(write_checkpoint(chain.parts[2][0]), encoding="utf-8")
    return tmp_path


def call(desk, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess:
    done = subprocess.run(
        [sys.executable, "-c", CALL, "audit", "verify", *words], cwd=desk, input=stdin, capture_output=True, timeout=60
    )
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def test_a_whole_export_says_where_it_ends_and_what_that_does_not_show(desk):
    done = call(desk, "export.jsonl", "--key", "county.pem")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{COUNTY} · 审计链完整" in done.stdout
    assert "封条 4 个，记录 8 条" in done.stdout
    assert "其中 1 条仅存摘要" in done.stdout
    assert "链尾：2026-11-22T08:00:04.000000+08:00 的第 4 号封条，至第 8 条记录" in done.stdout
    assert "请与他处保存的检查点核对" in done.stdout


def test_the_same_in_english(desk):
    done = call(desk, "export.jsonl", "--key", "county.pem", "--lang", "en")
    assert "the chain is whole" in done.stdout
    assert "end of the chain: seal 4 of 2026-11-22T08:00:04.000000+08:00" in done.stdout
    assert "cannot show whether its end was cut off; compare it with a checkpoint kept elsewhere" in done.stdout


def test_a_checkpoint_proves_as_far_as_it_goes(desk):
    done = call(desk, "export.jsonl", "--key", "county.pem", "--checkpoint", "kept.txt")
    assert done.returncode == 0
    assert "与检查点相符至第 3 号封条" in done.stdout


def test_a_cut_export_is_exposed_by_the_checkpoint_alone(desk):
    assert call(desk, "short.jsonl", "--key", "county.pem").returncode == 0
    done = call(desk, "short.jsonl", "--key", "county.pem", "--checkpoint", "kept.txt")
    assert done.returncode == 1
    assert "审计链不完整：发现 1 处问题" in done.stdout
    assert "截去封条 1 个" in done.stderr


def test_a_tampered_export_ends_with_one_and_names_the_line(desk):
    path = desk / "export.jsonl"
    path.write_bytes(path.read_bytes().replace("张药师".encode(), "李药师".encode(), 1))
    done = call(desk, "export.jsonl", "--key", "county.pem")
    assert done.returncode == 1
    assert "export.jsonl:3：记录 1 与其摘要不符" in done.stderr
    done = call(desk, "export.jsonl", "--key", "county.pem", "--lang", "en")
    assert "export.jsonl:3: entry 1 does not give its digest" in done.stderr


def test_another_key_is_not_the_county(desk):
    done = call(desk, "export.jsonl", "--key", "other.pem")
    assert done.returncode == 1
    assert "由其他密钥签名" in done.stderr
    assert call(desk, "export.jsonl", "--key", "other.pem", "--key", "county.pem").returncode == 0


def test_other_programs_read_json_from_standard_input(desk):
    data = (desk / "short.jsonl").read_bytes()
    done = call(desk, "-", "--key", "county.pem", "--checkpoint", "kept.txt", "--json", stdin=data)
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert (told["whole"], told["seals"], told["entries"], told["last"]["seal"]) == (False, 2, 3, 2)
    assert [set(fault) for fault in told["faults"]] == [{"where", "what", "do", "zh"}]
    done = call(desk, "export.jsonl", "--key", "county.pem", "--json")
    assert json.loads(done.stdout)["faults"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("none.jsonl", "--key", "county.pem"),
        ("county.pem", "--key", "county.pem"),
        (".", "--key", "county.pem"),
        ("export.jsonl", "--key", "none.pem"),
        ("export.jsonl", "--key", "export.jsonl"),
        ("export.jsonl", "--key", "county.pem", "--checkpoint", "none.txt"),
        ("export.jsonl", "--key", "county.pem", "--checkpoint", "county.pem"),
        ("export.jsonl", "--key", "county.pem", "--checkpoint", "gbk.txt"),
        ("export.jsonl", "--key", "county.pem", "--lang", "fr"),
        ("export.jsonl",),
    ],
)
def test_what_cannot_be_read_ends_with_two(desk, words):
    (desk / "gbk.txt").write_bytes((desk / "kept.txt").read_text(encoding="utf-8").encode("gb18030"))
    done = call(desk, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_chain_says_so(desk, signer):
    (desk / "empty.jsonl").write_bytes(chain_of(signer).export([]))
    done = call(desk, "empty.jsonl", "--key", "county.pem")
    assert done.returncode == 0
    assert "尚无封条" in done.stdout


def test_a_flood_of_faults_is_said_to_be_one(desk, signer):
    chain = chain_of(signer)
    one = chain.parts[0][1][0]
    (desk / "flood.jsonl").write_bytes(chain.export([(chain.parts[0][0], [one] * 80)]))
    done = call(desk, "flood.jsonl", "--key", "county.pem")
    assert "发现 50 处以上问题，未读完" in done.stdout
    assert len(done.stderr.splitlines()) == 50
