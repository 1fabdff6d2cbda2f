"""FixedMath against 60-digit decimal arithmetic: its tables, and results that the Swift tests wrote."""
import math
import os
import re
import struct
from decimal import Decimal, getcontext
from pathlib import Path

import pytest

getcontext().prec = 60
LN2 = Decimal(2).ln()
TABLES = Path(__file__).parents[2] / "Sources/FixedMath/Tables.swift"


def table(name):
    text = TABLES.read_text()
    body = re.search(rf"let {name}: [^=]*= \[(.*?)\]", text, re.S).group(1)
    return [float.fromhex(number) for number in re.findall(r"-?0x[0-9a-f.]+p[+-]\d+", body)]


def test_powers_are_nearest_doubles_and_remainders():
    values = table("powers")
    assert len(values) == 128
    for j in range(64):
        exact = (LN2 * j / 64).exp()
        assert values[2 * j] == float(exact)
        assert values[2 * j + 1] == float(exact - Decimal(float(exact)))


def test_logarithms_are_those_of_their_reciprocals():
    values = table("logarithms")
    assert len(values) == 3 * 91
    for i, j in enumerate(range(91, 182)):
        reciprocal, high, low = values[3 * i : 3 * i + 3]
        assert reciprocal * 1024 == round(1024 * 128 / j)
        exact = -Decimal(reciprocal).ln()
        assert high * 2**42 == round(high * 2**42)
        assert abs(Decimal(high) - exact) <= Decimal(2) ** -43
        assert low == float(exact - Decimal(high))


def exact_asinh(x):
    if abs(x) < Decimal("1e-15"):
        return x - x**3 / 6
    return (x + (x * x + 1).sqrt()).ln() if x > 0 else -((-x + (x * x + 1).sqrt()).ln())


def exact_tanh(x):
    if abs(x) < Decimal("1e-15"):
        return x - x**3 / 3
    if abs(x) > 200:
        return Decimal(1).copy_sign(x)
    e = (2 * x).exp()
    return (e - 1) / (e + 1)


EXACT = {"exp": lambda x: x.exp(), "log": lambda x: x.ln(), "tanh": exact_tanh, "asinh": exact_asinh}


def double(bits):
    return struct.unpack("<d", struct.pack("<Q", int(bits, 16)))[0]


@pytest.mark.skipif("TARN_INTEROP_DIR" not in os.environ, reason="the Swift tests wrote no samples")
def test_results_are_within_two_ulp():
    lines = (Path(os.environ["TARN_INTEROP_DIR"]) / "fixed_math.csv").read_text().splitlines()
    assert len(lines) > 10_000
    worst = {}
    for line in lines:
        name, argument, result = line.split(",")
        x, value = double(argument), double(result)
        exact = EXACT[name](Decimal(x))
        error = abs(Decimal(value) - exact) / Decimal(math.ulp(float(exact)))
        worst[name] = max(worst.get(name, 0), float(error))
    print(worst)
    assert set(worst) == set(EXACT)
    assert max(worst.values()) <= 2
