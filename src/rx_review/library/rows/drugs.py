"""What medicines are: names, composition, classes, lists, forms and units."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from rx_review.library.rows.dated import Flag, Maybe, Number, Row, Text, Tier, column, plain_number


class Drug(Row):
    """A medicine as it is prescribed: generic, form and strength. Legal classes sit here, never on an ingredient."""

    table: ClassVar[str] = "drugs"
    key: ClassVar[tuple[str, ...]] = ("drug",)
    about: ClassVar[str] = "药品（通用名＋剂型＋规格）· a drug as prescribed"

    drug: Annotated[Text, column("药品编码", "W006-01", "our code")]
    generic: Annotated[Text, column("通用名", "阿莫西林", "generic name without salt and form")]
    kind: Annotated[
        Literal["western", "patent", "granule"],
        column("类别", "western", "western, Chinese patent medicine, formula granule; herbs are in herbs.csv"),
    ]
    form: Annotated[Text, column("剂型", "capsule", "key of forms.csv")]
    strength: Annotated[Maybe, column("规格", "0.25g", "as the list prints it")] = None
    amount: Annotated[Number, column("单位含量", "0.25", "active amount in one dose unit")] = None
    amount_unit: Annotated[Maybe, column("含量单位", "g", "key of units.csv: mass or activity")] = None
    volume: Annotated[Number, column("容量", "10", "ml in one dose unit, for liquids")] = None
    dose_unit: Annotated[Maybe, column("制剂单位", "粒", "what one counts: 片 粒 支 袋 瓶; key of units.csv")] = None
    pack: Annotated[Number, column("包装数", "24", "dose units in a pack, where the product has one pack")] = None
    route: Annotated[Maybe, column("途径组", "oral", "route group the form is made for")] = None
    control: Annotated[
        Literal["", "narcotic", "psychotropic_1", "psychotropic_2"],
        column("麻精类别", "psychotropic_2", "class of THIS product on these dates"),
    ] = ""
    toxic: Annotated[Flag, column("毒性", "false", "医疗用毒性药品 as a product")] = False
    antimicrobial: Annotated[
        Literal["", "unrestricted", "restricted", "special"],
        column("抗菌分级", "unrestricted", "province's tier; empty = not antimicrobial or tier unknown"),
    ] = ""
    high_alert: Annotated[Flag, column("高警示", "false", "high-alert medicine")] = False


class Ingredient(Row):
    """What is inside a generic, hidden actives of compounds and patent medicines included."""

    table: ClassVar[str] = "ingredients"
    key: ClassVar[tuple[str, ...]] = ("generic", "ingredient")
    about: ClassVar[str] = "组成 · composition of each generic"

    generic: Annotated[Text, column("通用名", "消渴丸", "as in drugs.csv")]
    ingredient: Annotated[Text, column("成分", "格列本脲", "active ingredient")]
    amount: Annotated[
        Number, column("含量", "0.25", "in one dose unit; empty: the drug's own amount if single, else unknown")
    ] = None
    amount_unit: Annotated[Maybe, column("单位", "mg", "key of units.csv")] = None
    hidden: Annotated[Flag, column("隐含", "true", "the name does not tell: it hides in a compound")] = False


class ClassMember(Row):
    """An ingredient belongs to a pharmacological class."""

    table: ClassVar[str] = "classes"
    key: ClassVar[tuple[str, ...]] = ("ingredient", "class_")
    about: ClassVar[str] = "药理分类 · ingredient to class"

    ingredient: Annotated[Text, column("成分", "布洛芬", "active ingredient")]
    class_: Annotated[Text, Field(alias="class"), column("类", "nsaid", "key of class_names.csv")]


class ClassName(Row):
    """A pharmacological class and whether two of it at once is a duplicate."""

    table: ClassVar[str] = "class_names"
    key: ClassVar[tuple[str, ...]] = ("class_",)
    about: ClassVar[str] = "类名 · names of classes"

    class_: Annotated[Text, Field(alias="class"), column("类", "nsaid", "the key others use")]
    zh: Annotated[Text, column("中文", "非甾体抗炎药", "Chinese name")]
    en: Annotated[Text, column("英文", "NSAID", "English name")]
    duplicate: Annotated[
        Literal["", "major", "moderate"],
        column("同类重复", "major", "grade of two systemic drugs of this class at once; empty = allowed"),
    ] = ""


class Name(Row):
    """Another name of a drug or herb: brand, salt, alias, processed form."""

    table: ClassVar[str] = "names"
    key: ClassVar[tuple[str, ...]] = ("name",)
    about: ClassVar[str] = "别名 · other names, matched exactly"

    name: Annotated[Text, column("名称", "扑热息痛", "as written")]
    kind: Annotated[
        Literal["salt", "alias", "brand", "irregular", "processed"],
        column("类别", "alias", "what kind of name; irregular: an abbreviation, a number, an old or folk name"),
    ]
    target: Annotated[Text, column("指向", "对乙酰氨基酚", "generic of drugs.csv or herb of herbs.csv")]


class Essential(Row):
    """One printed presentation of the national essential medicines list."""

    table: ClassVar[str] = "essential"
    key: ClassVar[tuple[str, ...]] = ("edition", "entry", "generic", "salt", "form", "strength")
    about: ClassVar[str] = "国家基本药物 · by active, form and edition"

    edition: Annotated[Text, column("版", "2026", "key of essential_editions.csv")]
    entry: Annotated[Text, column("序号", "W006", "W = chemical and biological, Z = Chinese patent")]
    generic: Annotated[Text, column("通用名", "阿莫西林", "as in drugs.csv")]
    salt: Annotated[Maybe, column("盐基", "钠盐", "where the list prints one")] = None
    form: Annotated[Text, column("剂型", "capsule", "key of forms.csv")]
    strength: Annotated[Maybe, column("规格", "0.25g", "empty = any approved strength of that form")] = None
    specialist: Annotated[Flag, column("△", "false", "only by or guided by a qualified specialist")] = False


class EssentialEdition(Row):
    """An edition of the list and the days on which it is the list."""

    table: ClassVar[str] = "essential_editions"
    key: ClassVar[tuple[str, ...]] = ("edition",)
    about: ClassVar[str] = "基本药物目录版次 · editions"

    edition: Annotated[Text, column("版", "2026", "the key others use")]
    zh: Annotated[Text, column("名称", "国家基本药物目录（2026年版）", "title")]
    items: Annotated[int, column("品种数", "794", "items the list says it has")]
    complete: Annotated[Flag, column("完整", "true", "false: a drug not found in it is unknown, not non-essential")]


class Listing(Row):
    """A line of the community's one catalogue: which tier may prescribe it."""

    table: ClassVar[str] = "listings"
    key: ClassVar[tuple[str, ...]] = ("generic", "form", "tier")
    about: ClassVar[str] = "县域统一目录 · the community's catalogue by tier"

    generic: Annotated[Text, column("通用名", "阿莫西林", "as in drugs.csv, or a herb")]
    form: Annotated[Maybe, column("剂型", "capsule", "key of forms.csv; empty = every form")] = None
    tier: Annotated[Tier, column("层级", "village", "lowest tier that may prescribe it")]
    status: Annotated[Literal["listed", "restricted", "delisted"], column("状态", "listed", "listed or not")]


class Substitute(Row):
    """A drug that may be offered instead; never swapped automatically (药品管理法 73)."""

    table: ClassVar[str] = "substitutes"
    key: ClassVar[tuple[str, ...]] = ("generic", "substitute")
    about: ClassVar[str] = "可提示的替代 · offered, never swapped by itself"

    generic: Annotated[Text, column("通用名", "布洛芬", "what was prescribed")]
    substitute: Annotated[Text, column("替代", "对乙酰氨基酚", "generic offered instead, with its dose below")]
    form: Annotated[Text, column("剂型", "tablet", "key of forms.csv")]
    strength: Annotated[Text, column("规格", "0.5g", "of drugs.csv")]
    dose: Annotated[Decimal, BeforeValidator(plain_number), column("单次剂量", "0.5", "usual adult dose")]
    dose_unit: Annotated[Text, column("剂量单位", "g", "key of units.csv")]
    route: Annotated[Text, column("途径", "oral", "key of routes.csv")]
    frequency: Annotated[Text, column("频次", "tid", "key of frequencies.csv")]
