#!/usr/bin/env python3
"""A reader of recordings, written from traces/FORMAT.md alone: read.py FORMAT.md FILE
Takes the tables from that page; prints each record as a line of JSON; ends with an error where the page says that a reader must refuse."""
import ctypes
import json
import re
import struct
import sys

MASK = (1 << 64) - 1


def rotate(value, count):
    return (value << count | value >> 64 - count) & MASK


def xxh64(data, seed):
    prime = [11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261]

    def step(lane, word):
        return rotate((lane + word * prime[1]) & MASK, 31) * prime[0] & MASK

    length, at = len(data), 0
    if length >= 32:
        lanes = [(seed + prime[0] + prime[1]) & MASK, (seed + prime[1]) & MASK, seed, (seed - prime[0]) & MASK]
        for at in range(0, length - 31, 32):
            lanes = [step(lane, word) for lane, word in zip(lanes, struct.unpack_from('<4Q', data, at))]
        at += 32
        value = sum(rotate(lane, count) for lane, count in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            value = ((value ^ step(0, lane)) * prime[0] + prime[3]) & MASK
    else:
        value = (seed + prime[4]) & MASK
    value = (value + length) & MASK
    while length - at >= 8:
        value = (rotate(value ^ step(0, struct.unpack_from('<Q', data, at)[0]), 27) * prime[0] + prime[3]) & MASK
        at += 8
    if length - at >= 4:
        value = (rotate(value ^ struct.unpack_from('<I', data, at)[0] * prime[0] & MASK, 23) * prime[1] + prime[2]) & MASK
        at += 4
    for byte in data[at:]:
        value = rotate(value ^ byte * prime[4] & MASK, 11) * prime[0] & MASK
    value = (value ^ value >> 33) * prime[1] & MASK
    value = (value ^ value >> 29) * prime[2] & MASK
    return value ^ value >> 32


def decompress(packed, size):
    zstd = ctypes.CDLL('libzstd.so.1')
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    zstd.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    raw = ctypes.create_string_buffer(size)
    assert zstd.ZSTD_decompress(raw, size, packed, len(packed)) == size, 'wrong compressed data'
    return raw.raw


def frames(data):
    magic, version, reserved = struct.unpack_from('<8sII', data)
    assert (magic, version, reserved) == (b'tick86\x1a\n', 1, 0), 'no recording'
    at = 16
    for number in range(1 << 32):
        if at == len(data):
            return
        magic, raw_size, packed_size, reserved, sequence, checksum = struct.unpack_from('<4sIIIQQ', data, at)
        packed = data[at + 32:at + 32 + packed_size]
        assert magic == b't86f' and 0 < raw_size <= 1 << 20 and sequence == number, 'wrong header'
        assert len(packed) == packed_size, 'cut'
        assert xxh64(packed, xxh64(data[at:at + 24], 0)) == checksum, 'wrong checksum'
        yield decompress(packed, raw_size)
        at += 32 + packed_size


def table(page, head):
    rows = page.split(head)[1].split('\n\n')[0].splitlines()[2:]
    return [[column.strip() for column in row.strip('|').split('|')] for row in rows]


def number(data, at):
    value = 0
    for count in range(10):
        value |= (data[at + count] & 0x7f) << 7 * count
        if data[at + count] < 0x80:
            assert value <= MASK, 'too large'
            return value, at + count + 1
    raise AssertionError('too long')


def signed(value):
    return value // 2 if value % 2 == 0 else -(value // 2) - 1


def records(data, kinds):
    for raw in frames(data):
        at = 0
        while at < len(raw):
            _, name, fields, has_data, _ = kinds[raw[at] - 1]
            record = {'kind': name, 'fields': {}}
            at += 1
            for field in fields.split(', ') if fields else []:
                value, at = number(raw, at)
                record['fields'][field.rstrip('±')] = signed(value) if field.endswith('±') else value
            if has_data:
                length, at = number(raw, at)
                assert length <= 262144 and at + length <= len(raw), 'too long'
                record['fields']['data'] = raw[at:at + length].hex()
                at += length
            yield record


def change(registers, data):
    mask, at = number(data, 0)
    assert mask < 1 << 20
    for bit in range(20):
        if mask >> bit & 1:
            difference, at = number(data, at)
            registers[bit] = registers[bit] + signed(difference) & MASK
    assert at == len(data)


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        kinds = table(file.read(), '| | kind |')
    with open(sys.argv[2], 'rb') as file:
        data = file.read()
    current, registers, calls, insns, pid = {}, {}, {}, 0, 0
    for index, record in enumerate(records(data, kinds)):
        kind, fields = record['kind'], record['fields']
        print(json.dumps(record))
        assert (kind == 'config') == (index == 0)
        if kind == 'process':
            pid = fields['pid']
        elif kind == 'task':
            registers[pid, fields['tid']] = [0] * 20
        elif kind == 'thread':
            current[pid] = pid, fields['tid']
        elif kind in ('stop', 'state'):
            change(registers[current[pid]], bytes.fromhex(fields['data']))
        if kind in ('stop', 'advance'):
            insns += fields['insns']
        if kind == 'stop' and fields['exit'] == 1:
            calls[current[pid]] = registers[current[pid]][0]
        if kind == 'result' and current[pid] in calls:
            assert calls.pop(current[pid]) == fields['number']
        if kind == 'end':
            assert fields['insns'] == insns


main()
