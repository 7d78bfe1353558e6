"""Prescriptions nobody wrote: any that the schema allows, in words that the small formulary knows and in others."""

from datetime import date

from hypothesis import strategies as st

CODES = st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._/\-]{0,10}", fullmatch=True)
# No control characters, surrogates or format characters; not blank.
WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
AMOUNTS = st.one_of(
    st.integers(0, 999_999_999),
    st.decimals(0, 999_999, places=6).map(lambda d: f"{d:f}"),
    st.sampled_from(["0.5", "1", "0.25", "100", "0.000001", "999999999.999999"]),
)
DAYS = st.dates(date(1900, 1, 1), date(2026, 10, 31)).map(str)
INSTANTS = st.sampled_from(
    ["2026-11-01T09:30:00+08:00", "2026-11-01T00:00:00+08:00", "2026-10-31T16:00:00Z", "2026-11-01 23:59+08:00",
     "2026-12-31T23:59:59.999999-05:00"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["阿莫西林", "布洛芬", "布洛芬乳膏", "二甲双胍", "注射用头孢曲松", "氨溴索注射液", "胰岛素", "甘草",
     "法半夏", "生川乌",
     "氨酚伪麻片", "消渴丸", "氯化钠", "芬太尼", "对乙酰氨基酚", "华法林", "维生素D", "某药"]
)  # fmt: skip
FORMS = st.sampled_from(["片", "胶囊", "注射液", "乳膏", "透皮贴剂", "缓释片", "糖浆", "不知"])
STRENGTHS = st.sampled_from(
    ["0.25g", "0.25g*24粒", "2ml:15mg", "0g", "9g/0ml", "5%", "0.5g*12片*2板", "80万U", "x", "0.0000001mg"]
)
UNITS = st.sampled_from(
    ["g", "mg", "ug", "kg", "ml", "IU", "U", "万U", "片", "粒", "支", "瓶", "袋", "盒", "滴", "剂", "坨"]
)
ROUTES = st.sampled_from(
    ["po", "im", "iv_drip", "topical", "eye", "inhaled", "rectal", "transdermal", "口服", "某途径"]
)
OFTEN = st.sampled_from(["qd", "bid", "tid", "q8h", "qod", "qw", "prn", "st", "q36h", "遵医嘱", "随便"])


def some(**fields: st.SearchStrategy) -> st.SearchStrategy[dict]:
    """An object with any of the fields, or none."""
    return st.fixed_dictionaries({}, optional=fields)


LINES = st.fixed_dictionaries(
    {"generic": NAMES | WORDS},
    optional={
        "product": CODES, "kind": st.sampled_from(["western", "patent", "herb", "granule"]), "form": FORMS,
        "strength": STRENGTHS | WORDS, "pack": AMOUNTS, "dose": AMOUNTS, "dose_unit": UNITS, "route": ROUTES,
        "frequency": OFTEN, "days": AMOUNTS, "quantity": AMOUNTS, "quantity_unit": UNITS,
        "group": st.integers(1, 3), "footnote": st.sampled_from(["先煎", "后下"]),
        "skin_test": st.sampled_from(["ordered", "negative", "positive", "exempt"]), "usage": WORDS,
    },
)  # fmt: skip
ALLERGIES = st.one_of(
    st.just({"status": "none"}),
    st.just({"status": "not_asked"}),
    st.lists(NAMES | WORDS, min_size=1, max_size=3).map(lambda items: {"status": "known", "items": items}),
)
MEASURED = st.fixed_dictionaries({"value": AMOUNTS}, optional={"on": DAYS})


def possible(patient):
    """Nobody is a man and pregnant."""
    maternal = patient.keys() & {"pregnancy", "gestation", "lactation"}
    return {**patient, "sex": "female"} if maternal else patient


PATIENTS = some(
    id=CODES, name=WORDS, sex=st.sampled_from(["male", "female", "unknown"]), birth_date=DAYS,
    age_written=st.sampled_from(["45岁", "8月", "12天", "0岁", "1岁3月", "老"]),
    weight=st.integers(1, 400), height=st.integers(20, 250),
    pregnancy=st.sampled_from(["pregnant", "not_pregnant"]), gestation=st.integers(0, 45), lactation=st.booleans(),
    allergies=ALLERGIES, egfr=MEASURED, crcl=MEASURED,
    hepatic=st.sampled_from(["normal", "mild", "moderate", "severe"]), identity_number=CODES,
).map(possible)  # fmt: skip
DIAGNOSES = st.fixed_dictionaries(
    {"text": st.sampled_from(["哮喘", "取药", "高血压", "咳嗽"]) | WORDS},
    optional={
        "code": st.sampled_from(["J45", "J45.901", "I10", "Z00.0", "O80"]),
        "kind": st.sampled_from(["western", "tcm_disease", "tcm_syndrome"]),
    },
)
REASONS = st.fixed_dictionaries(
    {
        "for": st.sampled_from(["quantity", "dose", "interaction", "contraindication", "catalogue", "other"]),
        "text": WORDS,
    },
    optional={"signed_again": st.booleans(), "lines": st.just([1])},
)
SIGNATURES = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["prescriber", "countersign", "reviewer", "dispenser", "checker", "issuer"]),
        "person": CODES, "at": INSTANTS, "revision": st.integers(1, 3),
    }
)  # fmt: skip


@st.composite
def prescriptions(draw: st.DrawFn) -> dict:
    """A prescription that the schema allows, as it is sent."""
    lines = draw(st.lists(LINES, min_size=1, max_size=4))
    first = {
        "number": draw(CODES),
        "setting": draw(st.sampled_from(["outpatient", "emergency", "observation", "ward", "discharge", "internet"])),
        "institution": draw(st.sampled_from(["C1", "T1", "V1", "X9"])),
        "issued_at": draw(INSTANTS),
        "patient": draw(PATIENTS),
        "lines": [{"line": number, **line} for number, line in enumerate(lines, 1)],
    }
    return first | draw(
        some(
            revision=st.integers(1, 3), stage=st.sampled_from(["draft", "signed", "charge", "supply"]),
            sheet=st.sampled_from(["ordinary", "emergency", "paediatric", "narcotic", "toxic", "herbal"]),
            visit=CODES, record_number=CODES, department=WORDS, payer=WORDS, valid_days=st.integers(1, 365),
            long_term=st.booleans(), diagnoses=st.lists(DIAGNOSES, max_size=3),
            prescriber=some(id=CODES, licence=st.sampled_from(["physician", "assistant", "rural_doctor"]),
                            independent=st.booleans()),
            decoction=st.fixed_dictionaries({"packets": st.integers(1, 30)}, optional={"frequency": OFTEN}),
            reasons=st.lists(REASONS, max_size=3), signatures=st.lists(SIGNATURES, max_size=4),
        )
    )  # fmt: skip
