"""What is wrong with an export, in words: what, what to do, and both in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from rx_review.errors import Fault

_KEEP = "keep this file and ask the county for the store as it is"
_KEEP_ZH = "请保全本文件，并向县里调取现存数据库"

_STORE = "keep the database as it is, with its backups, and ask who had access to it"
_STORE_ZH = "请保全数据库及其备份，并查明何人访问过"

_WORDS: Mapping[str, tuple[str, str, str]] = {
    "line": ("{what}", _KEEP, "{zh}；" + _KEEP_ZH),
    "long": ("a line of more than {most} bytes", _KEEP, "一行超过 {most} 字节；" + _KEEP_ZH),
    "header": ("a second first line", _KEEP, "又出现一个首行；" + _KEEP_ZH),
    "entry-digest": ("entry {id} does not give its digest: body, salt or digest was changed", _KEEP,
                     "记录 {id} 与其摘要不符：内容、盐值或摘要被改动；" + _KEEP_ZH),
    "entry-order": ("entry {id} stands after entry {before}: out of order, or twice", _KEEP,
                    "记录 {id} 排在记录 {before} 之后：次序被改动或重复；" + _KEEP_ZH),
    "entry-loose": ("entry {id} stands under no seal: put in, or its seal taken out", _KEEP,
                    "记录 {id} 不在任何封条之下：系插入，或其封条被删去；" + _KEEP_ZH),
    "seal-count": ("seal {number} took up {count} entries, and {seen} follow: taken out or put in", _KEEP,
                   "第{number}号封条应有记录 {count} 条，实有 {seen} 条：有删去或插入；" + _KEEP_ZH),
    "seal-head": ("seal {number} is not that of the {count} entries that follow it: one of them, or the seal, was"
                  " changed or exchanged", _KEEP,
                  "第{number}号封条与其下 {count} 条记录不符：记录或封条被改动、调换；" + _KEEP_ZH),
    "seal-missing": ("seal {number} follows seal {before}: {missing} taken out", _KEEP,
                     "第{before}号封条之后是第{number}号：缺 {missing} 个封条；" + _KEEP_ZH),
    "seal-order": ("seal {number} stands after seal {before}: out of order, or twice", _KEEP,
                   "第{number}号封条排在第{before}号之后：次序被改动或重复；" + _KEEP_ZH),
    "seal-previous": ("seal {number} does not follow seal {before} as it stands here: one of the two was exchanged",
                      _KEEP, "第{number}号封条与本文件中的第{before}号不相衔接：其一被调换；" + _KEEP_ZH),
    "seal-first": ("seal {number} begins at entry {first} of the chain, where {wanted} is next", _KEEP,
                   "第{number}号封条起于全链第 {first} 条，应为第 {wanted} 条；" + _KEEP_ZH),
    "seal-time": ("seal {number} was made at {at}, before the seal that it follows ({before})", _KEEP,
                  "第{number}号封条的时间 {at} 早于前一封条（{before}）；" + _KEEP_ZH),
    "seal-county": ("it is of {county}, the export of {wanted}", _KEEP,
                    "属于{county}，而本文件属于{wanted}；" + _KEEP_ZH),
    "key-other": ("signed with another key: {key}", "give every public key that the county has used, or " + _KEEP,
                  "由其他密钥签名：{key}；请给出本县用过的全部公钥，否则" + _KEEP_ZH),
    "key-old": ("signed with {key}, which another key had replaced", _KEEP, "由已被更换的密钥 {key} 签名；" + _KEEP_ZH),
    "algorithm": ("its algorithm, {algorithm}, is not that of its key, {wanted}", _KEEP,
                  "所称算法 {algorithm} 与密钥的算法 {wanted} 不符；" + _KEEP_ZH),
    "algorithm-unknown": ("no such signing algorithm here: {algorithm}", "install the extra that brings it",
                          "本机没有签名算法 {algorithm}；请安装相应扩展"),
    "signature": ("the signature is not of this text", _KEEP, "签名与内容不符；" + _KEEP_ZH),
    "checkpoint-differs": ("seal {number} is not the one that the checkpoint saw at {at}: the chain was written anew",
                           _KEEP, "第{number}号封条与 {at} 留存的检查点不同：链被重写；" + _KEEP_ZH),
    "checkpoint-cut": ("it saw seal {number} at {at}, and the export ends with seal {last}: {missing} cut off, entries"
                       " up to {entry}", "compare the instants: is the export the older one? Else " + _KEEP,
                       "留存时已有第{number}号封条（{at}），而本文件止于第{last}号：截去封条 {missing} 个，记录至第"
                       " {entry} 条；请先核对本文件是否更早导出，否则" + _KEEP_ZH),
    "checkpoint-missing": ("it saw seal {number} at {at}, which the export leaves out", _KEEP,
                           "留存时的第{number}号封条（{at}）在本文件中缺失；" + _KEEP_ZH),
    "after-end": ("something follows the closing line", _KEEP, "结束行之后还有内容；" + _KEEP_ZH),
    "no-end": ("the closing line is missing: the file was cut", "fetch the export again",
               "缺结束行：文件不完整；请重新导出"),
    "end-counts": ("the closing line counts {seals} seals and {entries} entries; {seen_seals} and {seen_entries} are"
                   " here", "fetch the export again",
                   "结束行计封条 {seals} 个、记录 {entries} 条，实有 {seen_seals} 个、{seen_entries} 条；请重新导出"),
    "end-bytes": ("the file is not the one that was written: the closing line has another SHA-256",
                  "fetch the export again", "文件与导出时不同：结束行的 SHA-256 不符；请重新导出"),
    "stored-astray": ("{count} rows of the audit name seal {number}, which is not there: it was taken out", _STORE,
                      "{count} 条审计记录指向不存在的第{number}号封条：封条被删去；" + _STORE_ZH),
    "stored-half": ("of entry {id} only one of salt and body is left: erasure takes both", _STORE,
                    "记录 {id} 的盐值与内容只剩其一：依法销毁应同时销毁两者；" + _STORE_ZH),
    "stored-open-erased": ("entry {id} was erased before any seal took it up", _STORE,
                           "记录 {id} 尚未封存即被抹去；" + _STORE_ZH),
    "stored-columns": ("entry {id}: the columns beside the body say something else than it: {names}", _STORE,
                       "记录 {id} 的检索列与内容不符：{names}；" + _STORE_ZH),
    "stored-review-altered": ("not what was decided from: {parts} of this review of prescription {prescription} have"
                              " other digests than entry {id} of the audit names", _STORE,
                              "处方 {prescription} 的这次审核被改动：{parts} 与审计记录 {id} 所载摘要不符；"
                              + _STORE_ZH),
    "stored-review-columns": ("the columns beside the decision say something else than it: {names}", _STORE,
                              "检索列与审核结果不符：{names}；" + _STORE_ZH),
    "stored-review-unnoted": ("no entry of the audit tells of this review of prescription {prescription}", _STORE,
                              "处方 {prescription} 的这次审核没有对应的审计记录；" + _STORE_ZH),
    "stored-review-alone": ("its prescription is not there", _STORE, "其处方已不存在；" + _STORE_ZH),
    "stored-review-gone": ("entry {id} tells of a review at {at} that is not there", _STORE,
                           "记录 {id} 所载 {at} 的审核已不存在；" + _STORE_ZH),
    "stored-state": ("its state is {state}, and the last entry of the audit says {told}", _STORE,
                     "其状态为 {state}，而最后一条审计记录为 {told}；" + _STORE_ZH),
}  # fmt: skip


def fault(kind: str, where: str, **values: object) -> Fault:
    """A fault of that kind; `values` are what its words name."""
    what, do, zh = (text.format(**values) for text in _WORDS[kind])
    return Fault(where, what, do, zh)


def of_store(found: Fault) -> Fault:
    """A fault of an export, said of the database itself."""
    return Fault(found.where, found.what, found.do.replace(_KEEP, _STORE), found.zh.replace(_KEEP_ZH, _STORE_ZH))
