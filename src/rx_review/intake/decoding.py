"""Bytes to text: UTF-8 or GB18030 as the profile says. A broken byte spoils the sheet that holds it, not the file."""

from __future__ import annotations

import re

from rx_review.errors import Fault, InputError
from rx_review.library.site import Site

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# What `surrogateescape` makes of a byte that it cannot read.
_BROKEN = re.compile("[\udc80-\udcff]")


def decode_file(data: bytes, site: Site, shown: str) -> tuple[str, str]:
    """The text of a file and its encoding; bytes that cannot be read stay in it, see `broken_at`.

    Raises:
        InputError: if the file says itself that it is in another encoding than the profile.
    """
    if data.startswith(_UTF16_MARKS):
        zh = "文件是 UTF-16 编码；请保存为 UTF-8 或 GB18030"
        raise InputError(Fault(shown, "UTF-16", "save the file as UTF-8 or GB18030", zh))
    marked = data.startswith(_UTF8_MARK)
    if marked and site.encoding == "gb18030":
        raise InputError(
            Fault(
                shown,
                "begins with the mark of UTF-8, and the profile says GB18030",
                "set `encoding: auto` in the profile, or export GB18030",
                "文件带 UTF-8 标记（BOM），而对接配置为 gb18030；请改为 encoding: auto，或导出 GB18030",
            )
        )
    encoding = "utf-8" if marked else _encoding(data) if site.encoding == "auto" else site.encoding
    return data.decode(encoding, "surrogateescape").removeprefix("\ufeff"), encoding


def _encoding(data: bytes) -> str:
    for encoding, part in (("utf-8", data), ("gb18030", data)):
        try:
            part.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    # Neither fits the whole: what the first line with anything but ASCII is.
    line = next((line for line in data.split(b"\n") if not line.isascii()), b"")
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def is_broken(text: str) -> bool:
    """Whether a byte of the text could not be read."""
    return _BROKEN.search(text) is not None


def broken_at(text: str, encoding: str, place: str) -> Fault | None:
    """The fault of a part of the text in which a byte could not be read, or None."""
    found = _BROKEN.search(text)
    if found is None:
        return None
    name, byte = encoding.upper(), ord(found[0]) - 0xDC00
    return Fault(
        place,
        f"not {name}: byte 0x{byte:02X} at character {found.start() + 1}",
        f"send {name} throughout; a text may have been cut in the middle of a character",
        f"第 {found.start() + 1} 个字符处的字节 0x{byte:02X} 不是 {name}；请统一编码，并检查是否在汉字中间截断",
    )
