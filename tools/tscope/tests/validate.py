#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""validate.py [--of DEFINITION] [--lines] | [--recording] [FILE...]: whether files, or standard
input, are what tscope.schema.json says, and its DEFINITION of them (report); with --lines each
line; or recordings, each line of which is JSON.
"""
import argparse
import json
import pathlib
import sys

import jsonschema

parser = argparse.ArgumentParser()
parser.add_argument("--of", default="report")
parser.add_argument("--lines", action="store_true")
parser.add_argument("--recording", action="store_true")
parser.add_argument("files", nargs="*")
args = parser.parse_args()
schema = json.loads((pathlib.Path(__file__).parent.parent / "tscope.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)


def errors_of(text, definition):
    """What is wrong with the text, as the definition of that name."""
    wanted = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return list(jsonschema.Draft202012Validator(wanted).iter_errors(json.loads(text)))


def errors_of_whole(text, definition):
    """The same, and as the schema, which takes what any subcommand prints."""
    whole = jsonschema.Draft202012Validator(schema).iter_errors(json.loads(text))
    return errors_of(text, definition) or list(whole)


def errors_in(text):
    """What is wrong with a file of that text."""
    if args.lines:
        return [error for line in text.splitlines() for error in errors_of_whole(line, args.of)]
    if not args.recording:
        return errors_of_whole(text, args.of)
    first, *rest = text.splitlines()
    errors = errors_of(first, "recording_header")
    for line in rest:
        errors += errors_of(line, "recording_line")
    return errors


failed = False
for name in args.files or ["/dev/stdin"]:
    for error in errors_in(pathlib.Path(name).read_text())[:20]:
        print(f"{name}: {'/'.join(map(str, error.path))} {error.message[:200]}")
        failed = True
sys.exit(failed)
