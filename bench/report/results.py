"""What the benchmarks wrote, and how it is put into words: rows, ratios, tables."""

import dataclasses
import json
import pathlib

FLOOR = "absl::flat_hash_map"  # a map without a cache around it
CACHES = ("RocksDB HyperClockCache", "RocksDB LRUCache", "sharded mutex LRU")
# In the order in which they are shown.
BENCHES = ("hit", "set", "mix", "fill", "mget", "sweep", "memory", "resident", "remote", "redis",
           "proof", "invalidation", "outage", "store", "hit_ratio")


@dataclasses.dataclass
class Table:
    """Rows of text under one workload of one bench; the first column names the peer."""

    title: str
    header: list
    rows: list
    group: list  # the rows of the report it was made of


def load(folder):
    """The reports in a folder, by name of the bench."""
    reports = {}
    for path in pathlib.Path(folder).glob("*.json"):
        report = json.loads(path.read_text(encoding="utf-8"))
        reports[report["bench"]] = report
    return {name: reports[name] for name in BENCHES if name in reports}


def count(n):
    for unit, divisor in (("M", 1_000_000), ("k", 1_000)):
        if n >= divisor and n % (divisor // 10) == 0:
            return f"{n / divisor:g} {unit}"
    return str(n)


def size(n):
    return f"{n // 1024} KiB" if n >= 1024 and n % 1024 == 0 else f"{n} B"


def describe(workload):
    """'1 M keys, 100 B values, zipf, 95 % gets, 2 threads'"""
    words = {
        "keys": lambda n: f"{count(n)} keys",
        "entries": lambda n: f"{count(n)} entries",
        "passing": lambda n: f"{count(n)} come or go",
        "key_bytes": lambda n: f"{size(n)} keys",
        "value_bytes": lambda n: f"{size(n)} values",
        "distribution": str,
        "gets_percent": lambda n: f"{n} % gets",
        "threads": lambda n: f"{n} thread{'s' if n > 1 else ''}",
        "traces": lambda n: f"{n} traces",
        "trace": str,
        "ttl": lambda yes: "with TTL" if yes else "without TTL",
        "processes": lambda n: f"{n} processes",
        "hung_s": lambda n: f"hangs for {n} s",
        "budget_mib": lambda n: f"budget of {n} MiB",
        "seconds": lambda n: f"{n:g} s",
    }
    # One without words is shown as it is: no report may be lost for it.
    return ", ".join(words[name](value) if name in words else f"{name} {value}"
                     for name, value in workload.items())


def groups(report):
    """Lists of the rows that share a workload, in the report's order."""
    found = {}
    for row in report["rows"]:
        found.setdefault(json.dumps(row["workload"]), []).append(row)
    return list(found.values())


def best_cache(group):
    """The least ns of the caches that are not ours; None if there are none."""
    return min((row["figures"]["ns"] for row in group if row["peer"] in CACHES), default=None)


def floor(group):
    return next((row["figures"]["ns"] for row in group if row["peer"] == FLOOR), None)


def short(value):
    """Three significant digits or so."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def duration(ns):
    for unit, divisor in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= 10 * divisor:
            return f"{short(ns / divisor)} {unit}"
    return f"{short(ns)} ns"


def speed_table(group):
    """Of a measurement in turns: time, latency and ratios."""
    least, ground = best_cache(group), floor(group)
    latency = "get" if any("get_p50_ns" in row["figures"] for row in group) else "set"
    percentiles = ("p50", "p99", "p99.9", "p99.99", "max")
    header = ["peer", "ns/op", "+-", "M op/s", "hits", "x map", "x best cache"]
    header += [f"{latency} {name}" for name in percentiles]
    rows = []
    for row in group:
        figures = row["figures"]
        ns = figures["ns"]
        hits = figures.get("hit_percent")
        rows.append([row["peer"], short(ns), f"{figures['spread_percent'] / 2:.0f} %",
                     short(figures["million_per_s"]),
                     "" if hits is None else f"{hits:.1f} %",
                     "" if ground is None else f"{ns / ground:.2f}",
                     "" if least is None else f"{ns / least:.2f}"]
                    + [duration(figures[f"{latency}_{name}_ns"])
                       if f"{latency}_{name}_ns" in figures else "" for name in percentiles])
    return header, rows


def other_table(group):
    """Of other measurements: the figures by their names, which end in their unit."""
    names = list(dict.fromkeys(name for row in group for name in row["figures"]))
    header = ["peer"] + [name.replace("_", " ") for name in names]
    return header, [[row["peer"]] + [short(row["figures"][name]) if name in row["figures"] else ""
                                     for name in names] for row in group]


def usual(workload):
    """Whether it is the workload of the bars; the docs show no others."""
    return (workload.get("distribution", "zipf") == "zipf"
            and workload.get("value_bytes") in (None, 100) or "key_bytes" in workload)


def tables(report, usual_only=False):
    made = []
    for group in groups(report):
        if usual_only and not usual(group[0]["workload"]):
            continue
        header, rows = (speed_table if "ns" in group[0]["figures"] else other_table)(group)
        used = [i for i in range(len(header)) if any(row[i] for row in rows)]
        made.append(Table(describe(group[0]["workload"]), [header[i] for i in used],
                          [[row[i] for i in used] for row in rows], group))
    return made


def machine_line(reports):
    """What the figures were measured on."""
    machine = next((report["machine"] for report in reports.values() if "machine" in report), None)
    if machine is None:
        return "unknown machine"
    return (f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
            f"{machine['kernel']}, huge pages {machine['huge_pages']}")


def title(report):
    return f"{report['bench']}: {report['question']}"


def occasion(report):
    """When it was measured, by which settings, and how busy the machine was."""
    if "machine" not in report:
        return ""
    machine, settings = report["machine"], report["settings"]
    return (f"{machine['date']}, load {machine['load_at_start']:.1f} before and "
            f"{machine['load_at_end']:.1f} after, {settings['repetitions']} repetitions, policy "
            f"{settings['policy']}")
