"""Reads the case files: a title, what is asked for, the file before, and the file after or the refusal.

    ===== title
    tag: v2                 what is asked for; also digest, name
    newline: crlf           how the files are stored; also "bom: yes" and "final newline: no"
    ----- before
    ...
    ----- after             or "refused", then the error's text, then its hint if it has one
    ...

`{digest1}` and `{digest2}` stand for two digests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DIGESTS = {"{digest1}": f"sha256:{'1' * 64}", "{digest2}": f"sha256:{'2' * 64}"}
NEWLINES = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


@dataclass(frozen=True)
class Case:
    title: str
    asked: dict[str, str]
    before: bytes
    after: bytes | None
    refusal: str

    def __str__(self) -> str:
        return self.title


def read_cases(path: Path) -> list[Case]:
    text = path.read_text(encoding="utf-8")
    for name, digest in DIGESTS.items():
        text = text.replace(name, digest)
    return [_case(block) for block in text.split("===== ")[1:]]


def _case(block: str) -> Case:
    head, _, rest = block.partition("----- before\n")
    title, *lines = head.splitlines()
    asked = dict(line.split(": ", 1) for line in lines)
    newline, bom, final = (asked.pop(key, "") for key in ("newline", "bom", "final newline"))
    before, _, rest = rest.partition("----- ")
    kind, _, end = rest.partition("\n")

    def stored(text: str) -> bytes:
        text = text.removesuffix("\n") if final == "no" else text
        return (b"\xef\xbb\xbf" if bom else b"") + text.replace("\n", NEWLINES[newline or "lf"]).encode()

    refused = kind == "refused"
    return Case(title, asked, stored(before), None if refused else stored(end), end if refused else "")
