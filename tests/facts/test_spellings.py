"""What hospital systems send is understood or refused, and never understood as something else.

`spelling_variants.csv` was written before the tables were looked at: what each spelling means to a pharmacist, or
`refused` for what must not be understood. A row here is not copied from the tables, so the two can disagree.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from math import ceil
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shipped import shipped_edition

from rx_review.facts.resolve import Resolver
from rx_review.library.lookup import fold

ROOT = Path(__file__).resolve().parents[2]
REFUSED = "refused"
DICTIONARIES = {"route": "routes", "unit": "units", "form": "forms", "frequency": "frequencies"}
KINDS = [*DICTIONARIES, "name"]

# Drugs and herbs that are taken for one another by eye or ear. Either may be unknown; they are never the same.
LOOKALIKES = [
    *[("氯丙嗪", "异丙嗪"), ("消心痛", "消炎痛"), ("优降糖", "优降宁"), ("他巴唑", "地巴唑"), ("安定", "安坦")],
    *[("地高辛", "地奥司明"), ("克林霉素", "克拉霉素"), ("多巴胺", "多巴酚丁胺"), ("利福平", "利福喷丁")],
    *[("利福平", "利福昔明"), ("泼尼松", "泼尼松龙"), ("强的松", "强的松龙"), ("阿糖胞苷", "阿糖腺苷")],
    *[("普鲁卡因", "普鲁卡因胺"), ("氟尿嘧啶", "氟胞嘧啶"), ("头孢唑林", "头孢唑肟"), ("头孢噻肟", "头孢噻吩")],
    *[("氯氮平", "氯硝西泮"), ("氯氮平", "奥氮平"), ("苯海索", "苯海拉明"), ("肾上腺素", "去甲肾上腺素")],
    *[("肾上腺素", "异丙肾上腺素"), ("维生素B1", "维生素B12"), ("VB6", "VB12"), ("甲硝唑", "替硝唑")],
    *[("缩宫素", "垂体后叶素"), ("阿替洛尔", "阿替普酶"), ("阿普唑仑", "艾司唑仑"), ("碳酸钙", "碳酸锂")],
    *[("格列吡嗪", "格列喹酮"), ("格列本脲", "格列美脲"), ("丙硫咪唑", "丙硫氧嘧啶"), ("氢化可的松", "去氢可的松")],
    *[("硝苯地平", "尼莫地平"), ("尼群地平", "尼莫地平"), ("氨氯地平", "左氨氯地平"), ("奥美拉唑", "艾司奥美拉唑")],
    *[("西替利嗪", "左西替利嗪"), ("苄青霉素", "苄星青霉素"), ("头孢拉定", "头孢他啶"), ("先锋霉素Ⅳ", "先锋霉素Ⅵ")],
    *[("先锋霉素Ⅳ", "先锋霉素Ⅴ"), ("先锋霉素Ⅴ", "先锋霉素Ⅵ"), ("泰诺", "泰诺林"), ("甲萘醌", "甲萘氢醌")],
    *[("长春新碱", "长春地辛"), ("吗啡", "阿扑吗啡"), ("可待因", "双氢可待因"), ("氯化钠", "浓氯化钠")],
    *[("林格氏液", "乳酸林格氏液"), ("甲状腺片", "优甲乐"), ("降糖灵", "格华止"), ("三磷酸腺苷", "环磷腺苷")],
    *[("乌头", "草乌"), ("川乌", "草乌"), ("生川乌", "制川乌"), ("生半夏", "法半夏"), ("白附片", "白附子")],
    *[("麻黄", "麻黄根"), ("山豆根", "北豆根"), ("川木通", "木通"), ("关木通", "木通"), ("广防己", "防己")],
    *[("五味子", "五倍子"), ("红花", "西红花"), ("枳实", "枳壳"), ("茯苓", "土茯苓"), ("川牛膝", "怀牛膝")],
    *[("天南星", "胆南星"), ("苦杏仁", "甜杏仁"), ("生地", "熟地"), ("川贝", "浙贝"), ("五加皮", "香加皮")],
    *[("川楝子", "苦楝子"), ("重楼", "拳参"), ("红藤", "鸡血藤"), ("人参", "党参"), ("玄参", "苦参")],
]

# Every way to write a measured unit, by its sense; a count (片, 支) has no factor to be wrong about.
MEASURES = {
    "g": "g g. gm gram grams 克 公克",
    "mg": "mg mg. 毫克 豪克",
    "ug": "ug ug. μg μg. mcg mcg. 微克",
    "ng": "ng 纳克 毫微克",
    "kg": "kg 千克 公斤",
    "ml": "ml ml. cc c.c. 毫升 亳升",
    "ul": "ul μl 微升",
    "L": "l 升 公升",
    "U": "u unit units 单位 个单位",
    "IU": "iu i.u. 国际单位",
    "万U": "万u 万单位 万个单位",
    "万IU": "万iu 万国际单位",
    "mmol": "mmol 毫摩 毫摩尔",
    "mEq": "meq 毫当量",
    "次": "次",
}

# A route that names a part of the body is given there.
PLACES = {
    "静脉|静滴|静推|静注|静点": {"iv", "iv_drip", "iv_pump", "iv_chamber"},
    "肌": {"im"},
    "皮下": {"sc", "sc_pump"},
    "皮内|皮试": {"id"},
    "口服|送服|吞服": {"po", "po_decoction", "po_dissolved", "chewed"},
    "舌下": {"sublingual"},
    "阴道": {"vaginal", "irrigation"},
    "结膜下": {"subconjunctival"},
    "球后": {"retrobulbar"},
    "玻璃体": {"intravitreal"},
    "滴眼|双眼|左眼|右眼|眼部": {"eye"},
    "耳": {"ear"},
    "鼻饲|胃管": {"gastric_tube"},
    "鼻腔|滴鼻|喷鼻|鼻喷": {"nasal", "irrigation"},
    "直肠": {"rectal", "enema"},
    "肛": {"rectal", "anal_topical"},
    "雾化": {"nebulised"},
    "鞘内": {"intrathecal"},
    "关节腔": {"intra_articular", "irrigation"},
    "腹腔": {"intraperitoneal", "irrigation"},
    "胸腔|胸膜腔": {"intrapleural"},
    "膀胱": {"bladder", "irrigation"},
    "动脉": {"intra_arterial"},
    "水煎|煎服": {"po_decoction", "decoction_wash"},
    "患处|皮肤": {
        *{"topical", "plaster", "external_wash", "wet_dressing", "fumigation", "transdermal"},
        *{"mouth_local", "id", "anal_topical"},
    },
}

_NUMBER = "([0-9]+|[一二两三四五六七八九十]+|半)"
_ONE = "[一1][次回]"
_SPAN = "(小时|h|hr|日|天|d|周|星期|w|月|年|分钟|min)"
_RATES = (
    (re.compile(f"{_NUMBER}[次回](?:/|每)每?[1一]?{_SPAN}"), "times"),
    (re.compile(f"{_NUMBER}/{_SPAN}"), "times"),
    (re.compile(f"(?:每|[1一])?个?{_SPAN}服?{_NUMBER}[次回]"), "span first"),
    (re.compile(rf"q\.?{_NUMBER}\.?{_SPAN}\.?"), "every"),
    (re.compile(f"每?{_NUMBER}个?{_SPAN}(?:/次|{_ONE})"), "every"),
    (re.compile(f"每{_NUMBER}个?{_SPAN}"), "every"),
    (re.compile(f"{_ONE}/{_NUMBER}个?{_SPAN}"), "every"),
    (re.compile(f"每?隔{_NUMBER}个?{_SPAN}{_ONE}"), "after"),
)
_HOURS = {"小时": 1, "h": 1, "hr": 1, "日": 24, "天": 24, "d": 24, "周": 168, "星期": 168, "w": 168}
_HOURS |= {"月": 720, "年": 8760, "分钟": Decimal(1) / 60, "min": Decimal(1) / 60}
_WORDS = {"半": Decimal("0.5"), "两": 2, **{word: value for value, word in enumerate("一二三四五六七八九十", 1)}}


class Variant(NamedTuple):
    kind: str
    written: str
    means: str
    why: str


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


VARIANTS = [Variant(**row) for row in table(ROOT / "tests" / "facts" / "spelling_variants.csv")]


@cache
def shipped() -> Resolver:
    return Resolver(shipped_edition().formulary, date(2026, 11, 1).toordinal())


def understood(kind: str, written: str) -> str | None:
    """The dictionary key, or the drug or herb, that a written word means to the shipped formulary."""
    resolver = shipped()
    asked: dict[str, Callable[[], str | None]] = {
        "route": lambda: (found := resolver.route(written)) and found.route,
        "unit": lambda: (found := resolver.unit(written)) and found.unit,
        "frequency": lambda: (found := resolver.frequency(written)) and found.frequency,
        "form": lambda: resolver.formulary.spelt("form", written),
        "name": lambda: (found := resolver.drug(None, written, None, None, None, None)) and found.generic,
    }
    return asked[kind]()


def written_words() -> Iterator[tuple[str, str, str]]:
    """Every word of the tables as kind, spelling and meaning: keys, Chinese names, local spellings, drug names."""
    for kind, name in DICTIONARIES.items():
        for row in table(ROOT / "formulary" / f"{name}.csv"):
            yield kind, row[kind], row[kind]
            yield kind, row["zh"], row[kind]
    for row in table(ROOT / "formulary" / "spellings.csv"):
        if row["kind"] in DICTIONARIES:
            yield row["kind"], row["spelling"], row["code"]
    for row in table(ROOT / "formulary" / "names.csv"):
        yield "name", row["name"], row["target"]
    for name in ("drugs", "herbs"):
        for row in table(ROOT / "formulary" / f"{name}.csv"):
            generic = row["generic" if name == "drugs" else "herb"]
            yield "name", generic, generic


WORDS = sorted(set(written_words()))


def spelt(kind: str) -> list[tuple[str, str]]:
    return [(fold(word), code) for found, word, code in WORDS if found == kind]


def test_the_oracle_is_sorted_says_why_and_names_real_things():
    assert sorted({(row.kind, row.written) for row in VARIANTS}) == [(row.kind, row.written) for row in VARIANTS]
    assert [row for row in VARIANTS if not row.why.strip() or not row.written.strip()] == []
    real = {(kind, code) for kind, _, code in WORDS}
    assert [row for row in VARIANTS if row.means != REFUSED and (row.kind, row.means) not in real] == []
    for kind in KINDS:
        rows = Counter(row.means == REFUSED for row in VARIANTS if row.kind == kind)
        assert min(rows[True], rows[False]) >= 30


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_understood_as_something_else(kind):
    wrong = {
        row.written: (row.means, found, row.why)
        for row in VARIANTS
        if row.kind == kind and (found := understood(kind, row.written)) not in (None, row.means)
    }
    assert wrong == {}


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_one_meaning_is_understood(kind):
    unread = {
        (kind, row.written)
        for row in VARIANTS
        if row.kind == kind and row.means != REFUSED and understood(kind, row.written) is None
    }
    assert unread == set()


@pytest.mark.parametrize(("one", "other"), LOOKALIKES)
def test_lookalikes_are_never_read_as_each_other(one, other):
    meant = [understood("name", one), understood("name", other)]
    assert meant != [None, None]
    assert meant[0] != meant[1]


@st.composite
def typed(draw: st.DrawFn) -> tuple[str, str, str]:
    """A known word as another keyboard types it: full-width, in another case, with spaces."""
    kind, word, code = draw(st.sampled_from(WORDS))
    shapes = st.sampled_from(("as it is", "full", "upper", "lower"))
    spaces = st.sampled_from(("", "", "", " ", "　", "\t", "\u00a0"))
    letters = []
    for letter in word:
        match draw(shapes):
            case "full" if "!" <= letter <= "~":
                letters.append(chr(ord(letter) + 0xFEE0))
            case "upper":
                letters.append(letter.upper())
            case "lower":
                letters.append(letter.lower())
            case _:
                letters.append(letter)
        letters.append(draw(spaces))
    return kind, draw(spaces) + "".join(letters), code


@given(typed())
def test_how_a_known_word_is_typed_never_changes_its_meaning(word):
    kind, written, code = word
    assert understood(kind, written) == code


def test_no_two_rows_fold_to_one_spelling_with_two_meanings():
    meanings: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, word, code in WORDS:
        meanings[kind, fold(word)].add(code)
    assert {word: codes for word, codes in meanings.items() if len(codes) > 1} == {}


def test_every_row_is_what_the_resolver_answers():
    assert [(kind, word, code) for kind, word, code in WORDS if understood(kind, word) != code] == []


@pytest.mark.parametrize("kind", list(DICTIONARIES))
def test_no_spelling_leaves_a_choice_open(kind):
    open_to_choice = re.compile(r"[?]|或|[0-9一二三四五六][-~至到][0-9一二三四五六](?!五)|数次|不超过|至多|最多|[≤]")
    assert [word for word, _ in spelt(kind) if open_to_choice.search(word)] == []


def number(word: str) -> Decimal:
    if word in _WORDS:
        return Decimal(_WORDS[word])
    if word.isdecimal():
        return Decimal(word)
    tens, _, ones = word.partition("十")
    return Decimal(_WORDS.get(tens, 1) * 10 + _WORDS.get(ones, 0))


def literal_rate(word: str) -> tuple[Decimal, Decimal] | None:
    """Times and hours that a spelling says by its own digits, or None if it says them otherwise."""
    for pattern, order in _RATES:
        if (match := pattern.fullmatch(word)) is None:
            continue
        one, two = match.groups()
        if order == "times":
            return number(one), Decimal(_HOURS[two])
        if order == "span first":
            return number(two), Decimal(_HOURS[one])
        if (one, two) == ("半", "年"):
            one, two = "6", "月"
        # 隔两日 leaves two days out; 每隔12小时 is every twelve hours.
        left_out = 1 if order == "after" and _HOURS[two] >= 24 else 0
        return Decimal(1), (number(one) + left_out) * _HOURS[two]
    return None


@pytest.mark.parametrize(
    ("word", "times", "hours"),
    [
        ("3次/日", 3, 24),
        ("每日三次", 3, 24),
        ("1日2次", 2, 24),
        ("2日1次", 1, 48),
        ("一周两次", 2, 168),
        ("q8h", 1, 8),
        ("每四十八小时一次", 1, 48),
        ("1次/12小时", 1, 12),
        ("隔两日一次", 1, 72),
        ("每隔12小时一次", 1, 12),
        ("半小时一次", 1, Decimal("0.5")),
    ],
)
def test_the_digits_are_read_here_as_a_person_reads_them(word, times, hours):
    assert literal_rate(word) == (times, hours)


def test_a_frequency_is_what_its_digits_say():
    frequencies = shipped().formulary.frequencies
    literal = [(word, code, rate) for word, code in spelt("frequency") if (rate := literal_rate(word)) is not None]
    assert len(literal) > 700
    wrong = []
    for word, code, (times, hours) in literal:
        row = frequencies[code]
        if row.times is None or row.period is None:
            wrong.append((word, code))
            continue
        hourly = times == 1 and hours < 24 and 24 % hours
        # Every five hours is 4.8 times a day: five on a day, so that the day's dose is not taken for less.
        expected = (ceil(24 / hours), 1) if hourly else (times * row.period * 24, hours)
        if row.times * expected[1] != expected[0]:
            wrong.append((word, code))
    assert wrong == []


def test_as_needed_is_never_countable():
    needed = re.compile("prn|p\\.r\\.n|sos|s\\.o\\.s|必要时|需要时|按需|痛时|热时|发作时|不适时|备用")
    frequencies = shipped().formulary.frequencies
    found = [(word, code) for word, code in spelt("frequency") if needed.search(word)]
    assert len(found) > 150
    assert [(word, code) for word, code in found if frequencies[code].times is not None] == []


def test_a_measured_unit_is_what_its_word_says():
    senses = {word: unit for unit, words in MEASURES.items() for word in words.split()}
    units = shipped().formulary.units
    wrong = []
    for word, code in spelt("unit"):
        if units[code].factor is None and not units[code].legal and code not in senses.values():
            # 勺, 份: known to be written, and known to measure nothing.
            continue
        core = word.removesuffix("/次") or word
        parts = [part for part in re.split(r"[()]", core) if part]
        said = {senses.get(part) for part in parts}
        measured = units[code].dimension not in ("count", "pack", "packet")
        if (measured or said != {None}) and said != {code}:
            wrong.append((word, code))
    assert wrong == []
    assert [word for word, _ in spelt("unit") if re.search("[0-9半一二三百千亿](?!克)", word)] == []


@pytest.mark.parametrize(("part", "given_there"), PLACES.items())
def test_a_route_is_where_its_word_says(part, given_there):
    named = [(word, code) for word, code in spelt("route") if re.search(part, word)]
    assert named
    assert [(word, code) for word, code in named if code not in given_there] == []
