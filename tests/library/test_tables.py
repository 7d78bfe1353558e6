"""A formulary that does not hold together is refused: every fault at once, by file, line and column."""

from pathlib import Path

import pytest

from rx_review.errors import LibraryError
from rx_review.library.rows import TABLES, columns
from rx_review.library.tables import read_tables


def faults(folder: Path) -> list[str]:
    with pytest.raises(LibraryError) as caught:
        read_tables(folder)
    assert all(fault.where and fault.what and fault.do for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


def change(folder: Path, table: str, old: str, new: str) -> int:
    """Replace a text that stands once in a table; the number of its line."""
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def add(folder: Path, table: str, *lines: str) -> None:
    path = folder / f"{table}.csv"
    path.write_text(path.read_text(encoding="utf-8") + "".join(f"{line}\n" for line in lines), encoding="utf-8")


def test_a_formulary_that_holds_together(tables):
    read = read_tables(tables)
    assert set(read) == {model.table for model in TABLES}
    assert all(isinstance(row, model) for model in TABLES for row in read[model.table])


# Table, what stands there, what is put instead, and what is then said of that line.
CELLS = [
    ("drugs", "D01,阿莫西林,western", "D01,阿莫西林,western medicine", "kind: Input should be"),
    ("drugs", "D01,阿莫西林", " D01,阿莫西林", "drug: spaces around the cell; take them out"),
    ("drugs", "D01,阿莫西林", "D0１,阿莫西林", "drug: full-width digits, letters or spaces; type them half-width"),
    ("drugs", "D01,阿莫西林", ",阿莫西林", "drug: String should have at least 1 character"),
    ("drugs", "0.25g,0.25,g", "0.25g,1e3,g", "amount: a number is plain digits with at most six decimals"),
    ("drugs", "0.25g,0.25,g", "0.25g,-1,g", "amount: a number is plain digits"),
    ("drugs", "0.25g,0.25,g", "0.25g,０,g", "amount: full-width digits"),
    ("wordings", "取药,S,2020-01-01", "取药,S,2020-13-01", "from: Input should be a valid date"),
    ("wordings", "取药,S,2020-01-01,,", "取药,S,2020-01-01,2019-01-01,", "until must be later than from"),
    ("wordings", "取药,S,2020-01-01,,", "取药,S,2020-01-01,2020-01-01,", "until must be later than from"),
    ("wordings", "取药,S,2020-01-01,,false", "取药,S,2020-01-01,,no", "checked: a flag is true or false"),
    ("wordings", "取药,S,2020-01-01,,false", "取药,S,2020-01-01,,", "checked: a flag is true or false"),
    ("wordings", "取药,S,", "取药,,S,", "8 cells; write 7, quote commas"),
]


@pytest.mark.parametrize(("table", "old", "new", "said"), CELLS, ids=[f"{c[0]}-{c[3][:30]}-{c[2][-4:]}" for c in CELLS])
def test_a_cell_that_does_not_fit_is_named_by_file_line_and_column(tables, table, old, new, said):
    number = change(tables, table, old, new)
    # A drug that is not read leaves those that name it dangling.
    found = [fault for fault in faults(tables) if " is not in " not in fault]
    assert len(found) == 1
    assert found[0].startswith(f"{table}.csv:{number}: ")
    assert said in found[0]


def test_quotes_that_do_not_close(tables):
    change(tables, "wordings", "diagnosis,取药", 'diagnosis,"取药')
    (found,) = faults(tables)
    assert found.startswith("wordings.csv:3: ")
    assert found.endswith("; mend the quotes")


def test_every_fault_is_told_at_once(tables):
    change(tables, "drugs", "D01,阿莫西林,western", "D01,阿莫西林,east")
    change(tables, "drugs", "D07,头孢曲松,western", "D07,头孢曲松,west")
    change(tables, "units", "mg,毫克,mass", "mg,毫克,weight")
    (tables / "herbs.csv").unlink()
    found = faults(tables)
    assert sum(fault.startswith("drugs.csv:") and ": kind: " in fault for fault in found) == 2
    assert any(fault.startswith("units.csv:") and ": dimension: " in fault for fault in found)
    assert any(fault.startswith("herbs.csv: the table is missing") for fault in found)


def test_a_header_that_is_not_ours_is_shown_with_the_right_one(tables):
    change(tables, "wordings", "kind,wording", "wording,kind")
    (found,) = faults(tables)
    assert found.startswith("wordings.csv:1: the header is wording,kind,source")
    assert "write kind,wording,source,from,until,checked,recalled" in found


def test_a_byte_order_mark_is_said_to_be_one(tables):
    path = tables / "wordings.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    (found,) = faults(tables)
    assert found.startswith("wordings.csv:1")
    assert found.isprintable()
    assert "byte order mark" in found.lower() or "bom" in found.lower()


def test_other_encodings_are_refused(tables):
    path = tables / "wordings.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    (found,) = faults(tables)
    assert found.startswith("wordings.csv: not UTF-8 at byte")


def test_an_empty_table_has_its_header_all_the_same(tables):
    (tables / "wordings.csv").write_bytes(b"")
    (found,) = faults(tables)
    assert found.startswith("wordings.csv:1: the header is ")


def test_a_missing_table(tables):
    (tables / "limits.csv").unlink()
    assert faults(tables) == ["limits.csv: the table is missing; add the file with its header line"]


def test_a_table_that_nobody_reads(tables):
    (tables / "limit.csv").write_text("a\n")
    (found,) = faults(tables)
    assert found.startswith("limit.csv: no table of that name; rename it or take it out")


def test_rows_out_of_order(tables):
    add(tables, "wordings", "diagnosis,体检,S,2020-01-01,,false,false")
    assert faults(tables) == ["wordings.csv:4: rows are out of order; sort by kind, wording, from"]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("2020-01-01,", "2021-01-01,", "two rows of one key hold at once; give the older one an `until`"),
        ("2020-01-01,2021-01-02", "2021-01-01,", "two rows of one key hold at once"),
        ("2020-01-01,", "2020-01-01,", "two rows of one key hold at once"),
        ("2021-01-01,", "2020-01-01,2021-01-01", "rows are out of order"),
    ],
)
def test_periods_of_one_key(tables, first, second, said):
    add(tables, "wordings", f"usage,随意,S,{first},false,false", f"usage,随意,S,{second},false,false")
    path = tables / "wordings.csv"
    head, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines = sorted(lines[:-2]) + lines[-2:]
    path.write_text(head + "".join(lines), encoding="utf-8")
    assert any(fault.startswith("wordings.csv:5: ") and said in fault for fault in faults(tables))


def test_a_row_may_follow_another_on_the_very_day(tables):
    add(
        tables, "wordings", "usage,随意,S,2020-01-01,2021-01-01,false,false", "usage,随意,S,2021-01-01,,false,false"
    )  # fmt: skip
    rows = read_tables(tables)["wordings"]
    assert [row.from_.year for row in rows if row.wording == "随意"] == [2020, 2021]


def test_a_source_stands_once(tables):
    add(tables, "sources", "S,again,,,label")
    assert faults(tables) == ["sources.csv:3: the key stands twice; keep one row"]


DANGLING = [
    ("drugs", "0.25g,0.25,g", "0.25g,0.25,gram", "amount_unit", "'gram' is not in units"),
    ("drugs", "D01,阿莫西林,western,capsule", "D01,阿莫西林,western,capsul", "form", "'capsul' is not in forms"),
    ("classes", "布洛芬,nsaid", "布洛芬,nsaids", "class", "'nsaids' is not in class_names"),
    ("names", "消心痛灵,brand,布洛芬", "消心痛灵,brand,布洛", "target", "'布洛' is not in drugs or herbs"),
    ("allergens", "class:penicillin", "class:penicilin", "target", "'penicilin' is not in class_names"),
    ("ingredients", "布洛芬,布洛芬", "布洛,布洛芬", "generic", "'布洛' is not in drugs"),
    ("wordings", "取药,S,", "取药,T,", "source", "'T' is not in sources"),
]


@pytest.mark.parametrize(("table", "old", "new", "column", "said"), DANGLING, ids=[d[4] for d in DANGLING])
def test_a_reference_to_nothing_is_named_by_file_line_and_column(tables, table, old, new, column, said):
    number = change(tables, table, old, new)
    found = [fault for fault in faults(tables) if said in fault]
    assert len(found) == 1
    assert column in found[0]
    assert found[0].startswith(f"{table}.csv:{number}:"), found[0]


@pytest.mark.parametrize(
    ("table", "line", "said"),
    [
        ("limits", "阿司匹林,,,,,daily_dose,2,g,,false", "'阿司匹林' is not in ingredients or herbs"),
        ("limits", "class:xx,,,,,daily_dose,2,g,,false", "'xx' is not in class_names"),
        (
            "contraindications",
            "布洛芬,disease,gout,,,,,caution,systemic,,,后果,harm",
            "'gout' is not in diagnosis_groups",
        ),
        ("interactions", "华法林,阿司匹林,major,systemic,后果,harm,,", "'阿司匹林' is not in ingredients or herbs"),
        (
            "incompatibilities",
            "eighteen_antagonisms,乌头,半夏,major,后果,harm",
            "'乌头' is not in ingredients or herbs",
        ),
        ("skin_tests", "class:yy,injection", "'yy' is not in class_names"),
        ("substitutes", "布洛芬,对乙酰氨基酚,tablet,0.5g,0.5,g,oral,tid", "'oral' is not in routes"),
        ("spellings", "route,静滴,drip", "'drip' is not in routes"),
        ("listings", "布洛芬,caplet,village,listed", "'caplet' is not in forms"),
    ],
)
def test_a_clinical_row_about_nothing(tables, table, line, said):
    path = tables / f"{table}.csv"
    header = path.read_text(encoding="utf-8").splitlines()[0]
    path.write_text(f"{header}\n{line},S,2020-01-01,,false,false\n", encoding="utf-8")
    assert any(said in fault for fault in faults(tables))


def test_headers_are_generated_from_the_rows():
    for model in TABLES:
        header = columns(model)
        assert len(set(header)) == len(header)
        assert set(model.key) <= set(model.model_fields)
        if model.table != "sources":
            assert header[-5:] == ("source", "from", "until", "checked", "recalled")
        for name, field in model.model_fields.items():
            assert field.title, (model.table, name)
            assert field.description, (model.table, name)
            assert field.examples, (model.table, name)
