#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""hour.py RECORDING: an hour that tscope record would write at its defaults, some 30 MB: the points
of six clocks, a step of one of them each six minutes with the gap that it leaves, and the
RECORDING's header, and its state each minute. $SEED is the seed of the noise."""
import os
import random
import sys

KHZ = 2100000
SECONDS = 3600
STEP_EACH_S = 360
# name, ms between two points, skew in ppb, noise in ns
CLOCKS = [
    ("kvm-clock", 50, 0.4, 0.01), ("monotonic-raw", 50, 0.4, 0.3), ("realtime", 50, -812.7, 1.1),
    ("ptp-kvm", 50, -800.1, 0.6), ("acpi-pm", 240, 1934.2, 140), ("hpet", 240, 1934.2, 60),
]


def cycles(ms):
    return int(ms * KHZ)


def points(rng):
    """Lines in the order in which a look each second finds them."""
    since = {name: 0 for name, *_ in CLOCKS}
    last = dict(since)
    number = dict.fromkeys(since, 1)
    for second in range(SECONDS):
        if second and second % STEP_EACH_S == 0:
            name = CLOCKS[second // STEP_EACH_S % len(CLOCKS)][0]
            since[name] = second * 1000
            number[name] += 1
            yield ('{"gap":{"clock":"%s","segment":%d,"from_tsc":%d,"to_tsc":%d,"lost":9}}'
                   % (name, number[name], last[name], cycles(since[name])))
            yield ('{"event":{"kind":"step","clock":"%s","cpu":0,"peer":null,"size_ns":%d,'
                   '"error_ns":20,"count":1,"time":{"boottime_ns":%d,"tsc":%d,"cpu":0}}}'
                   % (name, 500 * second, (100 + second) * 10**9, cycles(since[name])))
        for name, every_ms, ppb, noise in CLOCKS:
            first = -(-second * 1000 // every_ms) * every_ms
            for ms in range(first, (second + 1) * 1000, every_ms):
                phase = (ms - since[name]) / 1000 * ppb + rng.gauss(0, noise)
                last[name] = cycles(ms)
                yield ('{"point":{"clock":"%s","segment":%d,"tsc":%d,"phase_ns":%.3f,'
                       '"width_ns":%d}}'
                       % (name, number[name], last[name], phase if ms > since[name] else 0,
                          rng.randrange(900, 1400) if every_ms > 50 else 0))
        if second % 60 == 59:
            yield None


def main():
    rng = random.Random(os.environ.get("SEED", "1"))
    with open(sys.argv[1]) as file:
        lines = file.read().splitlines()
    state = [line for line in lines
             if line.startswith(('{"clock"', '{"cpu"', '{"pair"', '{"histogram"', '{"state"'))]
    print(lines[0])
    n = 0
    for line in points(rng):
        if line:
            print(line)
            n += line.startswith('{"point"')
        else:
            print("\n".join(state))
    print('{"end":{"boottime_ns":3700000000000,"why":"time","points":%d,"lost":81,"events":9}}' % n)


if __name__ == "__main__":
    main()
