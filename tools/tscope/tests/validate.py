#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""validate.py [FILE]: whether a file, or standard input, is what tscope.schema.json says."""
import json
import pathlib
import sys

import jsonschema

schema = json.loads((pathlib.Path(__file__).parent.parent / "tscope.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
text = pathlib.Path(sys.argv[1]).read_text() if len(sys.argv) > 1 else sys.stdin.read()
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(json.loads(text)))
for error in errors[:20]:
    print("/".join(map(str, error.path)), error.message[:200])
sys.exit(bool(errors))
