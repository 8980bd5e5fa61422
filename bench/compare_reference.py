#!/usr/bin/env python3
"""Does `trivet replay` hit as often as the reference says?

Plays every trace of a folder at every size of the folder's REFERENCE.md, once per row, and prints
the reference, what the tool measured, and the difference in points. The column of the reference is
chosen by the policy. The table with TTLs is compared too where the policy has a column there:
entries expire in the second in which they are due ("proactive").

    compare_reference.py TOOL [TRACES] [--policy lru] [--only TRACE] [--tolerance POINTS] [--jobs N]

TRACES defaults to the environment variable TRIVET_TRACES. Exit status: 0 if all is within the
tolerance, 1 if not, 2 if there was nothing to compare or the tool failed.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

# The columns of the reference by the names of our policies.
COLUMNS = {"lru": "LRU", "s3fifo": "S3-FIFO-A"}


@dataclasses.dataclass
class Point:
    """One row of the reference."""

    trace: str
    entries: int
    percent: float
    ttl: bool
    measured: float = 0.0

    @property
    def difference(self):
        return self.measured - self.percent


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def number(text):
    return float(text.strip("*").strip())


def read_reference(text, column):
    """The points of `column` in the tables of entries and of TTLs; rows in bytes are left out."""
    points = []
    section = trace = header = None
    for line in text.splitlines():
        if line.startswith("## "):
            section, trace = line[3:], None
        elif line.startswith("#### "):
            trace, header = line[5:].split()[0], None
        elif line.startswith("|") and trace is not None:
            row = cells(line)
            if header is None:
                header = row
            elif set(line) <= set("|-: ") or column not in header:
                continue
            elif section.startswith("Object-count"):
                entries = int(row[header.index("entries")].rstrip("*"))
                points.append(Point(trace, entries, number(row[header.index(column)]), False))
            elif section.startswith("With TTL") and row[0].endswith(" entries"):
                lazy_and_proactive = row[header.index(column)].split("/")
                entries = int(row[0].split()[0])
                points.append(Point(trace, entries, number(lazy_and_proactive[1]), True))
    return points


def measure(tool, folder, policy, point):
    candidates = [folder / (point.trace + ending) for ending in (".ctr", ".ctr.zst")]
    trace = next((candidate for candidate in candidates if candidate.exists()), candidates[-1])
    command = [tool, "replay", str(trace), "--json", "--ignore-size", "--shards", "1",
               "--policy", policy, "--entries", str(point.entries)]
    if not point.ttl:
        command.append("--ignore-ttl")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {run.returncode}\n{run.stderr}")
    point.measured = 100 * json.loads(run.stdout)["hit_ratio"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", help="the built tool, trivet")
    parser.add_argument("traces", nargs="?", default=os.environ.get("TRIVET_TRACES"),
                        help="folder of traces and REFERENCE.md; default: $TRIVET_TRACES")
    parser.add_argument("--policy", default="lru", choices=sorted(COLUMNS))
    parser.add_argument("--only", action="append", help="this trace alone; may be repeated")
    parser.add_argument("--tolerance", type=float, default=0.05, help="points, either way")
    parser.add_argument("--jobs", type=int, default=1, help="replays at a time")
    arguments = parser.parse_args()
    if not arguments.traces:
        parser.error("no folder of traces given, and TRIVET_TRACES is not set")
    folder = pathlib.Path(arguments.traces)
    try:
        text = (folder / "REFERENCE.md").read_text(encoding="utf-8")
    except OSError as error:
        parser.error(str(error))

    points = [point for point in read_reference(text, COLUMNS[arguments.policy])
              if not arguments.only or point.trace in arguments.only]
    if not points:
        parser.error(f"{folder / 'REFERENCE.md'}: nothing to compare")

    print(f"{'trace':<14}{'entries':>9}  {'TTL':<5}{'reference':>10}{'measured':>10}{'points':>9}")
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        runs = [pool.submit(measure, arguments.tool, folder, arguments.policy, point)
                for point in points]
        for point, run in zip(points, runs):
            run.result()
            mark = "" if abs(point.difference) <= arguments.tolerance else "  <--"
            print(f"{point.trace:<14}{point.entries:>9}  {'yes' if point.ttl else 'no':<5}"
                  f"{point.percent:>10.2f}{point.measured:>10.3f}{point.difference:>+9.3f}{mark}",
                  flush=True)

    mean = sum(point.difference for point in points) / len(points)
    worst = max(points, key=lambda point: abs(point.difference))
    beyond = sum(abs(point.difference) > arguments.tolerance for point in points)
    print(f"\n{len(points)} points: mean difference {mean:+.4f}, largest {worst.difference:+.4f} "
          f"({worst.trace}, {worst.entries} entries{', TTL' if worst.ttl else ''}); "
          f"{beyond} beyond {arguments.tolerance} points")
    return 1 if beyond else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
            sys.exit(2)
        raise
