# SPDX-License-Identifier: GPL-2.0
project = 'tscope'
author = copyright = 'the tscope authors'
release = version = '0.1.0'
exclude_patterns = ['_build', 'ABI']
