#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moving_tree.py ROOT RECORDING [--looks N] [--points N] [--window N] [--step-every N]: a tree of
which time passes, while tscope record writes what it looks like.

At each of so many looks two clocks get so many points, one of them in a new segment now and then;
the newest of them are what the module would show. The file "ready" says that the first of them are
there; the next look is when the recording has the newest point. What was taken is printed, a line
for each point: clock, segment from 1, TSC, phase, width. Warps come too, as many as points. Files
are replaced, so that none is read half.
"""
import argparse
import os
import pathlib
import sys
import time

TSC_HZ = 2100000000
PERIOD_S = 0.05

parser = argparse.ArgumentParser()
parser.add_argument("root", type=pathlib.Path)
parser.add_argument("recording", type=pathlib.Path)
parser.add_argument("--looks", type=int, default=10)
parser.add_argument("--points", type=int, default=20)
parser.add_argument("--window", type=int, default=200)
parser.add_argument("--step-every", type=int, default=1 << 30)
args = parser.parse_args()
debug = args.root / "sys/kernel/debug/tscope"


def replace(path, text):
    """Write a file in one go."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    os.replace(new, path)


class Clock:
    """A clock and the points that are shown of it."""

    def __init__(self, name):
        self.name = name
        self.segment = 1
        self.number = 0
        self.points = []

    def add(self, tsc):
        """Take a point."""
        phase = 0 if not self.points else self.number * 7 % 1000
        self.number += 1
        self.points.append(f"{tsc} {phase}.{self.number % 1000:03} {self.number % 3}")
        del self.points[:-args.window]
        return f"{self.name} {self.segment} {self.points[-1]}"

    def step(self):
        """Begin a segment."""
        self.segment += 1
        self.points = []

    def shown(self):
        """The lines of the module's file."""
        return "".join(f"{self.name} {self.segment % 65536} {p}\n" for p in self.points)


clocks = [Clock("kvm-clock"), Clock("hpet")]
number = 0
warps = []


def show():
    """Write all files, of now."""
    uptime = 100 + number * PERIOD_S
    replace(args.root / "proc/uptime", f"{uptime:.2f} 0.00\n")
    replace(debug / "points",
            "# clock segment tsc phase_ns width_ns\n" + "".join(c.shown() for c in clocks))
    replace(debug / "violations",
            "# time_ns tsc what clock cpu peer size_ns count (time: CLOCK_MONOTONIC; size: the largest of count)\n"
            + "".join(warps))
    replace(debug / "cpus",
            "# cpu state leader windows lost meetings unmet age_ms readings\n"
            f"0 sampling 1 {number} 0 0 0 1 1\n")


def take(n):
    """Take so many points of each clock; return their lines."""
    global number, warps
    lines = []
    for _ in range(n):
        tsc = int((100 + number * PERIOD_S) * TSC_HZ)
        lines += [c.add(tsc) for c in clocks]
        warps.append(f"{tsc * 10 // 21} {tsc} warp tsc 0 1 -{number % 99 + 1} 1\n")
        number += 1
    warps = warps[-1024:]
    return lines


def wait_until_written(line):
    """Wait until the recording has this point, which is one of its last lines."""
    tsc = line.split()[2]
    for _ in range(3000):
        if args.recording.exists():
            with args.recording.open("rb") as file:
                file.seek(max(0, args.recording.stat().st_size - 500000))
                if f'"tsc":{tsc},"phase'.encode() in file.read():
                    return
        time.sleep(0.01)
    sys.exit(f"{line} is not written")


take(2000)
show()
(args.root / "ready").touch()
# it begins with what comes after its first look
for _ in range(3000):
    if args.recording.exists() and args.recording.stat().st_size:
        break
    time.sleep(0.01)
for look in range(args.looks):
    if look % args.step_every == args.step_every - 1:
        clocks[0].step()
    taken = take(args.points)
    show()
    print("\n".join(taken), flush=True)
    wait_until_written(taken[-1])
