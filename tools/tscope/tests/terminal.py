#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs a command on a terminal.

terminal.py --once ROWSxCOLUMNS COMMAND...: prints what the command prints, as it comes; a return to
the beginning of the line is a new line.

terminal.py ROWSxCOLUMNS... -- COMMAND...: a terminal of these sizes in turn. The command gets each size after it has drawn for the one before, and at last Ctrl-C. Prints for each size
a line "rows columns lines longest", of the last frame that was drawn for it, and the command's
status.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

DRAW_S = 30


def size_of(text):
    return tuple(int(n) for n in text.split("x"))


def set_size(fd, size):
    rows, columns = size_of(size)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return rows, columns


def read_frame(fd):
    """What is written until nothing comes for a while after a whole frame."""
    text = b""
    end = time.monotonic() + DRAW_S
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.3)[0]:
            text += os.read(fd, 65536)
        elif text.endswith(b"\x1b[J"):
            return text.decode()
    sys.exit("no frame within %d s; there is %r" % (DRAW_S, text))


def begin(size, command):
    pid, fd = pty.fork()
    if not pid:
        # a shell's job in the background has SIGINT ignored, and nohup's has SIGHUP
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        set_size(0, size)
        os.execv(command[0], command)
    return pid, fd


def once(size, *command):
    pid, fd = begin(size, command)
    try:
        while text := os.read(fd, 65536):
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            os.write(1, text)
    except OSError:
        pass
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def main():
    split = sys.argv.index("--")
    sizes, command = sys.argv[1:split], sys.argv[split + 1:]
    pid, fd = begin(sizes[0], command)
    for number, size in enumerate(sizes):
        rows, columns = set_size(fd, size) if number else size_of(size)
        frame = read_frame(fd).rsplit("\x1b[H", 1)[1]
        lines = re.sub(r"\x1b\[[JK]", "", frame).split("\r\n")[:-1]
        print(rows, columns, len(lines), max(len(line) for line in lines))
    os.write(fd, b"\x03")
    signal.alarm(DRAW_S)
    print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if sys.argv[1] == "--once":
    once(*sys.argv[2:])
main()
