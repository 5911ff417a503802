#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Lines and branches of the pure files that tests reached, as a table.

usage: coverage.py DIRECTORY LINES BRANCHES
DIRECTORY holds what gcc --coverage and a run of the tests left. Exits with 1 if a file's
share of lines or branches, or that of all together, is below the limit in percent. A
branch is reached if it was taken at least once; of a header, in any file that has it.
"""
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path


def reached(directory):
    """Per file: line -> times executed, and (line, number) -> times taken."""
    lines = defaultdict(lambda: defaultdict(int))
    branches = defaultdict(lambda: defaultdict(int))
    directory = Path(directory).resolve()
    data = sorted(str(path) for path in directory.glob("*.gcda"))
    if not data:
        sys.exit(f"coverage: nothing in {directory}: did the tests run?")
    out = subprocess.run(["gcov", "-b", "--json-format", "--stdout", *data],
                         check=True, capture_output=True, text=True, cwd=directory)
    for document in out.stdout.splitlines():
        for file in json.loads(document)["files"]:
            path = Path(file["file"])
            if path.parent.name not in ("module", "tscope"):
                continue
            for line in file["lines"]:
                number = line["line_number"]
                lines[path.name][number] += line["count"]
                for i, branch in enumerate(line["branches"]):
                    branches[path.name][number, i] += branch["count"]
    return lines, branches


def share(counts):
    """How many there are, how many were reached, and the percentage."""
    hit = sum(1 for count in counts if count)
    return len(counts), hit, 100 * hit / len(counts) if counts else 100.0


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    limits = float(sys.argv[2]), float(sys.argv[3])
    lines, branches = reached(sys.argv[1])
    names = sorted(lines)
    rows = [(name, list(lines[name].values()), list(branches[name].values()))
            for name in names]
    rows.append(("all", sum((row[1] for row in rows), []),
                 sum((row[2] for row in rows), [])))
    low = []
    print(f"{'file':<14}{'lines':>7}{'reached':>9}{'%':>8}"
          f"{'branches':>10}{'taken':>7}{'%':>8}")
    for name, line_counts, branch_counts in rows:
        line, branch = share(line_counts), share(branch_counts)
        print(f"{name:<14}{line[0]:>7}{line[1]:>9}{line[2]:>8.2f}"
              f"{branch[0]:>10}{branch[1]:>7}{branch[2]:>8.2f}")
        if line[2] < limits[0] or branch[2] < limits[1]:
            low.append(name)
    for name in names:
        missed = [str(n) for n, count in sorted(lines[name].items()) if not count]
        untaken = sorted({n for (n, _), count in branches[name].items() if not count})
        if missed:
            print(f"{name}: not reached: {' '.join(missed)}")
        if untaken:
            print(f"{name}: branches not taken at: {' '.join(map(str, untaken))}")
    if low:
        print(f"coverage: FAILED: below {limits[0]:g} % of lines or {limits[1]:g} % "
              f"of branches: {' '.join(low)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        os._exit(1)
