#!/usr/bin/env python3
"""What a recording says of its program that does not depend on the time: tests/trace/calls.py TICK86 LEVEL TRACE
    calls   of each thread in order: system calls with their results, signals, output
    kinds   which calls came, each with its error or success, which signals, what was printed; not how often, nor in which order
    output  what was printed
Long numbers, addresses and hexadecimal words, and in output all numbers, are left out."""
import json
import re
import subprocess
import sys


def masked(text):
    text = re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|\d+\.\d+|\d{5,}", "#", text)
    return re.sub(r"\s+= ", " = ", text)


def output(event):
    return re.sub(r"\d+", "#", masked(event["text"]))


def kind(event):
    if event["kind"] != "syscall":
        return masked(event["text"]).split(",")[0]
    result = event["syscall"].get("result")
    return f"{event['syscall']['name']} {result if result is not None and -4096 < result < 0 else 'succeeds'}"


def main():
    tick86, level, trace = sys.argv[1:]
    dump = subprocess.run([tick86, "dump", "--json", trace], stdout=subprocess.PIPE, check=True)
    events = [json.loads(line) for line in dump.stdout.splitlines()]
    printed = [(event["tid"], output(event)) for event in events if event["kind"] == "output"]
    others = [event for event in events if event["kind"] in ("syscall", "signal") and event.get("phase") != "unfinished"]
    if level == "calls":
        threads = {}
        for event in others:
            threads.setdefault(event["tid"], []).append(masked(event["text"]))
        for tid, text in printed:
            threads.setdefault(tid, []).append(text)
        lines = [line for thread in sorted(threads.values()) for line in ["a thread:", *thread]]
    else:
        lines = {text for _, text in printed} | {kind(event) for event in others if level == "kinds"}
        lines = sorted(lines)
    print("\n".join(lines))


main()
