"""The page: all tables and their plots in one file, without scripts, fonts or pictures from elsewhere."""

import html
import math

import bars
import results

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --quiet: #667085; --line: #d8dde6; --page: #fff;
        --ours: #1565c0; --floor: #9aa3b2; --other: #c96f2b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --quiet: #98a2b3; --line: #39414f;
        --page: #14181f; --ours: #64a8f0; --floor: #6c7686; --other: #e0935a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
       max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); } h3 { margin: 2rem 0 .5rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums;
        font-size: 13px; white-space: nowrap; }
td, th { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
td:first-child, th:first-child { text-align: left; } th { font-weight: 600; color: var(--quiet); }
.missed { color: #c62828; font-weight: 600; } .held { color: #2e7d32; font-weight: 600; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .quiet { fill: var(--quiet); }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem; } nav a { margin-right: 1rem; }
p.note { color: var(--quiet); }
"""

COLOURS = ("#1565c0", "#c96f2b", "#2e7d32", "#8e44ad", "#b8860b", "#c2185b", "#00838f", "#5d4037",
           "#607d8b", "#7cb342")
PERCENTILES = ("p50", "p90", "p99", "p99.9", "p99.99", "max")


def text(x, y, words, anchor="start", kind=""):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" class="{kind}">'
            f"{html.escape(words)}</text>")


def svg(width, height, label, parts):
    return (f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label="{html.escape(label)}">{"".join(parts)}</svg>')


def colour_of(peer):
    if peer.startswith("trivet"):
        return "var(--ours)"
    return "var(--floor)" if peer in (results.FLOOR, "empty loop") else "var(--other)"


def bar_plot(group, figure, unit):
    """A horizontal bar for each peer."""
    rows = [(row["peer"], row["figures"][figure]) for row in group if figure in row["figures"]]
    most = max((value for _, value in rows), default=0)
    if len(rows) < 2 or most <= 0:
        return ""
    left, width, step = 180, 300, 22
    parts = []
    for i, (peer, value) in enumerate(rows):
        y = i * step
        length = max(1, width * value / most)
        parts.append(text(left - 8, y + 15, peer, "end"))
        parts.append(f'<rect x="{left}" y="{y + 4}" width="{length:.1f}" height="{step - 8}" rx="2" '
                     f'fill="{colour_of(peer)}"/>')
        parts.append(text(left + length + 6, y + 15, f"{results.short(value)} {unit}", kind="quiet"))
    return svg(left + width + 90, step * len(rows) + 4, f"{figure} by peer", parts)


def latency_plot(group):
    """A line for each peer over the percentiles, on a logarithmic scale."""
    prefix = "get" if any("get_p50_ns" in row["figures"] for row in group) else "set"
    lines = []
    for row in group:
        values = [row["figures"].get(f"{prefix}_{name}_ns", 0) for name in PERCENTILES]
        if min(values) > 0:  # there were enough samples for all
            lines.append((row["peer"], values))
    if not lines:
        return ""
    least = math.floor(math.log10(min(min(values) for _, values in lines)))
    most = max(least + 1, math.ceil(math.log10(max(max(values) for _, values in lines))))
    left, top, width, height = 60, 20, 330, 210

    def place(i, value):
        return (left + width * i / (len(PERCENTILES) - 1),
                top + height * (1 - (math.log10(value) - least) / (most - least)))

    parts = [text(0, 12, f"latency of one {prefix}", kind="quiet")]
    for power in range(least, most + 1):
        y = place(0, 10.0 ** power)[1]
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" '
                     'stroke="var(--line)"/>')
        parts.append(text(left - 6, y + 4, results.duration(10.0 ** power), "end", "quiet"))
    for i, name in enumerate(PERCENTILES):
        parts.append(text(place(i, 10.0 ** least)[0], top + height + 16, name, "middle", "quiet"))
    for i, (peer, values) in enumerate(lines):
        colour = COLOURS[i % len(COLOURS)]
        points = " ".join("{:.1f},{:.1f}".format(*place(j, v)) for j, v in enumerate(values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" '
                     f'stroke-width="{2.5 if peer.startswith("trivet") else 1.3}"/>')
        y = top + 6 + 16 * i
        parts.append(f'<rect x="{left + width + 14}" y="{y - 4}" width="10" height="3" '
                     f'fill="{colour}"/>')
        parts.append(text(left + width + 30, y + 2, peer))
    return svg(left + width + 210, max(top + height + 24, top + 16 * len(lines) + 8),
               f"latency percentiles of one {prefix} by peer", parts)


def plots(group):
    figures = group[0]["figures"]
    if "ns" in figures:
        made = [bar_plot(group, "ns", "ns"), latency_plot(group)]
    elif "beyond_payload_bytes" in figures:
        made = [bar_plot(group, "beyond_payload_bytes", "bytes")]
    elif "get_p99.99_ns" in figures:
        made = [bar_plot(group, "get_mean_ns", "ns"), bar_plot(group, "get_p99.99_ns", "ns")]
    else:
        made = []
    return f'<div class="plots">{"".join(made)}</div>' if any(made) else ""


def table(header, rows):
    def cells(tag, row):
        return "".join(
            f'<{tag} class="{cell}">{html.escape(cell)}</{tag}>' if cell in ("held", "missed")
            else f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{cells("th", header)}</tr>{body}</table></div>'


def render(reports):
    links = "".join(f'<a href="#{name}">{name}</a>' for name in reports)
    parts = ["<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<title>trivet: benchmarks</title>"
             "<meta name=\"viewport\" content=\"width=device-width\">"
             f"<style>{STYLE}</style></head><body><h1>trivet: benchmarks</h1>",
             f"<p>{html.escape(results.machine_line(reports))}</p>",
             "<p class=\"note\">Medians of interleaved repetitions. +- is half the spread from the "
             "least to the greatest. x map: time, to a bare absl::flat_hash_map; x best cache: to the "
             "fastest cache that is not trivet; least disturbed: from the fastest repetition of each. "
             "Percentiles time one operation alone and hold the "
             "cost of two looks at the clock.</p>",
             f"<nav>{links}</nav><h2>Bars</h2>", table(*bars.table(reports))]
    for name, report in reports.items():
        parts.append(f'<h2 id="{name}">{html.escape(results.title(report))}</h2>'
                     f'<p class="note">{html.escape(results.occasion(report))}</p>')
        for made in results.tables(report):
            parts.append(f"<h3>{html.escape(made.title)}</h3>{plots(made.group)}"
                         f"{table(made.header, made.rows)}")
    parts.append("</body></html>")
    return "\n".join(parts)
