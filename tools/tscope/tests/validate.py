#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""validate.py [--of DEFINITION] [FILE]: whether a file, or standard input, is what
tscope.schema.json says, or its DEFINITION.
"""
import argparse
import json
import pathlib
import sys

import jsonschema

parser = argparse.ArgumentParser()
parser.add_argument("--of")
parser.add_argument("file", nargs="?")
args = parser.parse_args()
schema = json.loads((pathlib.Path(__file__).parent.parent / "tscope.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
if args.of:
    schema = {"$ref": f"#/$defs/{args.of}", "$defs": schema["$defs"]}
text = pathlib.Path(args.file).read_text() if args.file else sys.stdin.read()
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(json.loads(text)))
for error in errors[:20]:
    print("/".join(map(str, error.path)), error.message[:200])
sys.exit(bool(errors))
