#!/usr/bin/env python3
"""Shows what the benchmarks wrote: a table for the terminal, Markdown for the docs, a page.

    report.py FOLDER [--only NAME]... [--markdown] [--into FILE] [--html FILE]

FOLDER holds the JSON files. What is printed may be limited to some benchmarks. The page is one file
that needs no others. --into replaces what is between the two marks in a Markdown file.
"""

import argparse
import pathlib
import sys

sys.dont_write_bytecode = True  # this folder is part of the sources

# pylint: disable=wrong-import-position
import bars
import page
import results

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def aligned(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def as_text(reports, heading, render, usual_only=False, measured_only=False):
    """`heading(level, text)` and `render(header, rows)` give it its form."""
    parts = [results.machine_line(reports)]
    header, rows = bars.table(reports, measured_only)
    if rows:
        parts += [heading(2, "Bars"), render(header, rows)]
    for report in reports.values():
        parts += [heading(2, results.title(report)), results.occasion(report)]
        for table in results.tables(report, usual_only):
            parts += [heading(3, table.title), render(table.header, table.rows)]
    return "\n".join(parts)


def for_terminal(reports, measured_only):
    return as_text(reports, lambda level, text: f"\n{'=' if level == 2 else '-'} {text}", aligned,
                   measured_only=measured_only)


def for_docs(reports):
    return as_text(reports, lambda level, text: f"\n{'#' * (level + 1)} {text}\n", markdown,
                   usual_only=True)


def replace_between_marks(path, text):
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{path}: no marks {BEGIN} and {END}")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--only", action="append", help="print this benchmark; may be repeated")
    parser.add_argument("--markdown", action="store_true", help="in the form of docs/benchmarks.md")
    parser.add_argument("--into", help="put that into this file")
    parser.add_argument("--html", help="write the page to this file")
    arguments = parser.parse_args()
    reports = results.load(arguments.folder)
    if not reports:
        parser.error(f"no reports in {arguments.folder}")
    printed = {name: report for name, report in reports.items()
               if not arguments.only or name in arguments.only}
    some = len(printed) < len(reports)
    print(for_docs(printed) if arguments.markdown else for_terminal(printed, measured_only=some))
    if arguments.into:
        replace_between_marks(pathlib.Path(arguments.into), for_docs(reports))
    if arguments.html:
        pathlib.Path(arguments.html).write_text(page.render(reports), encoding="utf-8")
        print(f"\n{arguments.html}", file=sys.stderr)


if __name__ == "__main__":
    main()
