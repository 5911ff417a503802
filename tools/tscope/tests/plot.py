#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""plot.py: compare a script of gnuplot, and the SVG that it draws, with the recording.

plot.py phase|adev|hist|pairs RECORDING SCRIPT SVG STABILITY
plot.py thinned RECORDING SCRIPT: of many points each column's lowest and highest are there
plot.py cells RECORDING SCRIPT: of many CPUs each cell is the worst pair of its CPUs

The figures are computed here anew. STABILITY is what "tscope stability --json --from" prints.
"""
import json
import math
import re
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction

SVG = '{http://www.w3.org/2000/svg}'


def check(what, got, wanted):
    if got != wanted:
        sys.exit(f'{what}: is {got!r}, not {wanted!r}')


def near(what, got, wanted, by):
    if not abs(got - wanted) <= by:
        sys.exit(f'{what}: is {got}, not {wanted} +- {by}')


class Recording:
    def __init__(self, path):
        self.points, self.events, self.pairs, self.histograms = {}, [], [], []
        with open(path, encoding='utf-8') as lines:
            for line in lines:
                entry = json.loads(line, parse_float=Fraction)
                if 'tsc_khz' in entry:
                    self.khz = entry['tsc_khz']
                elif 'point' in entry:
                    p = entry['point']
                    self.points.setdefault(p['clock'], []).append(p)
                elif 'event' in entry:
                    self.events.append(entry['event'])
                elif 'pair' in entry:
                    self.pairs.append(entry['pair'])
                elif 'histogram' in entry:
                    self.histograms.append(entry['histogram'])
        self.first_tsc = min((p[0]['tsc'] for p in self.points.values()), default=0)

    def time(self, tsc):
        """as the script has it: s, cut to ns"""
        return Fraction((tsc - self.first_tsc) * 1000000 // self.khz, 10**9)


def blocks(path):
    """data blocks by name: lists of lines, which are lists of fields; an empty line is []"""
    found, block = {}, None
    with open(path, encoding='utf-8') as script:
        for line in script:
            if block is None:
                match = re.match(r'\$(\w+) << EOD$', line)
                if match:
                    block = found.setdefault(match[1], [])
            elif line == 'EOD\n':
                block = None
            else:
                block.append(line.split())
    return found


class Picture:
    """an SVG of gnuplot's: its texts, lines and areas, in pixels"""

    def __init__(self, path):
        self.texts, self.lines, self.areas = [], [], []
        for group in ET.parse(path).getroot().iter(SVG + 'g'):
            for element in group:
                if element.tag == SVG + 'text':
                    x, y = re.match(r'translate\(([\d.-]+),([\d.-]+)\)',
                                    group.get('transform')).groups()
                    self.texts.append(((element.text or '').strip(), float(x), float(y)))
                elif element.tag == SVG + 'path' and element.get('stroke'):
                    for part in element.get('d').split('M')[1:]:
                        line = [(float(x), float(y)) for x, y in
                                re.findall(r'([\d.-]+),([\d.-]+)', part)]
                        self.lines.append((self.colour(element.get('stroke')), line,
                                           element.get('stroke-dasharray')))
                elif element.tag == SVG + 'polygon':
                    area = [tuple(map(float, p.split(','))) for p in element.get('points').split()]
                    self.areas.append((self.colour(element.get('fill')), area))

    @staticmethod
    def colour(text):
        return '#%02x%02x%02x' % tuple(map(int, re.findall(r'\d+', text)))

    def scale(self, axis, low, high, top, bottom):
        """a function from values to pixels, by two tics within a part of the picture"""
        at = {}
        for text, x, y in self.texts:
            if top <= y <= bottom and text in (low[0], high[0]) and text not in at:
                at[text] = x if axis == 'x' else y
        a, b = at[low[0]], at[high[0]]
        return lambda v: a + (b - a) * (v - low[1]) / (high[1] - low[1])


COLOURS = ['#0067a6', '#b84a00', '#007a57', '#9c3d82']


def phase(recording, script, svg, _):
    data, picture = blocks(script), Picture(svg)
    for i, (clock, points) in enumerate(recording.points.items()):
        wanted, drawn = [], []
        for p in points:
            if wanted and p['segment'] != segment:
                wanted.append([])
            segment = p['segment']
            wanted.append([recording.time(p['tsc']), Fraction(p['phase_ns'])])
        got = [list(map(Fraction, line)) for line in data[f'points{i}']]
        check(f'points of {clock}', got, wanted)
        # what gnuplot made of them: each point at its pixel
        top = [y for text, x, y in picture.texts if text.startswith(clock + ':')][0]
        tics = [t for t in picture.texts if top < t[2] < top + 130 and re.match(r'-?\d+$', t[0])]
        level = sorted((t for t in tics if t[1] < 80), key=lambda t: float(t[0]))
        y_of = picture.scale('y', (level[0][0], float(level[0][0])),
                             (level[-1][0], float(level[-1][0])), top, top + 130)
        # a tic's text is somewhat below its tic
        line_top = min(t[2] for t in level)
        x_of = None
        times = sorted((t for t in picture.texts if t[2] > max(t[2] for t in level) + 10 and
                        t[2] < top + 190 and re.match(r'\d+$', t[0])), key=lambda t: float(t[0]))
        x_of = picture.scale('x', (times[0][0], float(times[0][0])),
                             (times[-1][0], float(times[-1][0])), times[0][2], times[0][2])
        for colour, line, dashes in picture.lines:
            if colour == COLOURS[i] and line_top - 20 < line[0][1] < top + 140:
                drawn += line
        segments = [w for w in wanted if w]
        check(f'{clock}: number of points in the SVG', len(drawn), len(segments))
        shift = drawn[0][1] - y_of(float(segments[0][1]))
        near(f'{clock}: text of tics below tics', shift, -4.5, 1.5)
        for (x, y), (time, ns) in zip(drawn, segments):
            near(f'{clock} at {float(time)} s: x', x, x_of(float(time)), 0.6)
            near(f'{clock} at {float(time)} s: y', y, y_of(float(ns)) + shift, 0.6)
        # its steps, at their places, with their sizes
        steps = [e for e in recording.events if e['kind'] == 'step' and e['clock'] == clock]
        marks = [line for colour, line, dashes in picture.lines
                 if colour == '#b3261e' and line_top - 20 < line[0][1] < top + 140]
        check(f'{clock}: steps', len(marks), len(steps))
        for mark, step in zip(marks, steps):
            near(f'{clock}: step', mark[0][0],
                 x_of(float(recording.time(step['time']['tsc']))), 0.6)
    texts = [text for text, x, y in picture.texts]
    for label in ('+12.345 us', '+12.344 us', '-250 ms', 'kvm-clock: 1 step', 'hpet: 0 steps'):
        check(f'text {label}', texts.count(label), 1)


def adev(recording, script, svg, stability):
    data, picture = blocks(script), Picture(svg)
    with open(stability, encoding='utf-8') as text:
        lines = json.load(text, parse_float=Fraction)['stability']
    number = 0
    for i, clock in enumerate(recording.points):
        wanted = [[Fraction(f[key]) for key in ('tau_s', 'adev_ppb', 'tdev_ns', 'mtie_ns')]
                  for f in lines if f['clock'] == clock]
        check(f'figures of {clock}', [list(map(Fraction, f)) for f in data[f'clock{i}']], wanted)
        number += len(wanted)
        # ADEV is in the first panel: decades between two tics
        x_of = picture.scale('x', ('0.1', -1), ('10', 1), 300, 360)
        y_of = picture.scale('y', ('0.01', -2), ('100', 2), 0, 360)
        drawn = [line for colour, line, dashes in picture.lines
                 if colour == COLOURS[i] and len(line) == len(wanted)]
        check(f'{clock}: its lines', len(drawn), 3)
        for (x, y), figure in zip(drawn[0], wanted):
            near(f'{clock}: tau', x, x_of(math.log10(figure[0])), 0.6)
            near(f'{clock}: ADEV', y, y_of(math.log10(figure[1])) - 4.5, 1.5)
    if number < 20:
        sys.exit(f'only {number} figures')
    # guides: down by a decade a decade, and by half a one
    guides = [line for colour, line, dashes in picture.lines
              if colour == '#5c646d' and dashes and line[0][0] < 120 and line[0][1] < 120]
    decade_x = x_of(1) - x_of(0)
    decade_y = y_of(0) - y_of(1)
    slopes = sorted(-(l[1][1] - l[0][1]) / decade_y / ((l[1][0] - l[0][0]) / decade_x)
                    for l in guides)
    check('guides', len(slopes), 3)
    for got, wanted in zip(slopes, (-1, -0.5, 0)):
        near('slope of a guide', got, wanted, 0.01)
    guide_slopes(script)


# decades a decade of the noise that each panel names, as published for these deviations
SLOPES = [
    {'phase noise': -1, 'white frequency noise': -0.5, 'flicker frequency noise': 0},
    {'white phase noise': -0.5, 'flicker phase noise': 0, 'white frequency noise': 0.5,
     'flicker frequency noise': 1},
    {'constant skew': 1},
]


def guide_slopes(script):
    with open(script, encoding='utf-8') as text:
        panels = text.read().split('\nunset arrow\n')
    for panel, wanted in zip(panels, SLOPES):
        guides = re.findall(r"^set arrow from (\S+),(\S+) to (\S+),(\S+) .*\nset label '([^']*)'",
                            panel, re.M)
        check('guides of a panel', [g[4] for g in guides], list(wanted))
        for *ends, name in guides:
            x, y, to_x, to_y = (math.log10(float(end)) for end in ends)
            near(f'slope of {name}', (to_y - y) / (to_x - x), wanted[name], 0.001)


def hist(recording, script, svg, _):
    data, picture = blocks(script), Picture(svg)
    histograms = [h for h in recording.histograms if h['count']]
    check('histograms', len(data), len(histograms))
    areas = 0
    for i, h in enumerate(histograms):
        wanted = []
        for b in h['buckets']:
            low, high = b['low_ns'] - Fraction(1, 2), b['high_ns'] + Fraction(1, 2)
            if b['negative']:
                low, high = -high, -low
            share = 100 * b['count'] / h['count'] / float(high - low)
            wanted.append([float(low), float(high), b['count'], share])
        got = [list(map(float, line)) for line in data[f'buckets{i}']]
        check(f'{h["name"]}: buckets', [g[:3] for g in got], [w[:3] for w in wanted])
        for g, w in zip(got, wanted):
            near(f'{h["name"]}: density at {w[0]}', g[3], w[3], 1e-8 * w[3])
        total = sum(g[3] * (g[1] - g[0]) for g in got)
        near(f'{h["name"]}: all of it', total, 100, 0.001)
        areas += len(wanted)
    # those of the first one, between 1 us and 10 ms
    x_of = picture.scale('x', ('1 us', math.asinh(1000)), ('10 ms', math.asinh(1e7)), 0, 240)
    first = picture.areas[:len(data['buckets0'])]
    for (colour, area), line in zip(first, data['buckets0']):
        xs = [x for x, y in area]
        near('a bucket begins', min(xs), x_of(math.asinh(float(line[0]))), 1.2)
        near('a bucket ends', max(xs), x_of(math.asinh(float(line[1]))), 1.2)
    check('areas', len(picture.areas), areas)


def heat_of(offset, bound):
    if abs(offset) <= bound:
        return 4
    size = 1 + sum(abs(offset) >= limit for limit in (100, 10000, 1000000))
    return 4 + (size if offset > 0 else -size)


def cells_of(pairs, cells):
    """the worst pair of each cell: {(column, row): pair, turned}"""
    cpus = sorted({p[key] for p in pairs for key in ('cpu_i', 'cpu_j')})
    share = -(-len(cpus) // cells)
    number = {cpu: i // share for i, cpu in enumerate(cpus)}
    worst = {}

    def rank(p):
        if p['offset_ns'] is None:
            return 1, 0
        return (3 if p['moving'] else 2 if abs(p['offset_ns']) > p['bound_ns'] else 0,
                abs(p['offset_ns']))

    for p in pairs:
        at = number[p['cpu_i']], number[p['cpu_j']]
        if at not in worst or rank(p) > rank(worst[at]):
            worst[at] = p
    found = {}
    for (i, j), p in worst.items():
        found[j, i] = p, 1
        if i != j:
            found[i, j] = p, -1
    return found


def check_cells(name, lines, wanted):
    check(f'{name}: cells', len(lines), len(wanted))
    for column, row, heat, mark, offset, bound in (map(int, line) for line in lines):
        p, sign = wanted[column, row]
        at = f'{name}: cell {column},{row}'
        if p['offset_ns'] is None:
            check(at, mark, 2)
            continue
        check(at, [heat, mark, offset, bound],
              [heat_of(sign * p['offset_ns'], p['bound_ns']), 1 if p['moving'] else 0,
               sign * p['offset_ns'], p['bound_ns']])


HEATS = ['#7a3200', '#b4560f', '#f0a561', '#fbd9b8', '#e9ecef', '#c3dcf2', '#7fb2e0', '#246fae',
         '#0a3f70']


def pairs(recording, script, svg, _):
    data, picture = blocks(script), Picture(svg)
    known = 0
    for i, clock in enumerate(('tsc', 'kvm-clock')):
        of_clock = [p for p in recording.pairs if p['clock'] == clock]
        wanted = cells_of(of_clock, 64)
        check_cells(clock, data[f'cells{i}'], wanted)
        known += sum(p['offset_ns'] is not None for p, sign in wanted.values())
    drawn = [(colour, area) for colour, area in picture.areas
             if max(x for x, y in area) - min(x for x, y in area) > 40]
    check('cells in the SVG', len(drawn), known)
    for colour in set(HEATS):
        check(f'cells of {colour}', sum(c == colour for c, area in drawn),
              sum(HEATS[int(line[2])] == colour and line[3] != '2'
                  for lines in data.values() for line in lines))


def thinned(recording, script):
    data = blocks(script)
    for i, (clock, points) in enumerate(recording.points.items()):
        known = {(recording.time(p['tsc']), Fraction(p['phase_ns'])) for p in points}
        got = [tuple(map(Fraction, line)) for line in data[f'points{i}'] if line]
        if len(got) > 2500 or len(got) < 500:
            sys.exit(f'{clock}: {len(got)} of {len(known)} points')
        check(f'{clock}: points that are none', set(got) - known, set())
        check(f'{clock}: lowest', min(g[1] for g in got), min(k[1] for k in known))
        check(f'{clock}: highest', max(g[1] for g in got), max(k[1] for k in known))
        check(f'{clock}: order', sorted(got), got)


def cells(recording, script):
    check_cells('tsc', blocks(script)['cells0'], cells_of(recording.pairs, 64))


KINDS = {'phase': phase, 'adev': adev, 'hist': hist, 'pairs': pairs, 'thinned': thinned,
         'cells': cells}
if len(sys.argv) < 4 or sys.argv[1] not in KINDS:
    sys.exit(__doc__)
KINDS[sys.argv[1]](Recording(sys.argv[2]), *sys.argv[3:])
