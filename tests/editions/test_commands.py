"""`rx edition` as somebody uses it who has only the help: keys, two signatures, a check, a file, a comparison."""

import json
import shutil
import stat

import pytest
from tests.editions.conftest import RULE_FILE

from rx_review.library.edition import digest_of


@pytest.fixture
def people(run, tmp_path):
    """Keys of two people, made by the command."""
    for name, file in (("王药师", "wang.pem"), ("李药师", "li.pem")):
        assert run("keygen", name, "--out", tmp_path / file).code == 0
    return tmp_path


@pytest.fixture
def signed(run, people, bundle):
    """Statements of both about the edition, and the words that verify takes for them."""
    words = []
    for name, file in (("王药师", "wang"), ("李药师", "li")):
        told = run("sign", bundle, "--person", name, "--key", people / f"{file}.pem", "--out", people / f"{file}.json")
        assert (told.code, told.err) == (0, "")
        words += ["--statement", people / f"{file}.json", "--public", people / f"{file}.pem.pub"]
    return words


def name_of(bundle):
    return f"sha256:{digest_of(bundle / 'rules', bundle / 'formulary')}"


def test_two_people_sign_and_a_third_verifies(run, bundle, signed):
    told = run("verify", bundle, *signed)
    assert (told.code, told.err) == (0, "")
    for said in ("王药师", "李药师", "签名有效 the signatures hold", name_of(bundle)):
        assert said in told.out


def test_the_packed_file_is_verified_like_the_folder(run, bundle, signed, tmp_path):
    told = run("pack", bundle, "--out", tmp_path / "edition.tar.bz2")
    assert (told.code, told.err) == (0, "")
    assert name_of(bundle) in told.out
    assert run("verify", tmp_path / "edition.tar.bz2", *signed).code == 0
    again = run("pack", tmp_path / "edition.tar.bz2", "--out", tmp_path / "again.tar.bz2")
    assert again.code == 0
    assert (tmp_path / "again.tar.bz2").read_bytes() == (tmp_path / "edition.tar.bz2").read_bytes()


def test_a_packed_file_can_be_signed(run, bundle, people):
    assert run("pack", bundle, "--out", people / "e.tar.bz2").code == 0
    told = run("sign", people / "e.tar.bz2", "--person", "王药师", "--key", people / "wang.pem")
    assert (told.code, told.err) == (0, "")
    (statement,) = (people / "desk").glob("statement-*.json")
    assert statement.name in told.out
    assert f"sha256:{json.loads(statement.read_text(encoding='utf-8'))['digest']}" == name_of(bundle)


def test_a_key_says_where_it_is_and_what_to_do_with_it(run, tmp_path):
    told = run("keygen", "王药师", "--out", tmp_path / "wang.pem")
    assert (told.code, told.err) == (0, "")
    for said in ("王药师", "sha256:", "wang.pem.pub", "never give it away", "只由本人保管"):
        assert said in told.out
    assert stat.S_IMODE((tmp_path / "wang.pem").stat().st_mode) == 0o600
    again = run("keygen", "王药师", "--out", tmp_path / "wang.pem")
    assert (again.code, again.out) == (2, "")
    assert "there already" in again.err


def test_one_signature_is_not_enough(run, bundle, signed):
    told = run("verify", bundle, *signed[:4])
    assert (told.code, told.out) == (1, "")
    assert "需 2 人签名，现有 1 人" in told.err
    assert "1 of 2 people have signed" in told.err


def test_the_same_statement_twice_is_not_enough(run, bundle, signed):
    told = run("verify", bundle, *signed[:4], *signed[:2])
    assert told.code == 1
    assert "the same person signed twice" in told.err


def test_a_signer_whose_public_key_was_not_given(run, bundle, signed):
    told = run("verify", bundle, *signed[:4], *signed[4:6])
    assert told.code == 1
    assert "no key of this person is known" in told.err


def test_an_edition_that_was_changed_after_signing(run, bundle, signed):
    path = bundle / RULE_FILE
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    told = run("verify", bundle, *signed)
    assert told.code == 1
    assert told.err.count("is about the edition") == 2


def test_a_statement_that_was_changed_after_signing(run, bundle, signed, people):
    tree = json.loads((people / "li.json").read_text(encoding="utf-8"))
    (people / "li.json").write_text(json.dumps({**tree, "at": "2026-01-01T00:00:00+08:00"}), encoding="utf-8")
    told = run("verify", bundle, *signed)
    assert told.code == 1
    assert "the signature does not hold" in told.err


def test_a_broken_rule_is_not_signed_and_every_fault_is_told(run, bundle, people):
    path = bundle / RULE_FILE
    text = path.read_text(encoding="utf-8")
    text = text.replace("remedies: [reduce", "remedies: [increase").replace("says: 15 日", "says: 16 日")
    path.write_text(text, encoding="utf-8")
    told = run("sign", bundle, "--person", "王药师", "--key", people / "wang.pem", "--out", people / "s.json")
    assert (told.code, told.out) == (2, "")
    assert "is no remedy" in told.err
    assert "says 15 日" in told.err
    assert not (people / "s.json").exists()


def test_a_statement_is_never_written_over_a_file(run, bundle, people):
    key = people / "wang.pem"
    before = key.read_bytes()
    told = run("sign", bundle, "--person", "王药师", "--key", key, "--out", key)
    assert (told.code, told.out) == (2, "")
    assert "there already" in told.err
    assert key.read_bytes() == before
    assert run("sign", bundle, "--person", "王药师", "--key", key).code == 0
    again = run("sign", bundle, "--person", "王药师", "--key", key)
    assert again.code == 2
    assert "there already" in again.err


def test_nobody_signs_with_the_key_of_another(run, bundle, people):
    told = run("sign", bundle, "--person", "李药师", "--key", people / "wang.pem", "--out", people / "s.json")
    assert told.code == 2
    assert "the key of 王药师, not of 李药师" in told.err
    assert not (people / "s.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("keygen", "", "--out", "k"), "is no name of a person"),
        (("keygen", "王药师 ", "--out", "k"), "is no name of a person"),
        (("keygen", "王药师", "--out", "{top}"), "there already"),
        (("sign", "{bundle}", "--person", "王药师", "--key", "none.pem"), "none.pem: No such file"),
        (("sign", "{bundle}", "--person", "王药师", "--key", "{top}/wang.pem.pub"), "others may read"),
        (("sign", "none", "--person", "王药师", "--key", "{top}/wang.pem"), "none: No such file"),
        (("sign", "{top}", "--person", "王药师", "--key", "{top}/wang.pem"), "holds no folder rules"),
        (("sign", "{bundle}/rules", "--person", "王药师", "--key", "{top}/wang.pem"), "holds no folder formulary"),
        (("sign", "{top}/wang.pem", "--person", "王药师", "--key", "{top}/wang.pem"), "damaged, or no archive"),
        (("verify", "{bundle}", "--statement", "{top}/wang.pem", "--public", "{top}/wang.pem.pub"), "not JSON"),
        (("verify", "{bundle}", "--statement", "none", "--public", "{top}/wang.pem.pub"), "none: No such file"),
        (("verify", "{bundle}", "--statement", "{top}/wang.pem", "--public", "{top}/wang.pem"), "Ed25519 public key"),
        (("pack", "{top}", "--out", "e"), "holds no folder rules"),
        (("pack", "none", "--out", "e"), "none: No such file"),
        (("diff", "{bundle}", "none"), "none: No such file"),
        (("diff", "{bundle}", "{top}"), "holds no folder"),
    ],
)
def test_what_cannot_be_read_is_named(run, people, bundle, words, said):
    before = sorted(people.rglob("*"))
    told = run(*(word.format(top=people, bundle=bundle) for word in words))
    assert (told.code, told.out) == (2, "")
    assert said in told.err
    assert sorted(people.rglob("*")) == before


@pytest.mark.parametrize("command", ["keygen", "sign", "verify", "pack", "diff"])
def test_a_word_that_is_missing_is_asked_for(run, command):
    told = run(command)
    assert told.code == 2
    assert "Missing" in told.err


def test_another_key_of_the_same_person(run, bundle, signed, people):
    assert run("keygen", "王药师", "--out", people / "second.pem").code == 0
    told = run("verify", bundle, *signed, "--public", people / "second.pem.pub")
    assert told.code == 2
    assert "another key of 王药师" in told.err


def test_a_file_that_cannot_be_written(run, bundle, people):
    told = run("pack", bundle, "--out", people / "none" / "e.tar.bz2")
    assert (told.code, told.out) == (3, "")
    assert "check folder and rights" in told.err
    (people / "below" / "taken").mkdir(parents=True)
    told = run("pack", bundle, "--out", people / "below" / "taken")
    assert told.code == 3
    assert [path.name for path in (people / "below").iterdir()] == ["taken"]


def test_an_edition_that_does_not_hold_together_is_not_packed(run, bundle, tmp_path):
    (bundle / "formulary" / "units.csv").unlink()
    told = run("pack", bundle, "--out", tmp_path / "e.tar.bz2")
    assert (told.code, told.out) == (2, "")
    assert "units.csv: the table is missing" in told.err
    assert not (tmp_path / "e.tar.bz2").exists()


@pytest.fixture
def after(bundle, tmp_path):
    """A second edition: one rule decides otherwise, a unit is gone."""
    top = tmp_path / "after"
    shutil.copytree(bundle, top)
    path = top / RULE_FILE
    path.write_text(path.read_text(encoding="utf-8").replace("over: 14", "over: 13"), encoding="utf-8")
    units = (top / "formulary" / "units.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in units if not line.startswith("kg,")]
    assert len(kept) == len(units) - 1
    (top / "formulary" / "units.csv").write_text("".join(kept), encoding="utf-8")
    return top


def test_two_editions_are_compared_for_people(run, bundle, after):
    told = run("diff", bundle, after)
    assert (told.code, told.err) == (0, "")
    for said in (name_of(bundle), name_of(after), "RX-QTY-901  判定有变 decides otherwise  [when]", "超十四日",
                 "units", "+0  -1  ~0"):  # fmt: skip
        assert said in told.out
    same = run("diff", bundle, bundle)
    assert (same.code, "同一版本 the same edition" in same.out) == (0, True)


def test_two_editions_are_compared_for_programs(run, bundle, after, tmp_path):
    assert run("pack", after, "--out", tmp_path / "after.tar.bz2").code == 0
    told = json.loads(run("diff", bundle, tmp_path / "after.tar.bz2", "--json").out)
    assert set(told) == {"before", "after", "rules", "parameters", "tables", "sites"}
    assert (told["before"], told["after"]) == (name_of(bundle), name_of(after))
    (rule,) = told["rules"]
    assert (rule["id"], rule["how"], rule["fields"]) == ("RX-QTY-901", "version", ["when"])
    assert len(set(rule["version"])) == 2
    assert told["tables"] == {"units": {"added": 0, "removed": 1, "changed": 0}}
    assert (told["parameters"], told["sites"]) == ([], [])


def test_a_broken_edition_is_named_in_a_comparison(run, bundle, after):
    (after / "formulary" / "units.csv").unlink()
    told = run("diff", bundle, after)
    assert (told.code, told.out) == (2, "")
    assert f"{after}: units.csv: the table is missing" in told.err
