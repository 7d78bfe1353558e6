"""Strengths are compared as amounts, and packs are read out of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rx_review.facts.strength import read_strength, same_strength, split_strength
from rx_review.library.formulary import fold


@pytest.mark.parametrize(
    ("written", "strength", "pack"),
    [
        ("0.25g*24粒", "0.25g", 24),
        ("0.25g×24粒/盒", "0.25g", 24),
        ("0.25gx24", "0.25g", 24),
        ("0.25gX24粒", "0.25g", 24),
        ("0.25g＊24粒", "0.25g", 24),
        ("０.２５ｇ*２４粒", "0.25g", 24),
        ("0.25g * 24 粒", "0.25g", 24),
        ("0.25g*12粒*2板", "0.25g", 24),
        ("0.25g×12粒×2板/盒", "0.25g", 24),
        ("10片×3板", "10片", 3),
        ("2ml:0.1g*10支", "2ml:0.1g", 10),
        ("2ml∶0.1g", "2ml:0.1g", None),
        ("0.25g", "0.25g", None),
        ("复方", "复方", None),
        (None, None, None),
    ],
)
def test_a_pack_is_read_out_of_a_strength(written, strength, pack):
    assert split_strength(written) == (strength, None if pack is None else Decimal(pack))


@pytest.mark.parametrize("written", ["24粒*0.25g", "2片*10mg", "5%*250ml", "0.25g*若干粒", "*24粒"])
def test_what_only_looks_like_a_pack_gives_none(written):
    assert split_strength(written)[1] is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("100mg", "0.1g"),
        ("0.1g", "0.10g"),
        ("50ug", "0.05mg"),
        ("50μg", "50mcg"),
        ("50µg", "50ug"),
        ("2ml:0.1g", "0.1g/2ml"),
        ("2ml:0.1g", "0.1g:2ml"),
        ("2ml:0.1g", "100mg"),
        ("40万单位", "400000IU"),
        ("40万U", "40万单位"),
        ("3ml:300IU", "300单位/3ml"),
        ("1L:9g", "1000ml:9g"),
        ("0.25G", "250MG"),
        ("12片装", "12片装"),
    ],
)
def test_the_same_amount_written_twice(one, other):
    assert same_strength(fold(one), fold(other)) is True
    assert same_strength(fold(other), fold(one)) is True


@pytest.mark.parametrize(
    ("one", "other"),
    [("100mg", "0.25g"), ("2ml:0.1g", "5ml:0.1g"), ("40万单位", "80万单位"), ("1g", "1mg"), ("50ug", "50mg")],
)
def test_two_amounts(one, other):
    assert same_strength(fold(one), fold(other)) is False
    assert same_strength(fold(other), fold(one)) is False


@pytest.mark.parametrize(
    ("one", "other"), [("5%", "50mg"), ("100mg", "100IU"), ("每丸重9g", "9g"), ("0.5g/片", "0.5g"), ("a", "b")]
)
def test_amounts_that_cannot_be_compared(one, other):
    assert same_strength(fold(one), fold(other)) is not False
    assert same_strength(fold(one), fold(other)) is same_strength(fold(other), fold(one))


@pytest.mark.parametrize(
    "written", ["", ":", "/", "0g", "0mg", "9g/0ml", "0.0000001ug", "g", "1g:2g:3g", "-1g", "1.g", "1e3g", "1ml"]
)
def test_no_amount_is_read_from_nothing(written):
    assert read_strength(written) is None


@given(st.decimals("0.001", "9999", places=3), st.sampled_from(["ug", "mg", "g"]))
def test_a_thousand_times_the_smaller_unit(amount, unit):
    smaller = {"ug": "ng", "mg": "ug", "g": "mg"}[unit]
    assert same_strength(f"{amount}{unit}", f"{amount * 1000:f}{smaller}") is True
    assert same_strength(f"{amount}{unit}", f"{amount + Decimal('0.001')}{unit}") is False


@given(st.text(max_size=40))
def test_any_text_is_a_strength_or_none(written):
    strength, pack = split_strength(written)
    assert pack is None or pack >= 0
    read = read_strength(strength or "")
    assert read is None or read.amount > 0
