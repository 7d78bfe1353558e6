"""How long a line lasts: by hand, by an oracle, and where it cannot be said."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.facts.oracle import Product, Regimen, days, hundredths
from tests.facts.small import facts, rows, told

from rx_review.facts.supply import Ratio

# days: of the whole quantity; without: of all but the last pack that is not split; doses: single doses.
COUNTED = rows(
    "name generic form strength pack dose unit route frequency quantity of days without doses",
    """
    a-box-of-24-capsules-by-mass 阿莫西林 胶囊 0.25g - 0.5 g po tid 1 盒 4 0 12
    two-boxes-are-eight-days 阿莫西林 胶囊 0.25g - 0.5 g po tid 2 盒 8 4 24
    the-dose-in-milligrams 阿莫西林 胶囊 0.25g - 500 mg po tid 2 盒 8 4 24
    the-dose-in-capsules 阿莫西林 胶囊 0.25g - 2 粒 po tid 2 盒 8 4 24
    capsules-counted-singly-are-split 阿莫西林 胶囊 0.25g - 2 粒 po tid 24 粒 4 4 12
    dose-and-quantity-in-capsules 阿莫西林 胶囊 0.25g - 1 粒 po tid 21 粒 7 7 21
    one-capsule-more-than-a-week 阿莫西林 胶囊 0.25g - 1 粒 po tid 22 粒 22/3 22/3 22
    pack-in-the-strength 阿莫西林 胶囊 0.25g*24粒 - 0.5 g po tid 1 盒 4 0 12
    pack-in-the-strength-with-a-cross 阿莫西林 胶囊 0.5g×10粒/盒 - 0.5 g po bid 1 盒 5 0 10
    twelve-capsules-on-two-cards 阿莫西林 胶囊 0.25g*12粒*2板 - 0.5 g po tid 1 盒 4 0 12
    ten-tablets-on-three-cards 二甲双胍 缓释片 0.5g×10片×3板/盒 - 1 g po qd 1 盒 15 0 15
    pack-of-the-his-dictionary 阿莫西林 胶囊 0.5g 12 0.5 g po bid 2 盒 12 6 24
    the-his-pack-beats-the-list 阿莫西林 胶囊 0.25g 20 0.5 g po bid 1 盒 5 0 10
    a-strength-the-list-has-not 阿莫西林 胶囊 0.125g*30粒 - 0.25 g po tid 1 盒 5 0 15
    a-month-of-one-a-day 二甲双胍 缓释片 0.5g - 0.5 g po qd 1 盒 30 0 30
    two-months-of-one-a-day 二甲双胍 缓释片 0.5g - 0.5 g po qd 2 盒 60 30 60
    half-a-tablet 二甲双胍 片 0.5g - 0.25 g po bid 10 片 10 10 20
    half-a-tablet-counted 二甲双胍 片 0.5g - 0.5 片 po bid 10 片 10 10 20
    a-third-of-a-day-rounds-up 二甲双胍 片 0.5g - 1 片 po tid 10 片 10/3 10/3 10
    every-other-day 二甲双胍 片 0.5g - 1 片 po qod 7 片 14 14 7
    every-72-hours 二甲双胍 片 0.5g - 1 片 po q72h 5 片 15 15 5
    every-36-hours-is-two-in-three-days 二甲双胍 片 0.5g - 1 片 po q36h 4 片 6 6 4
    once-a-week 二甲双胍 片 0.5g - 1 片 po qw 4 片 28 28 4
    twice-a-week 二甲双胍 片 0.5g - 1 片 po biw 4 片 14 14 4
    every-eight-hours 二甲双胍 片 0.5g - 1 片 po q8h 21 片 7 7 21
    four-times-a-day 二甲双胍 片 0.5g - 1 片 po qid 28 片 7 7 28
    a-bottle-of-syrup-by-millilitres 氨溴索 糖浆 100ml:0.6g - 10 ml po tid 1 瓶 10/3 0 10
    half-a-bottle-of-syrup 氨溴索 糖浆 100ml:0.6g - 10 ml po tid 0.5 瓶 5/3 0 5
    three-bottles-of-syrup 氨溴索 糖浆 100ml:0.6g - 10 ml po tid 3 瓶 10 20/3 30
    syrup-by-mass 氨溴索 糖浆 100ml:0.6g - 30 mg po tid 3 瓶 20 40/3 60
    syrup-by-the-other-spelling 氨溴索 糖浆 0.6g/100ml - 10 ml po bid 1 瓶 5 0 10
    syrup-handed-over-in-millilitres 氨溴索 糖浆 100ml:0.6g - 10 ml po bid 200 ml 10 10 20
    one-ampoule-a-day 头孢曲松 注射用无菌粉末 1g - 1 g iv_drip qd 3 支 3 2 3
    two-ampoules-a-day 头孢曲松 注射用无菌粉末 1g - 2 g iv_drip qd 6 支 3 5/2 3
    half-an-ampoule-more-opens-a-second 头孢曲松 注射用无菌粉末 1g - 1.5 g iv_drip qd 6 支 3 5/2 3
    half-a-gram-opens-an-ampoule 头孢曲松 注射用无菌粉末 1g - 0.5 g iv_drip bid 6 支 3 5/2 6
    an-ampoule-of-a-box-of-five 氨溴索 注射液 2ml:15mg - 15 mg iv_drip bid 2 盒 5 5/2 10
    two-ampoules-by-millilitres 氨溴索 注射液 2ml:15mg - 4 ml iv_drip bid 4 支 1 3/4 2
    penicillin-in-ten-thousand-units 青霉素 注射用无菌粉末 80万U - 160 万U im bid 12 支 3 11/4 6
    penicillin-in-plain-units 青霉素 注射用无菌粉末 80万单位 - 800000 U im bid 6 支 3 5/2 6
    penicillin-in-international-units 青霉素 注射用无菌粉末 80万IU - 800000 IU im bid 6 支 3 5/2 6
    a-millilitre-opens-an-ampoule 氨溴索 注射液 2ml:15mg - 1 ml iv_drip bid 2 支 1 1/2 2
    an-ampoule-and-a-half-counted 氨溴索 注射液 2ml:15mg - 1.5 支 iv_drip bid 8 支 2 7/4 4
    vials-counted-as-bottles 头孢曲松 注射用无菌粉末 1g - 1 瓶 iv_drip qd 3 瓶 3 2 3
    a-pen-emptied-at-once 胰岛素 注射液 3ml:300IU - 300 IU sc qw 2 支 14 7 2
    sachets-by-the-box 感冒清热颗粒 颗粒 12g - 1 袋 po bid 2 盒 10 5 20
    sachets-counted 感冒清热颗粒 颗粒 12g - 1 袋 po tid 9 袋 3 8/3 9
    a-patch-every-three-days 芬太尼 透皮贴剂 4.2mg - 1 贴 transdermal q72h 1 盒 15 0 5
    a-patch-written-by-mass 芬太尼 透皮贴剂 4.2mg - 4.2 mg transdermal q72h 5 贴 15 15 5
    honeyed-pills-counted 消渴丸 丸 0.25g - 5 丸 po tid 1 盒 40/3 0 40
    a-suppository-a-day 对乙酰氨基酚 栓 0.15g - 0.15 g rectal qd 10 枚 10 10 10
    micrograms 左甲状腺素钠 片 50ug - 75 ug po qd 90 片 60 60 60
    micrograms-as-milligrams 左甲状腺素钠 片 0.05mg - 0.075 mg po qd 90 片 60 60 60
    without-a-route-a-tablet-is-swallowed 二甲双胍 片 0.5g - 1 片 - bid 14 片 7 7 14
    """,
)

UNKNOWN = rows(
    "name generic form strength pack dose unit route frequency quantity of cause",
    """
    as-needed 对乙酰氨基酚 片 0.5g - 1 片 po prn 20 片 frequency
    at-once 对乙酰氨基酚 片 0.5g - 1 片 po st 20 片 frequency
    no-frequency 对乙酰氨基酚 片 0.5g - 1 片 po - 20 片 frequency
    a-frequency-nobody-knows 对乙酰氨基酚 片 0.5g - 1 片 po 随便 20 片 frequency
    a-cream 布洛芬 乳膏 5% - 1 支 topical bid 1 支 route
    a-cream-with-no-route 布洛芬 乳膏 5% - 1 支 - bid 1 支 route
    eye-drops 左氧氟沙星 滴眼剂 5ml:24.4mg - 1 支 eye qid 1 支 route
    an-inhaler 沙丁胺醇 吸入气雾剂 100ug - 2 支 inhaled bid 1 支 route
    puffs-of-an-inhaler-with-no-route 沙丁胺醇 吸入气雾剂 100ug - 2 喷 - bid 1 支 route
    ten-units-of-a-pen 胰岛素 注射液 3ml:300IU - 10 IU sc tid 2 支 multi_dose
    a-part-of-a-vial-in-units 青霉素 注射用无菌粉末 80万U - 40 万U im bid 6 支 multi_dose
    a-sachet-of-a-tablet 二甲双胍 片 0.5g - 1 袋 po bid 28 片 pack
    half-an-ampoule-counted 氨溴索 注射液 2ml:15mg - 0.5 支 iv_drip bid 2 支 multi_dose
    drops-of-an-oral-liquid 维生素D 滴剂 - - 5 滴 po qd 1 瓶 pack
    a-box-of-unknown-size 阿莫西林 胶囊 0.5g - 0.5 g po tid 1 盒 pack
    no-quantity 阿莫西林 胶囊 0.25g - 0.5 g po tid - 盒 quantity
    no-unit-of-quantity 阿莫西林 胶囊 0.25g - 0.5 g po tid 2 - quantity
    no-dose 阿莫西林 胶囊 0.25g - - g po tid 2 盒 dose
    no-unit-of-dose 阿莫西林 胶囊 0.25g - 0.5 - po tid 2 盒 dose
    a-dose-of-nothing 阿莫西林 胶囊 0.25g - 0 g po tid 2 盒 dose
    a-quantity-of-nothing 阿莫西林 胶囊 0.25g - 0.5 g po tid 0 盒 quantity
    units-of-a-drug-made-by-mass 阿莫西林 胶囊 0.25g - 10 IU po tid 2 盒 pack
    a-strength-nobody-reads 阿莫西林 胶囊 两粒装 - 0.5 g po tid 2 盒 pack
    a-strength-of-nothing 阿莫西林 胶囊 0g*24粒 - 0.5 g po tid 2 盒 pack
    an-ampoule-of-nothing 头孢曲松 注射用无菌粉末 0g - 1 g iv_drip qd 2 支 pack
    a-volume-of-nothing 氨溴索 糖浆 9g/0ml - 10 ml po tid 2 瓶 pack
    """,
)

NAMES = ("days_supplied", "days_without_last_pack", "doses_supplied")


KEYS = {
    "generic": "generic",
    "form": "form",
    "strength": "strength",
    "pack": "pack",
    "dose": "dose",
    "unit": "dose_unit",
    "route": "route",
    "frequency": "frequency",
    "quantity": "quantity",
    "of": "quantity_unit",
}


def line(row: dict[str, str]) -> dict[str, object]:
    return {key: row[name] for name, key in KEYS.items() if row[name]}


def supplied(builder, row: dict[str, str]) -> tuple[int | str, ...]:
    case = facts(builder, line(row))["line"][0]
    return tuple(told(case, name) for name in NAMES)


@pytest.mark.parametrize("row", COUNTED, ids=lambda row: row["name"])
def test_it_lasts(builder, row):
    by_hand = tuple(hundredths(Fraction(row[name])) for name in ("days", "without", "doses"))
    assert supplied(builder, row) == by_hand


@pytest.mark.parametrize("row", UNKNOWN, ids=lambda row: row["name"])
def test_it_cannot_be_said(builder, row):
    found = supplied(builder, row)
    assert found[:2] == (f"?{row['cause']}",) * 2
    # How many doses it holds can be known although nobody knows how often one is taken.
    assert found[2] == ("?" + row["cause"] if row["cause"] != "frequency" else 2000)


def test_the_cases_are_many():
    assert len(COUNTED) + len(UNKNOWN) >= 70
    assert len({row["name"] for row in COUNTED + UNKNOWN}) == len(COUNTED) + len(UNKNOWN)


PRODUCTS = {
    "capsule": (Product("粒", (Fraction(1, 4), "g"), pack=24), ("阿莫西林", "胶囊", "0.25g"), "po"),
    "tablet": (Product("片", (Fraction(50), "ug"), pack=100), ("左甲状腺素钠", "片", "50ug"), "po"),
    "syrup": (
        Product("瓶", (Fraction(3, 5), "g"), Fraction(100), whole=True),
        ("氨溴索", "糖浆", "100ml:0.6g"),
        "po",
    ),
    "ampoule": (
        Product("支", (Fraction(15), "mg"), Fraction(2), pack=5, whole=True, injected=True),
        ("氨溴索", "注射液", "2ml:15mg"),
        "iv_drip",
    ),
    "vial": (
        Product("支", (Fraction(80), "万U"), whole=True, injected=True),
        ("青霉素", "注射用无菌粉末", "80万U"),
        "im",
    ),
}
OFTEN = {"qd": (1, 1), "bid": (2, 1), "tid": (3, 1), "qod": (1, 2), "q72h": (1, 3), "qw": (1, 7), "biw": (2, 7),
         "q36h": (2, 3)}  # fmt: skip
AMOUNT = st.decimals("0.001", "5000", places=3)


@given(st.data(), st.sampled_from(sorted(PRODUCTS)), AMOUNT, st.sampled_from(sorted(OFTEN)), AMOUNT)
def test_any_regimen_lasts_as_long_as_the_definition_says(builder, data, name, dose, often, quantity):
    product, (generic, form, strength), route = PRODUCTS[name]
    of = {"g": ("ug", "mg", "g"), "mg": ("ug", "mg", "g"), "ug": ("ug", "mg"), "万U": ("IU", "U", "万U")}
    units = [*of[product.content[1]], *(["ml"] if product.volume else []), product.unit]
    unit = data.draw(st.sampled_from(units))
    counted = data.draw(st.sampled_from([product.unit, "盒"]))
    row = {"generic": generic, "form": form, "strength": strength, "pack": "", "dose": str(dose), "unit": unit,
           "route": route, "frequency": often, "quantity": str(quantity), "of": counted}  # fmt: skip
    regimen = Regimen(Fraction(dose), unit, *OFTEN[often], Fraction(quantity), counted)
    expected = days(product, regimen)
    found = supplied(builder, row)
    if expected is None:
        assert all(isinstance(value, str) for value in found)
    else:
        assert found == tuple(hundredths(value) for value in expected)


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 6), st.integers(0, 10**6))
def test_rounding_never_lets_a_value_above_a_bound_land_on_it(num, den, digits, bound):
    scaled = Ratio(num, den).scaled(digits)
    assert (scaled > bound * 10**digits) == (Fraction(num, den) > bound)
    assert scaled - 1 < Fraction(num, den) * 10**digits <= scaled


@given(st.fractions(0, 1000, max_denominator=500), st.fractions("1/500", 1000, max_denominator=500))
def test_ratios_are_fractions(one, other):
    ratio = Ratio(one.numerator, one.denominator)
    times = ratio.times(other.numerator, other.denominator)
    over = ratio.over(Ratio(other.numerator, other.denominator))
    assert Fraction(times.num, times.den) == one * other
    assert Fraction(over.num, over.den) == one / other
