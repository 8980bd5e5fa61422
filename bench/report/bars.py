"""The promises that the benchmarks are there to check: each a figure, mostly a ratio in one run."""

import dataclasses

import results


@dataclasses.dataclass
class Bar:
    what: str
    text: str  # the bar in words
    value: float | None  # None: not measured
    least: float | None = None  # the same of the least disturbed repetitions; None: no such figure
    low: float | None = None
    high: float | None = None

    @property
    def verdict(self):
        if self.value is None:
            return "not measured"
        if (self.low is not None and self.value < self.low) or (
                self.high is not None and self.value > self.high):
            return "missed"
        return "held"


class Figures:
    """Looks up figures; one that was not measured makes the bar that asks for it 'not measured'."""

    def __init__(self, reports, time):
        self.reports = reports
        self.time = time  # what "ns" stands for: the median of the repetitions, or the least

    def get(self, bench, peer, figure, **workload):
        figure = self.time if figure == "ns" else figure
        for row in self.reports.get(bench, {"rows": []})["rows"]:
            if row["peer"] == peer and figure in row["figures"] and all(
                    row["workload"].get(name) == value for name, value in workload.items()):
                return row["figures"][figure]
        raise LookupError(f"{bench}: {peer}: {figure}")

    def all(self, bench, peer, figure):
        found = [row["figures"][figure] for row in self.reports.get(bench, {"rows": []})["rows"]
                 if row["peer"] == peer and figure in row["figures"]]
        if not found:
            raise LookupError(f"{bench}: {peer}: {figure}")
        return found


def attempt(compute):
    try:
        return compute()
    except LookupError:
        return None


MAP, CLOCK = results.FLOOR, results.CACHES[0]


def hit_bars(figures):
    def ns(peer, keys, threads, bench="hit"):
        return figures.get(bench, peer, "ns", keys=keys, threads=threads, distribution="zipf",
                           value_bytes=100)

    def scaling(peer, keys):
        return 2 * ns(peer, keys, 1) / ns(peer, keys, 2)

    small, large = 10_000, 1_000_000
    yield Bar("FindInto, 10 k keys, 1 thread, to the map", "<= 1.25", attempt(
        lambda: ns("trivet", small, 1) / ns(MAP, small, 1)), high=1.25)
    yield Bar("FindInto with TTL, without a proof, 10 k keys, 1 thread, to the map", "<= 1.5", attempt(
        lambda: ns("trivet, with TTL", small, 1) / ns(MAP, small, 1)), high=1.5)
    yield Bar("FindInto, 10 k keys, 2 threads: scaling, to that of an empty loop", ">= 0.95",
              attempt(lambda: scaling("trivet", small) / scaling("empty loop", small)), low=0.95)
    yield Bar("FindInto, 10 k keys, 2 threads: throughput, to HyperClockCache", ">= 3.5", attempt(
        lambda: ns(CLOCK, small, 2) / ns("trivet", small, 2)), low=3.5)
    yield Bar("FindInto, 1 M keys, 1 thread, to the map", "<= 1.0", attempt(
        lambda: ns("trivet", large, 1) / ns(MAP, large, 1)), high=1.0)
    yield Bar("FindInto, 1 M keys, 2 threads: throughput, to HyperClockCache", ">= 3.5", attempt(
        lambda: ns(CLOCK, large, 2) / ns("trivet", large, 2)), low=3.5)
    for keys in (small, large):
        yield Bar(f"Find (pin), {results.count(keys)} keys, 1 thread, to FindInto", "<= 2", attempt(
            lambda keys=keys: ns("trivet Find", keys, 1) / ns("trivet", keys, 1)), high=2)


def write_bars(figures):
    def p999(gets_percent):
        return figures.get("mix", "trivet", "get_p99.9_ns", keys=1_000_000, threads=2,
                           value_bytes=100, gets_percent=gets_percent)

    def ns(peer, threads):
        return figures.get("set", peer, "ns", keys=1_000_000, threads=threads, value_bytes=100,
                           distribution="zipf")

    def one_key(threads):
        return figures.get("set", "trivet", "ns", threads=threads, distribution="one key")

    def fill(peer, figure):
        return figures.get("fill", peer, figure, keys=1_000_000, threads=1, value_bytes=100,
                           distribution="zipf")

    yield Bar("95 % gets, 2 threads: p99.9 of gets, to read-only", "<= 1.5", attempt(
        lambda: p999(95) / p999(100)), high=1.5)
    yield Bar("Set, 1 M keys, 1 thread, to the map", "<= 1.4", attempt(
        lambda: ns("trivet", 1) / ns(MAP, 1)), high=1.4)
    yield Bar("Set, 1 M keys: throughput of 2 threads, to 1", ">= 1.3", attempt(
        lambda: 2 * ns("trivet", 1) / ns("trivet", 2)), low=1.3)
    yield Bar("Set, one key: throughput of 2 threads, to 1", ">= 1.3", attempt(
        lambda: 2 * one_key(1) / one_key(2)), low=1.3)
    yield Bar("get-or-fill with room for a tenth: time, to HyperClockCache", "<= 0.45", attempt(
        lambda: fill("trivet", "ns") / fill(CLOCK, "ns")), high=0.45)
    yield Bar("get-or-fill with room for a tenth: hit ratio", ">= 0.814", attempt(
        lambda: fill("trivet", "hit_percent") / 100), low=0.814)
    yield Bar("MFindInto(64), 10 M keys, to the map's single find", "<= 0.4", attempt(
        lambda: figures.get("mget", "trivet MFindInto(64)", "ns", keys=10_000_000, threads=1)
        / figures.get("mget", MAP, "ns", keys=10_000_000, threads=1)), high=0.4)


def scale_bars(figures):
    yield Bar("memory beyond payload, bytes per entry, worst size", "<= 32", attempt(
        lambda: max(figures.all("memory", "trivet", "beyond_payload_bytes"))), high=32)
    yield Bar("the same with versions", "<= 48", attempt(
        lambda: max(figures.all("memory", "trivet, with versions", "beyond_payload_bytes"))), high=48)
    yield Bar("memory of an entry's place in a tag, bytes, of two tags", "<= 16", attempt(
        lambda: max((tagged - plain) / 2 for tagged, plain in zip(
            figures.all("memory", "trivet, with two tags", "beyond_payload_bytes"),
            figures.all("memory", "trivet", "beyond_payload_bytes")))), high=16)
    yield Bar("resident memory beyond the budget, to 2 % + 16 MiB, most", "<= 1", attempt(
        lambda: max(figures.all("resident", "trivet", "most_of_allowance"))), high=1)
    yield Bar("seconds until a shrinking resize has given memory back, most", "<= 10", attempt(
        lambda: max(figures.all("resident", "trivet", "shrink_s"))), high=10)
    yield Bar("seconds until a Clear has given memory back, most", "<= 10", attempt(
        lambda: max(figures.all("resident", "trivet", "clear_s"))), high=10)
    for phase, entries in (("members of a tag are swept", 10_000_000), ("tables grow", 1_000_000),
                           ("entries expire", 10_000_000)):
        for figure, name, high in (("get_p99.99_ns", "p99.99", 2), ("get_mean_ns", "mean", 1.5)):
            yield Bar(f"hits while {phase}: {name}, to the quiet run", f"<= {high}", attempt(
                lambda phase=phase, entries=entries, figure=figure:
                figures.get("sweep", phase, figure, entries=entries)
                / figures.get("sweep", "quiet", figure, entries=entries)), high=high)


def ratio_bars(figures):
    def of(policy, figure, **workload):
        return attempt(lambda: figures.get("hit_ratio", policy, figure, **workload))

    yield Bar("s3fifo on the traces: mean to LRU, points", ">= 3.5",
              of("s3fifo", "mean_to_lru_points"), low=3.5)
    yield Bar("s3fifo on the traces: worst point to LRU", ">= -1.5", of("s3fifo", "worst_to_lru_points"),
              low=-1.5)
    shards = of("s3fifo", "sixteen_shards_points")
    yield Bar("s3fifo on the traces: 16 shards to one, points", ">= -0.1", shards, low=-0.1)
    yield Bar("lru on the traces: largest difference to exact LRU, points", "<= 0.05",
              of("lru", "largest_to_reference_points"), high=0.05)
    yield Bar("s3fifo on kv-meta-ttl with TTL, room for a tenth: hit percent", ">= 18.5",
              of("s3fifo", "119874_entries_percent", trace="kv-meta-ttl"), low=18.5)


def coherence_bars(figures):
    def gets(peer, threads=1):
        return figures.get("redis", peer, "ns", threads=threads)

    def proof(peer):
        return figures.get("proof", peer, "ns", threads=1)

    def delay(figure):
        return (figures.get("invalidation", "trivet Invalidate", figure)
                / figures.get("invalidation", "PUBLISH, plain hiredis", figure))

    yield Bar("a hit with a proof, 10 k keys: ns more than without", "<= 6", attempt(
        lambda: proof("proven") - proof("no shared tier")), high=6)
    yield Bar("the same of entries with a TTL", "<= 3", attempt(
        lambda: proof("proven, with TTL") - proof("no shared tier, with TTL")), high=3)
    yield Bar("values of the shared tier, 32 threads: throughput, to hiredis with a connection per thread",
              ">= 3", attempt(lambda: gets("hiredis, a connection per thread", 32)
                              / gets("trivet, a value of the shared tier", 32)), low=3)
    yield Bar("100 values of the shared tier at once: throughput, to one by one", ">= 1", attempt(
        lambda: gets("trivet, a value of the shared tier")
        / gets("trivet, 100 values of the shared tier at once")), low=1)
    yield Bar("invalidation in four processes: median delay, to PUBLISH by hiredis", "<= 2",
              attempt(lambda: delay("p50_us")), high=2)
    yield Bar("the same: p99", "<= 3", attempt(lambda: delay("p99_us")), high=3)

    def outage(figure, peer="trivet over a Redis that hangs"):
        return figures.get("outage", peer, figure)

    yield Bar("a Redis that hangs: the longest read, ms, of a deadline of 250", "<= 260",
              attempt(lambda: outage("longest_ms")), high=260)
    yield Bar("the same: ms until no read waits any more", "<= 1000",
              attempt(lambda: outage("waited_until_ms")), high=1000)
    yield Bar("the same: a read after that, to one without Redis", "<= 1.25", attempt(
        lambda: outage("afterwards_us") / outage("afterwards_us", "trivet without Redis")), high=1.25)


def bars(reports):
    def of(time):
        figures = Figures(reports, time)
        return [bar for part in (hit_bars, write_bars, scale_bars, ratio_bars, coherence_bars)
                for bar in part(figures)]

    made = of("ns")
    for bar, undisturbed in zip(made, of("least_ns")):
        if undisturbed.value != bar.value:
            bar.least = undisturbed.value
    return made


def table(reports, measured_only=False):
    """Header and rows of text."""
    def shown(value):
        return "" if value is None else f"{value:.2f}"

    return ["what", "bar", "median", "least disturbed", "verdict"], [
        [bar.what, bar.text, shown(bar.value), shown(bar.least), bar.verdict]
        for bar in bars(reports) if not measured_only or bar.value is not None]
