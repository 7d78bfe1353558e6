"""Near names are listed for whoever mends a name; nothing is resolved by them."""

import csv
import random
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shipped import shipped_edition

from rx_review.facts.resolve import Resolver
from rx_review.library.nearness import NameIndex

ROOT = Path(__file__).resolve().parents[2]
KNOWN = ("阿莫西林", "阿莫西林克拉维酸钾", "氨苄西林", "布洛芬", "氯丙嗪", "异丙嗪", "奋乃静", "硝苯地平", "氨氯地平")

# A written name that is nobody's, and the names between which it lies; each of these is another drug.
BETWEEN = [
    ("氯异丙嗪", ("氯丙嗪", "异丙嗪")),
    ("消心炎痛", ("消心痛", "消炎痛")),
    ("地他巴唑", ("他巴唑",)),
    ("地奥辛", ("地高辛", "地奥司明")),
    ("优降塘", ("优降糖",)),
    ("硝尼地平", ("硝苯地平", "尼莫地平")),
    ("头孢唑", ("头孢唑林", "头孢唑肟")),
    ("多巴酚胺", ("多巴胺", "多巴酚丁胺")),
    ("利福", ("利福平",)),
    ("阿普替洛尔", ("阿替洛尔",)),
    ("去甲上腺素", ("去甲肾上腺素",)),
    ("白附", ("白附子", "白附片")),
]


@pytest.fixture(scope="module")
def shipped():
    return Resolver(shipped_edition().formulary, date(2026, 11, 1).toordinal())


@pytest.fixture(scope="module")
def index(shipped):
    with (ROOT / "formulary" / "names.csv").open(encoding="utf-8", newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    return NameIndex([*names, *shipped.formulary.drugs_of, *shipped.formulary.herbs])


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("阿莫西淋", "阿莫西林"),
        ("阿莫西林克拉维酸", "阿莫西林克拉维酸钾"),
        ("布洛酚", "布洛芬"),
        ("布 洛 酚", "布洛芬"),
        ("硝本地平", "硝苯地平"),
        ("氨氯地乎", "氨氯地平"),
        ("奋乃净", "奋乃静"),
    ],
)
def test_the_nearest_name_comes_first(written, first):
    assert NameIndex(KNOWN).nearest(written)[0] == first


def test_at_most_so_many_and_no_name_that_is_far():
    nearest = NameIndex(KNOWN).nearest
    assert nearest("丙嗪", 1) == ("异丙嗪",)
    assert nearest("丙嗪") == ("异丙嗪", "氯丙嗪")
    assert nearest("丙嗪", 0) == nearest("丙嗪", -1) == ()
    assert nearest("胰岛素") == nearest("") == nearest(" ") == NameIndex(()).nearest("丙嗪") == ()


def test_names_come_back_as_they_were_given_and_once():
    assert NameIndex(["维生素 C", "维生素Ｃ", "维生素B1"]).nearest("维生素ｃ片", 3) == ("维生素 C", "维生素B1")


@given(st.permutations(KNOWN), st.text("阿莫西林丙嗪氯异地平", max_size=8), st.integers(0, 5))
def test_the_order_of_the_names_does_not_matter(names, written, most):
    found = NameIndex(names).nearest(written, most)
    assert found == NameIndex(KNOWN).nearest(written, most)
    assert len(found) <= most
    assert set(found) <= set(KNOWN)


@pytest.mark.parametrize(("written", "between"), BETWEEN)
def test_a_name_between_two_drugs_is_listed_with_them_and_is_neither(shipped, index, written, between):
    assert set(between) <= set(index.nearest(written, 5))
    assert shipped.drug(None, written, None, None, None, None) is None


def test_one_wrong_character_is_mended_by_the_list_and_read_as_nothing(shipped, index):
    """Names of four characters and more, each with one of them lost in typing: the right name is among the three."""
    rng = random.Random(20261101)
    names = sorted(name for name in shipped.formulary.drugs_of if len(name) >= 4 and name.isalpha())
    missed = []
    for name in rng.sample(names, 200):
        place = rng.randrange(len(name))
        written = f"{name[:place]}囗{name[place + 1 :]}"
        assert shipped.drug(None, written, None, None, None, None) is None
        if name not in index.nearest(written, 3):
            missed.append(written)
    # 氨囗西林 may be more drugs than fit into three lines; one in twenty at most.
    assert len(missed) <= 10, missed
