#!/usr/bin/env python3
"""How often do our policies hit, next to the published ones and to exact LRU?

Plays every trace of a folder at every size of the folder's REFERENCE.md by `trivet replay`, once for
each policy, and prints the reference for LRU, what was measured, and the difference in points; then
the means and the worst points, what 16 shards cost against one, and the traces with TTLs, where
entries expire in the second in which they are due ("proactive"). Sizes below 32 entries are played
but count in no mean.

    hit_ratio.py TOOL [TRACES] [--policy NAME]... [--only TRACE]... [--tolerance POINTS] [--jobs N]
                 [--json FILE]

TRACES defaults to the environment variable TRIVET_TRACES. Exit status: 0 if our LRU is the
reference's within the tolerance, or was not asked for; 1 if not; 2 if there was nothing to compare
or the tool failed.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys

# The columns of the reference by the names of our policies. Others are compared with LRU alone.
COLUMNS = {"lru": "LRU", "s3fifo": "S3-FIFO-A"}
ENTRIES_MIN = 32  # of a point that counts in a mean
SHARDS = 16
SHARD_ENTRIES_MIN = 128  # the cache makes no smaller shards by itself


@dataclasses.dataclass(frozen=True)
class Point:
    """One row of the reference: hit ratios in percent, by the names of its columns."""

    trace: str
    entries: int
    ttl: bool
    percent: dict = dataclasses.field(hash=False, compare=False)

    @property
    def counts(self):
        return self.entries >= ENTRIES_MIN


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def number(text):
    return float(text.strip("*").strip())


def read_reference(text):
    """The points in the tables of entries and of TTLs; rows in bytes are left out."""
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
            elif set(line) <= set("|-: "):
                continue
            elif section.startswith("Object-count"):
                entries = int(row[header.index("entries")].rstrip("*"))
                percent = dict(zip(header[2:], map(number, row[2:])))
                points.append(Point(trace, entries, False, percent))
            elif section.startswith("With TTL") and row[0].endswith(" entries"):
                proactive = [number(cell.split("/")[1]) for cell in row[1:]]
                points.append(Point(trace, int(row[0].split()[0]), True,
                                    dict(zip(header[1:], proactive))))
    return points


class Replays:
    """Runs the tool, several at a time, and remembers the hit ratios in percent."""

    def __init__(self, tool, folder, jobs):
        self.tool, self.folder = tool, folder
        self.pool = concurrent.futures.ThreadPoolExecutor(jobs)
        self.runs = {}

    def start(self, point, policy, shards=1):
        self.runs[point, policy, shards] = self.pool.submit(self.play, point, policy, shards)

    def percent(self, point, policy, shards=1):
        return self.runs[point, policy, shards].result()

    def play(self, point, policy, shards):
        candidates = [self.folder / (point.trace + ending) for ending in (".ctr", ".ctr.zst")]
        trace = next((path for path in candidates if path.exists()), candidates[-1])
        command = [self.tool, "replay", str(trace), "--json", "--ignore-size", "--shards",
                   str(shards), "--policy", policy, "--entries", str(point.entries)]
        if not point.ttl:
            command.append("--ignore-ttl")
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: exit status {run.returncode}\n{run.stderr}")
        return 100 * json.loads(run.stdout)["hit_ratio"]


def print_points(replays, points, policies):
    head = "".join(f"{policy:>10}{'- LRU':>9}" for policy in policies)
    print(f"{'trace':<14}{'entries':>9}{'LRU':>10}{head}")
    for point in points:
        line = f"{point.trace:<14}{point.entries:>9}{point.percent['LRU']:>10.2f}"
        for policy in policies:
            measured = replays.percent(point, policy)
            line += f"{measured:>10.2f}{measured - point.percent['LRU']:>+9.2f}"
        print(line + ("" if point.counts else "  *"), flush=True)


def mean_over_traces(differences):
    by_trace = collections.defaultdict(list)
    for point, difference in differences.items():
        by_trace[point.trace].append(difference)
    return statistics.mean(map(statistics.mean, by_trace.values()))


def worst(differences, key=lambda difference: difference):
    point = min(differences, key=lambda point: key(differences[point]))
    return f"{differences[point]:+.2f} ({point.trace}, {point.entries} entries)"


def summarize(replays, points, policy):
    """Figures of a policy over the points without TTL, printed and returned."""
    print(f"\n{policy}")
    counted = [point for point in points if point.counts]
    to_lru = {p: replays.percent(p, policy) - p.percent["LRU"] for p in counted}
    figures = {"mean_to_lru_points": statistics.mean(to_lru.values()),
               "mean_to_lru_over_traces_points": mean_over_traces(to_lru),
               "worst_to_lru_points": min(to_lru.values())}
    print(f"  to LRU: mean over {len(to_lru)} points {figures['mean_to_lru_points']:+.2f}, over "
          f"traces {figures['mean_to_lru_over_traces_points']:+.2f}; worst {worst(to_lru)}")
    column = COLUMNS.get(policy)
    if column in points[0].percent:
        same = {p: replays.percent(p, policy) - p.percent[column] for p in points}
        figures["largest_to_reference_points"] = max(map(abs, same.values()))
        print(f"  to the reference's {column}: mean {statistics.mean(same.values()):+.3f}, "
              f"largest {worst(same, key=lambda difference: -abs(difference))}")
    sharded = {p: replays.percent(p, policy, SHARDS) - replays.percent(p, policy)
               for p in points if p.entries >= SHARDS * SHARD_ENTRIES_MIN}
    if sharded:
        figures["sixteen_shards_points"] = statistics.mean(sharded.values())
        print(f"  {SHARDS} shards to one, points with {SHARD_ENTRIES_MIN} entries per shard: mean "
              f"{figures['sixteen_shards_points']:+.3f}, worst {worst(sharded)}")
    return figures


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", help="the built tool, trivet")
    parser.add_argument("traces", nargs="?", default=os.environ.get("TRIVET_TRACES"),
                        help="folder of traces and REFERENCE.md; default: $TRIVET_TRACES")
    parser.add_argument("--policy", action="append", help="may be repeated; default: lru, s3fifo")
    parser.add_argument("--only", action="append", help="this trace alone; may be repeated")
    parser.add_argument("--tolerance", type=float, default=0.05, help="of exact LRU, points")
    parser.add_argument("--jobs", type=int, default=1, help="replays at a time")
    parser.add_argument("--json", help="write the figures to this file")
    arguments = parser.parse_args()
    if not arguments.traces:
        parser.error("no folder of traces given, and TRIVET_TRACES is not set")
    return parser, arguments


def main():
    parser, arguments = parse_arguments()
    folder = pathlib.Path(arguments.traces)
    policies = arguments.policy or list(COLUMNS)
    try:
        text = (folder / "REFERENCE.md").read_text(encoding="utf-8")
    except OSError as error:
        parser.error(str(error))
    chosen = [point for point in read_reference(text)
              if not arguments.only or point.trace in arguments.only]
    points = [point for point in chosen if not point.ttl]
    with_ttl = [point for point in chosen if point.ttl]
    if not points:
        parser.error(f"{folder / 'REFERENCE.md'}: nothing to compare")

    replays = Replays(arguments.tool, folder, arguments.jobs)
    for policy in policies:
        for point in chosen:
            replays.start(point, policy)
            if not point.ttl and point.entries >= SHARDS * SHARD_ENTRIES_MIN:
                replays.start(point, policy, SHARDS)

    print_points(replays, points, policies)
    rows = []
    for policy in policies:
        rows.append({"workload": {"traces": len({point.trace for point in points})},
                     "peer": policy, "figures": summarize(replays, points, policy)})
    if with_ttl:
        print("\nwith TTL")
        print_points(replays, with_ttl, policies)
        for trace in dict.fromkeys(point.trace for point in with_ttl):
            for policy in policies:
                percent = {f"{point.entries}_entries_percent": replays.percent(point, policy)
                           for point in with_ttl if point.trace == trace}
                rows.append({"workload": {"trace": trace, "ttl": True}, "peer": policy,
                             "figures": percent})
    if arguments.json:
        report = {"bench": "hit_ratio", "question": __doc__.splitlines()[0], "rows": rows}
        pathlib.Path(arguments.json).write_text(json.dumps(report, indent=1), encoding="utf-8")

    inexact = [point for point in chosen if "lru" in policies and
               abs(replays.percent(point, "lru") - point.percent["LRU"]) > arguments.tolerance]
    for point in inexact:
        print(f"LRU is not exact: {point.trace}, {point.entries} entries"
              f"{', TTL' if point.ttl else ''}")
    return 1 if inexact else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
            sys.exit(2)
        raise
