"""Python's job: dictionaries, sorting, regular expressions, JSON, classes. The argument is the amount of work in per cent."""
import json
import re
import sys
import zlib


class Account:
    def __init__(self, number):
        self.number = number
        self.balance = 0
        self.history = []

    def post(self, amount):
        self.balance += amount
        self.history.append(amount)


def bank(transactions):
    accounts = [Account(i) for i in range(50)]
    seed = 1
    for _ in range(transactions):
        seed = (seed * 1103515245 + 12345) % 2**31
        accounts[seed % 50].post(seed // 65536 % 201 - 100)
    return {a.number: [a.balance, len(a.history), max(a.history)] for a in accounts}


def words(text):
    counts = {}
    for word in re.findall(r"[a-z]+|\d+", text):
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20]


def main():
    percent = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for _ in range(max(1, percent // 4)):
        state = bank(20000)
        text = json.dumps(state, sort_keys=True) * 4
        assert json.loads(json.dumps(state)) == {str(k): v for k, v in state.items()}
        top = words(text)
        print(len(text), zlib.crc32(text.encode()), top[:3], sum(i * i for i in range(20000)))


main()
