# SPDX-License-Identifier: GPL-2.0
import os
import re

project = 'tscope'
author = copyright = 'the tscope authors'
# its one place
with open(os.path.join(os.path.dirname(__file__), '../module/main.c')) as main:
    release = version = re.search('MODULE_VERSION\\("(.*)"\\)', main.read()).group(1)
exclude_patterns = ['_build', 'ABI']
# outputs of programs, which are in no language
highlight_language = 'none'
