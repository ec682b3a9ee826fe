#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Seeded runs on a bad road (fault_proxy.py). The daemons stay up all the time; a round is one run
for each tunnel t1..tN at once, each with its own pair of addresses and so its own faults.

A run: both sides are told to initiate, then, while lifetimes are short and the road is bad, each
is told at random to rekey a Child SA or the IKE SA. Then the road is good, and within SETTLE_S
 - each tunnel has one IKE SA and one Child SA for each child, and both sides agree on the SPIs;
 - `list-sas` and the pinned maps `sad` and `child_out` hold the same (where maps are given);
 - pings go through every child, all of them;
and after `terminate` nothing is left, in the daemons and in the maps."""
import argparse
import json
import random
import re
import subprocess
import sys
import time

from fault_vici import Vici

CHILDREN = "net", "dmz"
SETTLE_S = 75  # what is under way is retransmitted, or given up for dead, and made anew
CHILD_REKEYS, IKE_REKEYS = 2, 1  # in each run, at least


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--a", required=True, help="VICI socket; ours")
    parser.add_argument("--b", required=True)
    parser.add_argument("--maps", nargs="*", default=[], help="bpffs directory: of a, of b")
    parser.add_argument("--bpftool", default="bpftool")
    parser.add_argument("--log", required=True, help="of a's daemon")
    parser.add_argument("--control", required=True, help="file of the proxy")
    parser.add_argument("--faults", default="30 20 250", help="loss, twice, delay in ms")
    parser.add_argument("--hosts", nargs=2, required=True, help="namespaces")
    parser.add_argument("--one-initiator", action="store_true",
                        help="never both: a peer without our rule for that keeps two IKE SAs")
    parser.add_argument("--lossy-peer", action="store_true",
                        help="one ping of ten is enough: a peer that loses some while it rekeys")
    parser.add_argument("--tunnels", type=int, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--churn", type=int, default=40, help="seconds of faults")
    return parser.parse_args()


class Side:
    def __init__(self, path, maps, bpftool):
        self.vici, self.maps, self.bpftool = Vici(path), maps, bpftool

    def dump(self, name):
        out = subprocess.run([self.bpftool, "-j", "map", "dump", "pinned", f"{self.maps}/{name}"],
                             check=True, capture_output=True).stdout
        return [entry["formatted"] for entry in json.loads(out)]

    def leaks(self):
        """What maps and list-sas do not agree on; "" is good."""
        if not self.maps:
            return ""
        children = [c for _, sa in self.vici.sas() for c in sa.get("child-sas", {}).values()]
        told = {int(c[way], 16) for c in children for way in ("spi-in", "spi-out")}
        held = {entry["key"]["spi"] for entry in self.dump("sad")}
        if told != held:
            return f"sad: not told {hex_all(held - told)}, not held {hex_all(told - held)}"
        used = {e["key"]: e["value"] for e in self.dump("child_out") if e["value"]}
        live = {int(c["slot"]): int(c["sa-out"]) for c in children if c["state"] == "INSTALLED"}
        return "" if used == live else f"child_out: {used}, live {live}"


def hex_all(spis):
    return [f"{spi:08x}" for spi in sorted(spis)]


def tunnel(side_sas, name):
    """The Child SAs of a tunnel, {(spi-in, spi-out): name}, and what is wrong with it."""
    mine = [sa for conn, sa in side_sas if conn == name]
    children = [c for sa in mine for c in sa.get("child-sas", {}).values()]
    spis = {(c["spi-in"].zfill(8), c["spi-out"].zfill(8)): c["name"] for c in children}
    states = [sa["state"] for sa in mine], sorted((c["name"], c["state"]) for c in children)
    good = ["ESTABLISHED"], sorted((child, "INSTALLED") for child in CHILDREN)
    return spis, "" if states == good else str(states)


class Runs:
    def __init__(self, args):
        self.args = args
        maps = args.maps + [""] * 2
        self.a, self.b = (Side(path, where, args.bpftool)
                          for path, where in zip((args.a, args.b), maps))
        self.names = [f"t{i + 1}" for i in range(args.tunnels)]
        self.log, self.counts = "", []

    def road(self, seed, faults):
        with open(self.args.control + ".new", "w", encoding="ascii") as file:
            file.write(f"{seed} {faults}\n")
        subprocess.run(["mv", self.args.control + ".new", self.args.control], check=True)

    def ask_all(self, dice):
        for name in self.names:
            both = not self.args.one_initiator and dice.random() < 0.5
            for side in (self.a, self.b) if both else [dice.choice((self.a, self.b))]:
                for child in CHILDREN:
                    side.vici.ask("initiate", ike=name, child=child, timeout=-1)

    def churn(self, dice, log):
        """Orders that find nothing to rekey at the moment are refused: that is no failure. Goes on
        until each tunnel was rekeyed, but not for ever."""
        end = time.monotonic() + self.args.churn
        pause = 10 / len(self.names)  # each tunnel gets an order every ten seconds
        while time.monotonic() < end or \
                (self.unrekeyed(log.read()) and time.monotonic() < end + 2 * self.args.churn):
            time.sleep(dice.uniform(0, 2 * pause))
            name, what = dice.choice(self.names), dice.random()
            for side in (self.a, self.b) if dice.random() < 0.3 else [dice.choice((self.a, self.b))]:
                if what < 0.5:
                    side.vici.ask("rekey", ike=name)
                else:
                    side.vici.ask("rekey", ike=name, child=CHILDREN[what < 0.75])

    def settle(self):
        """Each tunnel has to be seen right once: meanwhile others are rekeyed by lifetime."""
        left, end = set(self.names), time.monotonic() + SETTLE_S
        while left and time.monotonic() < end:
            time.sleep(1)
            sas_a, sas_b = self.a.vici.sas(), self.b.vici.sas()
            why = {}
            for name in sorted(left):
                (spis_a, bad_a), (spis_b, bad_b) = tunnel(sas_a, name), tunnel(sas_b, name)
                mirror = {(there, here): child for (here, there), child in spis_b.items()}
                why[name] = f"a: {bad_a} b: {bad_b}" if bad_a or bad_b else \
                    "" if spis_a == mirror else f"SPIs {spis_a} and {spis_b}"
                if not why[name]:
                    left.remove(name)
        return [f"{name}: {why[name]}" for name in sorted(left)]

    def no_leaks(self, seconds):
        why = "not looked"
        for _ in range(seconds):
            why = " ".join(filter(None, (self.a.leaks(), self.b.leaks())))
            if not why:
                return []
            time.sleep(1)
        return [why]

    def ping_once(self, nets):
        """{net: what ping said} of those that are not as they should be."""
        going = []
        for net in nets:
            ping = ["ping", "-n", "-q", "-c", "10", "-i", "0.2", "-W", "2", "-I",
                    f"10.1.{net}.2", f"10.2.{net}.2"]
            going.append((net, subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self.args.hosts[0]}"] + ping,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)))
        out = [(net, process.communicate()[0]) for net, process in going]
        return {net: text for net, text in out
                if (" 100% packet loss" in text if self.args.lossy_peer
                    else " 0% packet loss" not in text)}

    def pings(self):
        """A lossy peer may be without its outbound SA until the next rekey by lifetime."""
        bad = self.ping_once([n + more for n in range(1, len(self.names) + 1) for more in (0, 100)])
        for _ in range(6 if self.args.lossy_peer else 0):
            if not bad:
                break
            print(f"  without answer, asked again: {sorted(bad)}", flush=True)
            time.sleep(5)
            bad = self.ping_once(sorted(bad))
        return [f"ping 10.2.{net}.2: {text.strip().splitlines()[-2:]}" for net, text in bad.items()]

    def end(self):
        for name in self.names:
            self.a.vici.ask("terminate", ike=name, timeout=-1)
        for _ in range(40):
            left = [conn for side in (self.a, self.b) for conn, _ in side.vici.sas()]
            if not left:
                return self.no_leaks(15)
            time.sleep(1)
            for name in set(left):  # one that the peer made anew meanwhile
                self.a.vici.ask("terminate", ike=name, timeout=-1)
        return [f"left after terminate: {left}"]

    def unrekeyed(self, more):
        """What is still to be rekeyed by the log, of which this is the next part."""
        self.log += more
        self.counts = [(len(re.findall(rf"\b{name}\[\d+\] CHILD_SA \S+ rekeyed", self.log)),
                        len(re.findall(rf"\b{name}\[\d+\] IKE_SA rekeyed", self.log)))
                       for name in self.names]
        return [f"{name}: only {child} Child and {ike} IKE rekeys"
                for name, (child, ike) in zip(self.names, self.counts)
                if child < CHILD_REKEYS or ike < IKE_REKEYS]

    def round(self, seed):
        dice = random.Random(seed)
        with open(self.args.log, encoding="utf-8", errors="replace") as log:
            log.seek(0, 2)
            self.road(seed, self.args.faults)
            time.sleep(0.3)
            self.ask_all(dice)
            self.log = ""
            self.churn(dice, log)
            self.road(seed, "0 0 0")
            bad = self.settle()
            lacking = self.unrekeyed(log.read())
        bad += self.no_leaks(25) + self.pings() if not bad else []
        bad += lacking
        print(f"  seed {seed}: {len(self.names)} runs, {sum(c for c, _ in self.counts)} Child and "
              f"{sum(i for _, i in self.counts)} IKE rekeys", flush=True)
        return bad or self.end()


def main():
    args = parse_args()
    runs = Runs(args)
    for number in range(-(-args.runs // args.tunnels)):
        bad = runs.round(args.seed + number)
        if bad:
            sys.exit(f"seed {args.seed + number}:\n  " + "\n  ".join(bad))


main()
