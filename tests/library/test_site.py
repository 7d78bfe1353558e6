"""A profile says everything or is refused: by file, line and key, with what to do."""

import pytest

from rx_review.errors import LibraryError
from rx_review.library.site import CARRIED
from rx_review.library.site_dates import date_pattern
from rx_review.library.site_reader import read_sites

GOOD = f"""\
name: small
title: {{zh: 小, en: small}}
encoding: auto
form: rows
rows: {{as: csv, sheet: [号]}}
dates: [YYYY-MM-DD HH:mm, YYYY-MM-DD]
unknown: ["-", 不详]
zero_is_unknown: [lines.dose]
fields:
  number: {{from: 号}}
  issued_at: {{from: 时间}}
  setting: {{from: 类型, values: {{1: outpatient}}}}
  patient.sex: {{from: 性别, values: {{男: male, 女: female}}}}
diagnoses:
  - fields: {{text: {{from: 诊断, split: "；"}}}}
lines:
  fields:
    generic: {{from: 药}}
    dose: {{from: 量}}
    skin_test: {{from: 皮试, values: {{阴: negative}}, none: [无]}}
lacks: [{", ".join(sorted(CARRIED - {"skin_test"}))}]
"""


@pytest.fixture
def write(tmp_path):
    """Write the profile with something replaced, and read the folder."""
    (tmp_path / "sites").mkdir()

    def call(old: str = "", new: str = "", name: str = "small.yaml"):
        assert old in GOOD
        (tmp_path / "sites" / name).write_text(GOOD.replace(old, new), encoding="utf-8")
        return read_sites(tmp_path)

    return call


def test_a_good_profile_is_read(write):
    site = write()["small"]
    assert site.rows.sheet == ("号",)
    assert site.fields["setting"].values == {"1": "outpatient"}
    assert site.lines.fields["generic"].from_ == ("药",)
    assert site.columns == {"号", "时间", "类型", "性别", "诊断", "药", "量", "皮试"}
    assert "skin_test" not in site.lacks


def test_no_folder_no_profiles(tmp_path):
    assert read_sites(tmp_path) == {}


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("name: small\n", "name: other\n", 1, "name is other"),
        ("encoding: auto", "encoding: gbk", 3, "utf-8"),
        ("encoding: auto\n", "", 1, "Field required"),
        ("form: rows", "form: nested", 5, "nested data have no rows"),
        ("rows: {as: csv, sheet: [号]}\n", "", 4, "rows are not described"),
        ("sheet: [号]", "sheet: [药]", 5, "the number of the sheet is not in it"),
        ("sheet: [号]", "sheet: []", 5, "at least 1"),
        ("as: csv", "as: xls", 5, "csv"),
        ('as: csv,', 'as: csv, delimiter: "||",', 5, "at most 1"),
        ("YYYY-MM-DD HH:mm,", "DD/MM/YYYY,", 11, "year, month, day"),
        ("YYYY-MM-DD HH:mm,", "YYYYMD,", 11, "can be read in two ways"),
        ("YYYY-MM-DD HH:mm,", "YYYY-MM-DD hh:mm,", 11, "'h' stands in no form"),
        ("{from: 时间}", "{from: 时间, dates: [YYYY-MM-DD]}", 11, "has no time"),
        ("dates: [YYYY-MM-DD HH:mm, YYYY-MM-DD]\n", "", 10, "the form of the date is not said"),
        ("zero_is_unknown: [lines.dose]", "zero_is_unknown: [line.dose]", 8, "did you mean lines.dose?"),
        ("zero_is_unknown: [lines.dose]", "zero_is_unknown: [number]", 8, "number is no number"),
        ("  number: {from: 号}\n", "", 9, "number is not mapped"),
        ("  setting: {from: 类型, values: {1: outpatient}}\n", "", 9, "setting is not mapped"),
        ("    generic: {from: 药}\n", "", 16, "neither product nor generic is mapped"),
        ("  patient.sex:", "  patient.sexx:", 13, "no such field; did you mean patient.sex?"),
        ("    dose:", "    dosis:", 19, "no such field; did you mean dose?"),
        ("男: male", "男: man", 13, "man: patient.sex has no such value; use male, female, unknown"),
        ("values: {男: male, 女: female}", "unknown: [0]", 13, "the values are not said"),
        ("男: male", "男: true", 13, "has no such value"),
        ("{男: male, 女: female}", "{F: male, f: female}", 13, "one value stands twice"),
        ("{from: 药}", "{from: 药, always: x}", 18, "either `from` or `always`"),
        ("{from: 药}", "{optional: true}", 18, "either `from` or `always`"),
        ("{from: 药}", "{from: [药, 量]}", 18, "only a date comes from two columns"),
        ("{from: 药}", "{form: 药}", 18, "Extra inputs are not permitted"),
        ("{from: 药}", '{from: 药, split: "、"}', 18, "generic is one value"),
        ("{from: 药}", "{from: 药, unit: g}", 18, "generic has no unit"),
        ("{from: 药}", "{from: 药, dates: [YYYYMMDD]}", 18, "generic is no date"),
        ("{from: 号}", "{from: 号, unit: inside}", 10, "number has no unit"),
        ("dose: {from: 量}", "pack: {from: 量, unit: inside}", 19, "only a dose or a quantity"),
        ("dose: {from: 量}", "dose: {from: 量, unit: inside}\n    dose_unit: {from: 位}", 19, "comes from two places"),
        ("dose: {from: 量}", "dose: {from: 量, unit: {from: 位}}", 19, "only an age takes its unit from a column"),
        ("none: [无]", "none: [无], unknown: [无]", 20, "'无' stands under none and under unknown"),
        ("none: [无]", "none: [阴]", 20, "'阴' stands under values and under none"),
        ('unknown: ["-", 不详]', 'unknown: ["-", 不详]\nnone: [不详]', 8, "stands under none and under unknown"),
        ("- fields: {text", "- in: 诊\n    fields: {text", 14, "are for nested data"),
        ("- fields: {text", "- per: line\n    fields: {text", 14, "only reasons are read per line"),
        ("text: {from: 诊断, split: \"；\"}", "code: {from: 码}", 14, "text is not mapped"),
        ("agent, ", "agents, agent, ", 21, "agents: no such name; did you mean agent?"),
        ("agent, ", "", 21, "agent is neither mapped nor lacking"),
        ("agent, ", "agent, skin_test, ", 21, "skin_test is lacking and lines.skin_test is mapped"),
        ("1: outpatient", "01: outpatient", 12, "01 is not what a YAML reader makes of it"),
        ("[无]", "[no]", 20, "no is not what a YAML reader makes of it"),
        ("[无]", "[1900-01-01]", 20, "quote it"),
        ("[无]", "[1.50]", 20, "quote it"),
        ("[无]", "&a [无]", 20, "anchors"),
        ("name: small\n", "name: small\n\tx: 1\n", 2, "not YAML"),
        ("name: small\n", "name: small\nname: small\n", 2, "not YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_line(write, old, new, line, said):
    with pytest.raises(LibraryError) as caught:
        write(old, new)
    assert said in str(caught.value)
    assert any(
        fault.where.startswith(f"sites/small.yaml:{line}") and said in str(fault) for fault in caught.value.faults
    )


def test_every_fault_of_every_profile_is_told_at_once(write, tmp_path):
    (tmp_path / "sites" / "list.yaml").write_text("- x\n", encoding="utf-8")
    (tmp_path / "sites" / "old.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "sites" / "latin.yaml").write_bytes(b"\xff")
    with pytest.raises(LibraryError) as caught:
        write("性别, values: {男: male, 女: female}", "性别, values: {男: man}, split: x")
    said = str(caught.value)
    for words in ("list.yaml:1: not a profile", "old.yml: a profile ends in .yaml", "latin.yaml: not UTF-8",
                  "man: patient.sex", "patient.sex is one value"):  # fmt: skip
        assert words in said


def test_a_readme_beside_the_profiles_is_left_alone(write, tmp_path):
    (tmp_path / "sites" / "README.md").write_text("x", encoding="utf-8")
    assert set(write()) == {"small"}


def test_what_a_site_may_lack_is_a_closed_list():
    assert {
        "signatures", "reasons", "skin_test", "footnote", "identity_number", "payer", "department", "record_number",
        "patient_name", "weight", "allergies", "renal", "hepatic", "pregnancy", "lactation", "visit", "decoction",
        "agent", "quantity", "days", "route", "frequency", "consents", "consultation", "guardian", "long_term_record",
    } == CARRIED  # fmt: skip


@pytest.mark.parametrize(
    ("form", "fits", "not_"),
    [
        ("YYYYMMDD", ["20261101"], ["2026111", "2026-11-01"]),
        ("YYYY-M-D", ["2026-11-1", "2026-1-01"], ["2026-111-1", "26-1-1"]),
        ("YYYY-M-D H:mm", ["2026-1-1 9:05", "2026-01-01   23:59"], ["2026-1-1 9:5", "2026-1-109:05"]),
        ("YYYY-MM-DDTHH:mm:ss.fZ", ["2026-11-01T09:30:00.5Z", "2026-11-01T09:30:00.1+08:00"], ["2026-11-01T09:30:00Z"]),
    ],
)  # fmt: skip
def test_a_form_fits_what_it_says_and_nothing_else(form, fits, not_):
    assert [text for text in fits if not date_pattern(form).fullmatch(text)] == []
    assert [text for text in not_ if date_pattern(form).fullmatch(text)] == []
