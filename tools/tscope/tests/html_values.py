#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""html_values.py PAGE JSON: a page of report --html says what report --json says, and needs no
other file.
"""
import html.parser
import json
import sys


def check(what, got, wanted):
    if got != wanted:
        sys.exit(f'{what}: is {got!r}, not {wanted!r}')


class Page(html.parser.HTMLParser):
    """its tables, findings and lists, as texts"""

    def __init__(self, text):
        super().__init__()
        self.tables, self.findings, self.entries, self.order = [], [], {}, []
        self.text, self.term, self.items = None, None, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ('script', 'iframe', 'object', 'embed', 'img', 'base'):
            sys.exit(f'the page has a {tag}')
        for name, value in attrs.items():
            if name.startswith('on'):
                sys.exit(f'the page has a handler {name}')
            if name in ('src', 'href', 'xlink:href', 'data', 'action') and \
               not value.startswith(('#', 'data:,')):
                sys.exit(f'the page refers to {value}')
        if tag == 'table':
            self.tables.append({'rows': []})
        elif tag == 'tr':
            self.tables[-1]['rows'].append([])
        elif tag == 'article':
            self.findings.append({'severity': attrs['class'].split()[1]})
        elif tag == 'ul':
            self.items = []
        if tag in ('td', 'th', 'caption', 'h1', 'h2', 'h3', 'dt', 'dd', 'li', 'p', 'title'):
            self.text = ''

    def handle_data(self, data):
        if self.text is not None:
            self.text += data

    def handle_endtag(self, tag):
        text = (self.text or '').strip()
        if tag in ('td', 'th'):
            self.tables[-1]['rows'][-1].append(text)
        elif tag == 'caption':
            self.tables[-1]['caption'] = text
        elif tag == 'h3' and self.findings and 'title' not in self.findings[-1]:
            self.findings[-1]['title'] = text
        elif tag in ('h1', 'h2'):
            self.order.append(text)
        elif tag == 'dt':
            self.term, self.items = text, None
        elif tag == 'li':
            self.items.append(text)
        elif tag == 'dd':
            to = self.findings[-1] if self.order[-1] == 'Findings' else self.entries
            to[self.term] = self.items if self.items is not None else text

    def table(self, caption):
        found = [t for t in self.tables if t['caption'].startswith(caption)]
        check(f'tables "{caption}"', len(found), 1)
        heads, *rows = found[0]['rows']
        return [dict(zip(heads, row)) for row in rows]


def shown(value):
    return '-' if value is None else str(value)


def signs(text):
    return text.replace('+-', '±')


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        text = file.read()
    with open(sys.argv[2], encoding='utf-8') as file:
        report = json.load(file, parse_float=str)
    if 'url(http' in text or '@import' in text:
        sys.exit('a style refers to another file')
    page = Page(text)
    order = ['tscope: a report of this machine\'s clocks', 'Findings', 'Machine', 'Figures', 'Pictures']
    check('order', page.order[:5], order)
    check('errors', 'What is not here' in page.order or not report['errors'], True)
    check('kernel', page.entries['Kernel'], report['kernel'])
    check('clocksource', page.entries['Clocksource'], report['clocksource'])

    check('findings', len(page.findings), len(report['findings']))
    for got, wanted in zip(page.findings, report['findings']):
        what = wanted['id']
        check(f'{what}: severity', got['severity'], wanted['severity'])
        check(f'{what}: title', got['title'],
              signs(f'{wanted["severity"]} {wanted["id"]}: {wanted["title"]}'))
        check(f'{what}: cause', got['Cause'], signs(wanted['cause']))
        for key in ('evidence', 'advice'):
            check(f'{what}: {key}', got.get(key.capitalize(), []), [signs(line).strip() for line in wanted[key]])

    rows = page.table('Clocks against the TSC')
    check('clocks', [r['clock'] for r in rows], [c['name'] for c in report['clocks']])
    for row, clock in zip(rows, report['clocks']):
        for head, key in (('readings', 'samples'), ('skew ppb', 'skew_ppb'),
                          ('± ppb', 'skew_error_ppb'), ('phase ns', 'phase_ns')):
            check(f'{clock["name"]}: {head}', row[head], shown(clock[key]))
    for row in page.table('Jumps') if 'Jumps' in text else []:
        clock = [c for c in report['clocks'] if c['name'] == row['clock']][0]
        for head, key in (('steps', 'steps'), ('last ns', 'step_last_ns'),
                          ('backward', 'backward'), ('warps', 'warps')):
            check(f'{clock["name"]}: {head}', row[head], shown(clock[key]))
    rows = page.table('Offsets between CPUs')
    check('pairs', len(rows), min(40, len(report['pairs'])))
    for row, pair in zip(rows, report['pairs']):
        for head, key in (('clock', 'clock'), ('CPU i', 'cpu_i'), ('CPU j', 'cpu_j'),
                          ('offset ns', 'offset_ns'), ('± ns', 'bound_ns'), ('warps', 'warps')):
            check(f'pair {pair}: {head}', row[head], shown(pair[key]))
        if pair['age_ms'] is not None and pair['age_ms'] < 10000:
            check(f'pair {pair}: age', row['age'], f'{pair["age_ms"]} ms')
    print(f'{len(page.findings)} findings, {len(page.tables)} tables, {len(rows)} pairs')


main()
