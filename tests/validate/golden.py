"""The reports of the shop as they are expected, byte by byte, in `golden/`.

After a change that is meant: python -m tests.validate.golden
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from .shop import RULES, files, gitops, write

FOLDER = Path(__file__).parent / "golden"
FILES = {
    "text": "report.txt",
    "json": "report.json",
    "junit": "junit.xml",
    "sarif": "report.sarif",
    "gitlab": "gl-code-quality-report.json",
    "github": "commands.txt",
    "tap": "report.tap",
}


def stable(name: str, text: str) -> str:
    """Leave the rules' own documentation out of a SARIF log: docs/rules.md is about that."""
    if name != "sarif":
        return text
    log = json.loads(text)
    for rule in log["runs"][0]["tool"]["driver"]["rules"]:
        rule["help"]["text"] = rule["shortDescription"]["text"] = "..."
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the files anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), files())
        for name, file in FILES.items():
            done = gitops(Path(folder), "validate", "--select", RULES, "--output", name)
            (FOLDER / file).write_text(stable(name, done.out), "utf-8")


if __name__ == "__main__":
    main()
