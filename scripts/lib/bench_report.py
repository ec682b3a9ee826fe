#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The table and the JSON file of scripts/bench.sh.

samples:  row, size, pps at the sink, load offered (0: no limit), pps sent, CPU wait in per
          cent, load average; tab-separated, one measurement a line.
failures: row, size, reason. Exits 1 if a cell has fewer good measurements than rounds.
"""
import argparse
import json
import statistics

FLOOR = "afxdp-forward"
WAIT_MAX = 5  # per cent; an idle machine stays below (docs/performance.md)


def read_tsv(path):
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines]


def cell(samples, row, size):
    return [s for s in samples if s[0] == row and s[1] == size]


def summary(row, size, mine):
    pps = [int(float(s[2])) for s in mine]
    return {
        "name": row,
        "size": int(size),
        "unit": "pps",
        "min": min(pps),
        "median": int(statistics.median(pps)),
        "max": max(pps),
    }


def table_line(result, mine, floor):
    ratio = f"{result['median'] / floor:.2f}" if floor else "-"
    sent = int(statistics.median(int(float(s[4])) for s in mine))
    limit = int(mine[0][3])
    wait = max(float(s[5]) for s in mine)
    return (
        f"{result['name']:<15} {result['size']:>5} {result['median']:>10} {result['min']:>10}"
        f" {result['max']:>10} {ratio:>6} {sent:>10}{'' if limit else '*'} {wait:>5.1f} %{' !' if wait > WAIT_MAX else ''}"
    )


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--json")
    args.add_argument("--rounds", type=int)
    args.add_argument("--rows")
    args.add_argument("--sizes")
    args.add_argument("samples")
    args.add_argument("failures")
    args = args.parse_args()
    samples, failures = read_tsv(args.samples), read_tsv(args.failures)
    results, missing = [], []

    print(
        f"{'row':<15} {'bytes':>5} {'median pps':>10} {'min':>10} {'max':>10}"
        f" {'ratio':>6} {'offered':>10}  {'CPU wait':>7}"
    )
    for size in args.sizes.split():
        floor = cell(samples, FLOOR, size)
        floor = summary(FLOOR, size, floor)["median"] if floor else None
        for row in args.rows.split():
            mine = cell(samples, row, size)
            if len(mine) < args.rounds:
                missing.append((row, size, len(mine)))
            if not mine:
                print(f"{row:<15} {size:>5}  not measured")
                continue
            result = summary(row, size, mine)
            results.append(result)
            print(table_line(result, mine, floor))
    print(f"ratio: to {FLOOR} of the same size; *: the generator was not held back;")
    print(f"CPU wait: most that generator or worker waited for its CPU; !: above {WAIT_MAX} %, do not believe it")
    for row, size, good in missing:
        reasons = sorted({f[2] for f in failures if f[:2] == [row, size]})
        print(f"NOT MEASURED: {row} at {size} bytes: {good} of {args.rounds} rounds: {'; '.join(reasons)}")
    with open(args.json, "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(" " + json.dumps(r) for r in results) + "\n]\n")
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
