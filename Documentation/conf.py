# SPDX-License-Identifier: GPL-2.0
import html
import os
import re
import shutil
import subprocess
import sys

from docutils import nodes
from docutils.parsers.rst import Directive

project = 'tscope'
author = copyright = 'the tscope authors'
# its one place
with open(os.path.join(os.path.dirname(__file__), '../module/main.c')) as main:
    release = version = re.search('MODULE_VERSION\\("(.*)"\\)', main.read()).group(1)
exclude_patterns = ['_build', 'ABI']
# outputs of programs, which are in no language
highlight_language = 'none'

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TSCOPE = os.path.join(TOP, 'build/tscope')
RECORDING = os.path.join(TOP, 'tools/tscope/tests/recordings/guest.ndjson')


class Picture(Directive):
    """.. tscope-picture:: KIND, and a text for who does not see it: drawn by tscope plot"""
    required_arguments = 1
    has_content = True

    def run(self):
        kind, alt = self.arguments[0], ' '.join(self.content)
        env = self.state.document.settings.env
        missing = 'gnuplot (package gnuplot-nox)' if not shutil.which('gnuplot') else \
            'build/tscope (make tools)' if not os.path.exists(TSCOPE) else None
        if missing:
            # sphinx-build -q shows what is on standard error only; a warning would end -W
            print(f'documentation: no picture {kind}: there is no {missing}', file=sys.stderr)
            text = f'This build has no picture here: there was no {missing}. It would show: {alt}'
            return [nodes.note('', nodes.paragraph('', text))]
        images = os.path.join(env.app.outdir, '_images')
        os.makedirs(images, exist_ok=True)
        subprocess.run([TSCOPE, 'plot', RECORDING, kind, '-o', f'{images}/tscope-{kind}.svg'],
                       check=True)
        up = '../' * env.docname.count('/')
        picture = f'<p><img src="{up}_images/tscope-{kind}.svg" alt="{html.escape(alt)}"/></p>'
        return [nodes.raw('', picture, format='html')]


def setup(app):
    app.add_directive('tscope-picture', Picture)
