#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""page.py [--quick] PAGE...: load pages in headless Chromium, and check how they are laid out.

Each is loaded with a width of 400 and of 1400 pixels, in light and dark, with the least width that
is not narrow, and as it is printed by who prefers dark: there is no message on the console and no request for anything but the page, nothing is wider than the window, no text is
cut or covers another one, each text has a contrast of 4.5 with what is behind it, each picture
shows one of its two drawings, and has a text for who does not see it. SHOTS=DIR keeps pictures of
the pages. --quick: in the width of 400 only, in light.
"""
import base64
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

# a sheet of A4 is 718 wide, less its margins
LOOKS = ((400, 'light'), (400, 'dark'), (1400, 'light'), (1400, 'dark'), (833, 'light'),
         (718, 'print'))

CHECKS = r'''(() => {
	const bad = [], width = innerWidth;
	const shown = e => e.getClientRects().length > 0;
	const name = e => e.tagName + ' "' + e.textContent.trim().slice(0, 40) + '"';
	const numbers = c => c.match(/[\d.]+/g).map(Number);
	const light = c => {
		const [r, g, b] = numbers(c).map(v => v / 255)
			.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const contrast = (a, b) => {
		const [x, y] = [light(a), light(b)];
		return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
	};
	const clear = c => c === 'transparent' || (numbers(c).length === 4 && numbers(c)[3] === 0);
	const behind = e => {
		for (; e; e = e.parentElement)
			if (!clear(getComputedStyle(e).backgroundColor))
				return getComputedStyle(e).backgroundColor;
		return 'rgb(255, 255, 255)';
	};
	const paper = getComputedStyle(document.body).backgroundColor;

	if (document.documentElement.scrollWidth > width)
		bad.push('the page is ' + document.documentElement.scrollWidth + ' wide');
	let texts = 0;
	for (const e of document.body.querySelectorAll('*')) {
		if (!shown(e))
			continue;
		const r = e.getBoundingClientRect(), s = getComputedStyle(e);
		if (!e.closest('svg') && (r.left < -0.5 || r.right > width + 0.5))
			bad.push(name(e) + ' from ' + r.left + ' to ' + r.right);
		if (e.scrollWidth > e.clientWidth + 1 && s.display !== 'inline' && !e.closest('svg'))
			bad.push(name(e) + ' is cut or spills over');
		/* a word or a number is in one line */
		if ((e.tagName === 'TD' || e.tagName === 'TH') && !/\s/.test(e.textContent) &&
		    getComputedStyle(e).display === 'table-cell') {
			const range = document.createRange();
			range.selectNodeContents(e);
			if (new Set([...range.getClientRects()].map(b => b.top)).size > 1)
				bad.push(name(e) + ' is broken');
		}
		const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
		if (!own || e.closest('svg'))
			continue;
		texts++;
		const c = contrast(s.color, behind(e));
		if (c < 4.5)
			bad.push(name(e) + ' has a contrast of ' + c.toFixed(2));
	}
	for (const svg of document.querySelectorAll('svg')) {
		if (!shown(svg))
			continue;
		if (svg.getAttribute('role') !== 'img' || svg.getAttribute('aria-label').length < 20)
			bad.push('a picture has no text');
		const all = svg.getBoundingClientRect();
		const areas = [...svg.querySelectorAll('polygon')].map(p => [p.getBoundingClientRect(),
			getComputedStyle(p).fill]);
		const ground = getComputedStyle(svg.querySelector('rect')).fill;
		if (ground !== paper)
			bad.push('a picture is on ' + ground + ', the page is ' + paper);
		const boxes = [];
		for (const t of svg.querySelectorAll('text')) {
			const r = t.getBoundingClientRect();
			if (!t.textContent.trim())
				continue;
			texts++;
			if (r.height < 8)
				bad.push(name(t) + ' is ' + r.height + ' high');
			if (r.left < all.left - 0.5 || r.right > all.right + 0.5 ||
			    r.top < all.top - 0.5 || r.bottom > all.bottom + 0.5)
				bad.push(name(t) + ' is cut');
			for (const [o, other] of boxes)
				/* boxes are higher than letters */
				if (Math.min(o.right, r.right) - Math.max(o.left, r.left) > 1 &&
				    Math.min(o.bottom, r.bottom) - Math.max(o.top, r.top) >
				    0.45 * Math.min(o.height, r.height))
					bad.push(name(t) + ' covers ' + name(other));
			boxes.push([r, t]);
			const x = (r.left + r.right) / 2, y = (r.top + r.bottom) / 2;
			const under = areas.filter(([a]) => a.left < x && x < a.right && a.top < y && y < a.bottom);
			const c = contrast(getComputedStyle(t).fill,
				under.length ? under[under.length - 1][1] : ground);
			if (c < 4.5)
				bad.push(name(t) + ' has a contrast of ' + c.toFixed(2));
		}
	}
	for (const f of document.querySelectorAll('figure'))
		if ([...f.querySelectorAll('svg')].filter(shown).length !== 1)
			bad.push('a figure shows not one drawing');
	let level = 1;
	for (const h of document.querySelectorAll('h1,h2,h3,h4')) {
		if (+h.tagName[1] > level + 1)
			bad.push(name(h) + ' skips a level');
		level = +h.tagName[1];
	}
	for (const t of document.querySelectorAll('table')) {
		if (!t.caption || [...t.querySelectorAll('th')].some(h => !h.scope || !h.textContent.trim()))
			bad.push('a table has no caption, or an empty head');
		if (width < 500 && [...t.querySelectorAll('td')].some(
		    d => d.textContent && !getComputedStyle(d, '::before').content.includes(d.dataset.head)))
			bad.push('a figure stands without its head');
	}
	for (const e of document.querySelectorAll('[id]'))
		if (document.querySelectorAll('#' + CSS.escape(e.id)).length > 1)
			bad.push('two elements are #' + e.id);
	const count = s => [...document.querySelectorAll(s)].filter(shown).length;
	return {bad: [...new Set(bad)], texts, pictures: count('svg'), findings: count('.finding'),
		tables: count('table'), height: document.documentElement.scrollHeight, paper};
})()'''


class Browser:
    """Chromium, by its DevTools protocol: JSON over a WebSocket"""

    def __init__(self, profile):
        self.process = subprocess.Popen(
            ['chromium', '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run',
             '--hide-scrollbars', '--remote-debugging-port=0', f'--user-data-dir={profile}',
             'about:blank'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.buffer, self.number, self.events = b'', 0, []
        port = self.wait_for_port(pathlib.Path(profile) / 'DevToolsActivePort')
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f'http://127.0.0.1:{port}/json/list', timeout=30) as answer:
            targets = json.load(answer)
        path = [t for t in targets if t['type'] == 'page'][0]['webSocketDebuggerUrl']
        self.connect(int(port), path.split(str(port), 1)[1])

    def wait_for_port(self, file):
        for _ in range(600):
            if file.exists() and file.read_text().strip():
                return file.read_text().split()[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit('chromium did not start')

    def connect(self, port, path):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=120)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n'
                             'Upgrade: websocket\r\nConnection: Upgrade\r\n'
                             f'Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n')
                            .encode())
        while b'\r\n\r\n' not in self.buffer:
            self.buffer += self.socket.recv(65536)
        head, self.buffer = self.buffer.split(b'\r\n\r\n', 1)
        if b' 101 ' not in head:
            sys.exit(f'chromium: {head!r}')

    def take(self, size):
        while len(self.buffer) < size:
            more = self.socket.recv(1 << 20)
            if not more:
                sys.exit('chromium has ended')
            self.buffer += more
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def receive(self):
        text = b''
        while True:
            first, size = self.take(2)
            if size == 126:
                size, = struct.unpack('>H', self.take(2))
            elif size == 127:
                size, = struct.unpack('>Q', self.take(8))
            data = self.take(size)
            if first & 15 in (0, 1):
                text += data
                if first & 128:
                    return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        data = json.dumps({'id': self.number, 'method': method, 'params': parameters}).encode()
        mask = os.urandom(4)
        size = struct.pack('>BBH', 0x81, 0x80 | 126, len(data)) if len(data) < 65536 else \
            struct.pack('>BBQ', 0x81, 0x80 | 127, len(data))
        self.socket.sendall(size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        while True:
            answer = self.receive()
            if answer.get('id') == self.number:
                if 'error' in answer:
                    sys.exit(f'{method}: {answer["error"]}')
                return answer['result']
            self.events.append(answer)

    def wait_for(self, method):
        while not any(e.get('method') == method for e in self.events):
            self.events.append(self.receive())

    def close(self):
        self.process.terminate()
        self.process.wait(30)


def said(events, url):
    """messages of the console, and requests that a page is not to make"""
    for e in events:
        p = e.get('params', {})
        if e['method'] == 'Log.entryAdded':
            yield f'console: {p["entry"]["text"]}'
        elif e['method'] in ('Runtime.consoleAPICalled', 'Runtime.exceptionThrown'):
            yield f'script: {p}'
        elif e['method'] == 'Network.requestWillBeSent':
            if p['request']['url'] != url and not p['request']['url'].startswith('data:'):
                yield f'request: {p["request"]["url"]}'


def load(browser, page, width, scheme):
    url = pathlib.Path(page).resolve().as_uri()
    for domain in ('Page', 'Runtime', 'Log', 'Network'):
        browser.call(f'{domain}.enable')
    browser.call('Emulation.setDeviceMetricsOverride', width=width, height=900,
                 deviceScaleFactor=1, mobile=False)
    browser.call('Emulation.setEmulatedMedia', media='print' if scheme == 'print' else '',
                 features=[{'name': 'prefers-color-scheme',
                            'value': 'dark' if scheme == 'print' else scheme}])
    browser.events = []
    if 'errorText' in browser.call('Page.navigate', url=url):
        sys.exit(f'{page} can not be loaded')
    browser.wait_for('Page.loadEventFired')
    result = browser.call('Runtime.evaluate', expression=CHECKS, returnByValue=True)
    if 'value' not in result['result']:
        sys.exit(f'the checks: {result}')
    found = result['result']['value']
    if os.environ.get('SHOTS'):
        shot = browser.call('Page.captureScreenshot', captureBeyondViewport=True, clip={
            'x': 0, 'y': 0, 'width': width, 'height': found['height'], 'scale': 1})
        name = f'{pathlib.Path(page).stem}-{width}-{scheme}.png'
        (pathlib.Path(os.environ['SHOTS']) / name).write_bytes(base64.b64decode(shot['data']))
    return found, list(said(browser.events, url))


def main():
    quick, pages = '--quick' in sys.argv, [page for page in sys.argv[1:] if page != '--quick']
    if not pages:
        sys.exit(__doc__)
    profile = tempfile.mkdtemp()
    browser = Browser(profile)
    bad = 0
    try:
        for page in pages:
            for width, scheme in LOOKS[:1] if quick else LOOKS:
                found, messages = load(browser, page, width, scheme)
                if (found['paper'] == 'rgb(21, 24, 28)') != (scheme == 'dark'):
                    messages.append(f'the page is on {found["paper"]}')
                what = f'{pathlib.Path(page).name} {width} {scheme}'
                for problem in messages + found['bad']:
                    print(f'{what}: {problem}')
                    bad += 1
                print(f'{what}: {found["findings"]} findings, {found["tables"]} tables, '
                      f'{found["pictures"]} pictures, {found["texts"]} texts')
    finally:
        browser.close()
        shutil.rmtree(profile, ignore_errors=True)
    sys.exit(bad > 0)


main()
