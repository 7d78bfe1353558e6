"""A formulary of a few rows, written as the CSV files of a real one, and sheets to build facts from."""

import csv
import io
import json
from pathlib import Path

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import read_prescription
from rx_review.facts.build import FactBuilder
from rx_review.library.formulary import Formulary
from rx_review.library.indexing import build_formulary
from rx_review.library.rows import TABLES, columns
from rx_review.library.tables import read_tables

SHARED = {"source": "S", "from": "2020-01-01", "checked": "false", "recalled": "false"}


def rows(header: str, text: str) -> list[dict[str, str]]:
    """Rows written as lines; a dash is an empty cell."""
    names = header.split()
    found = [dict(zip(names, line.split(), strict=True)) for line in text.strip().splitlines()]
    return [{name: "" if cell == "-" else cell for name, cell in row.items()} for row in found]


CORE = {
    "sources": [{"source": "S", "title": "a source", "kind": "label"}],
    "topics": [{"topic": "quantity", "zh": "用量", "en": "quantities", "family": "law"}],
    "units": rows(
        "unit zh dimension factor",
        """
        IU 国际单位 activity 1
        U 单位 activity 1
        g 克 mass 1000000
        kg 千克 mass 1000000000
        mg 毫克 mass 1000
        ml 毫升 volume 1
        ug 微克 mass 1
        万U 万单位 activity 10000
        丸 丸 count 1
        剂 剂 packet 1
        喷 喷 count -
        支 支 count 1
        枚 枚 count 1
        滴 滴 count -
        片 片 count 1
        瓶 瓶 count 1
        盒 盒 pack -
        粒 粒 count 1
        袋 袋 count 1
        贴 贴 count 1
        """,
    ),
    "forms": rows(
        "form zh en counts_as route release solid",
        """
        capsule 胶囊 capsule capsule oral immediate true
        cream 乳膏 cream cream topical immediate false
        eye_drops 滴眼剂 eyedrops eye_drops topical immediate false
        film_tablet 薄膜衣片 film-tablet tablet oral immediate true
        granules 颗粒 granules granules oral immediate false
        inhalation_aerosol 吸入气雾剂 inhaler inhalation_aerosol inhaled immediate false
        injection 注射液 injection injection injection immediate false
        oral_drops 滴剂 drops oral_drops oral immediate false
        patch 透皮贴剂 patch patch other immediate true
        pill 丸 pill pill oral immediate true
        powder_injection 注射用无菌粉末 powder powder_injection injection immediate false
        suppository 栓 suppository suppository rectal immediate true
        sustained_tablet 缓释片 sustained-tablet sustained_tablet oral sustained true
        syrup 糖浆 syrup syrup oral immediate false
        tablet 片 tablet tablet oral immediate true
        """,
    ),
    "routes": rows(
        "route zh en group infusion systemic countable",
        """
        eye 滴眼 eye topical false false false
        im 肌内注射 im injection false true true
        inhaled 吸入 inhaled inhaled false false false
        iv_drip 静脉滴注 infusion injection true true true
        po 口服 po oral false true true
        rectal 直肠给药 rectal rectal false true true
        sc 皮下注射 sc injection false true true
        topical 外用 topical topical false false false
        transdermal 透皮贴敷 transdermal other false true true
        """,
    ),
    "frequencies": rows(
        "frequency zh times period",
        """
        bid 每日两次 2 1
        biw 每周两次 2 7
        prn 必要时 - -
        q36h 每36小时一次 2 3
        q72h 每72小时一次 1 3
        q8h 每8小时一次 3 1
        qd 每日一次 1 1
        qid 每日四次 4 1
        qod 隔日一次 1 2
        qw 每周一次 1 7
        st 立即 1 -
        tid 每日三次 3 1
        """,
    ),
    "drugs": rows(
        "drug generic kind form strength amount amount_unit volume dose_unit pack route",
        """
        D01 阿莫西林 western capsule 0.25g 0.25 g - 粒 24 oral
        D02 阿莫西林 western capsule 0.5g 0.5 g - 粒 - oral
        D03 二甲双胍 western tablet 0.5g 0.5 g - 片 20 oral
        D04 二甲双胍 western sustained_tablet 0.5g 0.5 g - 片 30 oral
        D05 布洛芬 western tablet 0.2g 0.2 g - 片 100 oral
        D06 布洛芬 western cream 5% - - - 支 1 topical
        D07 头孢曲松 western powder_injection 1g 1 g - 支 - injection
        D08 氨溴索 western injection 2ml:15mg 15 mg 2 支 5 injection
        D09 氨溴索 western syrup 100ml:0.6g 0.6 g 100 瓶 - oral
        D10 胰岛素 western injection 3ml:300IU 300 IU 3 支 - injection
        D11 青霉素 western powder_injection 80万U 80 万U - 支 - injection
        D12 感冒清热颗粒 patent granules 12g - - - 袋 10 oral
        D13 芬太尼 western patch 4.2mg 4.2 mg - 贴 5 other
        D14 左氧氟沙星 western eye_drops 5ml:24.4mg 24.4 mg 5 支 1 topical
        D15 沙丁胺醇 western inhalation_aerosol 100ug 100 ug - 支 1 inhaled
        D16 氯化钠 western injection 100ml:0.9g 0.9 g 100 瓶 - injection
        D17 氨酚伪麻片 western tablet - - - - 片 12 oral
        D18 消渴丸 patent pill 0.25g - - - 丸 200 oral
        D19 左甲状腺素钠 western tablet 50ug 50 ug - 片 100 oral
        D20 维生素D western oral_drops - - - - 瓶 1 oral
        D21 格列本脲 western tablet 2.5mg 2.5 mg - 片 100 oral
        D22 对乙酰氨基酚 western tablet 0.5g 0.5 g - 片 20 oral
        D23 对乙酰氨基酚 western suppository 0.15g 0.15 g - 枚 10 rectal
        D24 左氧氟沙星 western tablet 0.5g 0.5 g - 片 - oral
        D25 华法林 western tablet 2.5mg 2.5 mg - 片 60 oral
        D26 葡萄糖 western injection 250ml:12.5g 12.5 g 250 瓶 - injection
        """,
    ),
    "ingredients": rows(
        "generic ingredient amount amount_unit hidden",
        """
        二甲双胍 二甲双胍 - - false
        华法林 华法林 - - false
        头孢曲松 头孢曲松 - - false
        对乙酰氨基酚 对乙酰氨基酚 - - false
        左氧氟沙星 左氧氟沙星 - - false
        左甲状腺素钠 左甲状腺素 - - false
        布洛芬 布洛芬 - - false
        感冒清热颗粒 荆芥穗 - - false
        格列本脲 格列本脲 - - false
        氨溴索 氨溴索 - - false
        氨酚伪麻片 伪麻黄碱 30 mg true
        氨酚伪麻片 对乙酰氨基酚 325 mg true
        氯化钠 氯化钠 - - false
        沙丁胺醇 沙丁胺醇 - - false
        消渴丸 格列本脲 0.25 mg true
        维生素D 维生素D - - false
        胰岛素 胰岛素 - - false
        芬太尼 芬太尼 - - false
        葡萄糖 葡萄糖 - - false
        阿莫西林 阿莫西林 - - false
        青霉素 青霉素 - - false
        """,
    ),
    "classes": rows(
        "ingredient class",
        """
        二甲双胍 biguanide
        对乙酰氨基酚 antipyretic
        布洛芬 nsaid
        格列本脲 sulfonylurea
        氯化钠 solvent
        葡萄糖 solvent
        阿莫西林 penicillin
        青霉素 penicillin
        """,
    ),
    "class_names": rows(
        "class zh en duplicate",
        """
        antipyretic 解热镇痛药 antipyretic moderate
        biguanide 双胍类 biguanide major
        nsaid 非甾体抗炎药 NSAID major
        penicillin 青霉素类 penicillin major
        solvent 溶媒 solvent -
        sulfonylurea 磺脲类 sulfonylurea major
        """,
    ),
    "names": rows(
        "name kind target",
        """
        消心痛灵 brand 布洛芬
        阿莫仙 brand 阿莫西林
        青霉素G钠 salt 青霉素
        """,
    ),
    "herbs": rows(
        "herb family minimum maximum footnote footnote_critical toxic",
        """
        姜半夏 半夏 3 9 - false false
        法半夏 半夏 3 9 - false false
        甘草 甘草 2 10 - false false
        生川乌 川乌 - - 先煎 true true
        薄荷 薄荷 3 6 后下 false false
        附片 附子 3 15 先煎 true false
        """,
    ),
    "allergens": rows("allergen target", "青霉素类 class:penicillin"),
    "diagnoses": rows("code zh kind", "J45 哮喘 western\nZ00 体检 western"),
    "diagnosis_groups": rows("group zh en prefix", "asthma 哮喘 asthma J45\nchronic_disease 慢性病 chronic I10"),
    "institutions": rows("institution name tier", "C1 县医院 county\nT1 镇卫生院 township\nV1 村卫生室 village"),
    "listings": rows("generic form tier status", "阿莫西林 - village listed"),
    "parameters": rows(
        "parameter value unit zh en",
        """
        pregnancy_age_from_years 12 year 起 from
        pregnancy_age_until_years 55 year 止 until
        """,
    ),
    "wordings": rows("kind wording", "diagnosis 取药\nusage 遵医嘱"),
    "essential_editions": rows("edition zh items complete", "2026 目录 1 true"),
}


def write_formulary(folder: Path, **tables: list[dict[str, str]]) -> Path:
    """Write CORE with whole tables replaced, each sorted by its key as the checks ask."""
    for model in TABLES:
        header = columns(model)
        written = [
            {**{name: SHARED.get(name, "") for name in header}, **_defaults(model, header), **row}
            for row in tables.get(model.table, CORE.get(model.table, []))
        ]
        keys = [model.model_fields[name].alias or name for name in model.key]
        written.sort(key=lambda row, keys=keys: (*(row[key] for key in keys), row.get("from", "")))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, header, lineterminator="\n", extrasaction="raise")
        writer.writeheader()
        writer.writerows({name: row[name] for name in header} for row in written)
        (folder / f"{model.table}.csv").write_text(text.getvalue(), encoding="utf-8")
    return folder


def _defaults(model: type, header: tuple[str, ...]) -> dict[str, str]:
    """Flags are false where a row does not say; clinical words have a filler."""
    found = {}
    for name in header:
        field = next((f for n, f in model.model_fields.items() if (f.alias or n) == name), None)
        if field is not None and field.annotation is bool:
            found[name] = "true" if (model.table, name) == ("units", "legal") else "false"
    for name in ("consequence_zh", "consequence_en"):
        if name in header:
            found[name] = "后果" if name.endswith("zh") else "harm"
    if "scope" in header:
        found["scope"] = "systemic"
    return found


def formulary(folder: Path, **tables: list[dict[str, str]]) -> Formulary:
    """A formulary of CORE and the given tables, read from the files."""
    folder.mkdir(parents=True, exist_ok=True)
    return build_formulary(read_tables(write_formulary(folder, **tables)), {})


SHEET = {
    "number": "A1",
    "setting": "outpatient",
    "institution": "C1",
    "issued_at": "2026-11-01T09:30:00+08:00",
    "patient": {"sex": "female", "birth_date": "1980-01-01"},
    "diagnoses": [{"text": "哮喘", "code": "J45.900"}],
}


def sheet(*lines: dict, **fields: object) -> dict:
    """A sheet as it is sent, with its lines numbered."""
    numbered = [{"line": number, **line} for number, line in enumerate(lines, 1)]
    return {**SHEET, "lines": numbered, **fields}


def facts(known: Formulary | FactBuilder, *lines: dict, **fields: object):
    """Every case of a sheet, by subject."""
    builder = known if isinstance(known, FactBuilder) else FactBuilder(known)
    read = read_prescription(json.dumps(sheet(*lines, **fields)))
    return builder.build(read, NOTHING_KNOWN, read.issued_at).cases


def told(case, name: str) -> int | str:
    """What a case knows of a fact; `?` and the cause where it is unknown."""
    value = case.known(name)
    return f"?{case.cause(name)}" if value is None else value
