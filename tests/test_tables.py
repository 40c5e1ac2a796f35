# SPDX-License-Identifier: MIT
"""Every row of a table in a Markdown file has as many cells as the others: a | within a cell is written \\|.

  test_tables.py SOURCE
"""
import pathlib
import re
import sys

wrong, rows = [], 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.md")):
    if path.relative_to(sys.argv[1]).parts[0].startswith("build"):
        continue
    cells = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        rows += found is not None
        if None not in (cells, found) and found != cells:
            wrong.append(f"{path}:{number}: {found - 1} cells, but {cells - 1} in the row above")
        cells = found
if wrong or not rows:
    sys.exit("\n".join(wrong) or "no tables were found")
