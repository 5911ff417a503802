#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""validate.py [--of DEFINITION | --recording] [FILE]: whether a file, or standard input, is what
tscope.schema.json says, or its DEFINITION, or a recording, each line of which is JSON.
"""
import argparse
import json
import pathlib
import sys

import jsonschema

parser = argparse.ArgumentParser()
parser.add_argument("--of")
parser.add_argument("--recording", action="store_true")
parser.add_argument("file", nargs="?")
args = parser.parse_args()
schema = json.loads((pathlib.Path(__file__).parent.parent / "tscope.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)


def errors_of(text, definition):
    """What is wrong with the text, as the definition of that name or, without one, the whole."""
    wanted = schema
    if definition:
        wanted = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return list(jsonschema.Draft202012Validator(wanted).iter_errors(json.loads(text)))


whole = pathlib.Path(args.file).read_text() if args.file else sys.stdin.read()
if args.recording:
    first, *rest = whole.splitlines()
    errors = errors_of(first, "recording_header")
    for line in rest:
        errors += errors_of(line, "recording_line")
else:
    errors = errors_of(whole, args.of)
for error in errors[:20]:
    print("/".join(map(str, error.path)), error.message[:200])
sys.exit(bool(errors))
