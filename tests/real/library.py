"""The parts of Python's library that are written in C, and some that are not."""
import collections
import csv
import datetime
import decimal
import difflib
import fractions
import hashlib
import io
import itertools
import json
import math
import pickle
import random
import re
import sqlite3
import struct
import textwrap
import unicodedata
import zlib

text = " ".join(f"word{i * 7919 % 101} {i / 7:.3f}," for i in range(1500))

data = {"numbers": [1, 2.5, -3e100, 10**30], "text": "ä€😀\n", "nested": {"a": [None, True, {}]}}
assert json.loads(json.dumps(data)) == data
print(json.dumps(data, sort_keys=True, indent=1))

print(re.findall(r"(\w+?)(\d)\d? (?=1\d\.)", text)[:5], len(re.split(r"[ ,]+", text)))
print(re.sub(r"(?P<w>word)(\d+)", lambda m: m["w"].upper() + str(int(m[2]) + 1), text)[:60])

for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b"):
    print(name, hashlib.new(name, text.encode()).hexdigest()[:32])
print(hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 500).hex())

for level in (1, 6, 9):
    packed = zlib.compress(text.encode(), level)
    assert zlib.decompress(packed).decode() == text
    print("zlib", level, len(packed), zlib.crc32(packed), zlib.adler32(packed))

decimal.getcontext().prec = 60
print(decimal.Decimal(2).sqrt(), decimal.Decimal(1) / 7, (decimal.Decimal("1.1") ** 50).normalize())
print(fractions.Fraction(355, 113) + fractions.Fraction(1, 3), math.factorial(60), pow(3, 10**6, 10**9 + 7), 2**521 - 1)
print([math.floor(math.gamma(x) * 1000) for x in (0.5, 1.5, 4.2)], math.fsum([0.1] * 10), math.isqrt(10**40 + 7))

random.seed(42)
values = [random.random() for _ in range(1000)]
print(f"{sum(values):.12f}", random.sample(range(100), 5), sorted(values)[500].hex())
print(pickle.loads(pickle.dumps(values)) == values, struct.pack("<hIdq", -2, 7, 0.1, -1).hex())

database = sqlite3.connect("data.db")
database.execute("create table t(a integer primary key, b text, c real)")
database.executemany("insert into t values(?, ?, ?)", ((i, f"name{i % 17}", i / 3) for i in range(1500)))
database.commit()
print(database.execute("select b, count(*), round(sum(c), 3) from t where a % 3 = 1 group by b order by 3 desc limit 3").fetchall())
print(database.execute("pragma integrity_check").fetchone())
database.close()

rows = list(csv.reader(io.StringIO('a,"b ""c""",d\n1,2,"x\ny"\n')))
print(rows, textwrap.wrap(text[:120], 30))
print(list(difflib.unified_diff("abcd", "abed", lineterm=""))[3:])
print(datetime.datetime(2024, 2, 29) + datetime.timedelta(days=366), datetime.date.fromisoformat("1999-12-31").strftime("%A %j"))
print(unicodedata.normalize("NFD", "é") == "e\u0301", unicodedata.name("€"), "straße".upper(), f"{'Ω':>4}|")
print(collections.Counter(text).most_common(3), list(itertools.islice(itertools.permutations("abcd"), 3)))
print(sum(1 for _ in itertools.product(range(12), repeat=4)), "%.17g" % 0.1, float("1e-320"), round(2.675, 2), 7 // -2, -7 % 3)


class Meta(type):
    def __new__(mcs, name, bases, space):
        space["made_by"] = mcs.__name__
        return super().__new__(mcs, name, bases, space)


class Thing(metaclass=Meta):
    def __getattr__(self, name):
        return name * 2


print(Thing.made_by, Thing().xy)
try:
    [].pop()
except IndexError as error:
    print(repr(error))
