"""The order book with one-second flows: the engine, its C++ twin, a book in Rust, a book in Python."""

import json
import re

from parts.common import BIN, PROGRAMS, PYTHON, ROOT, WORK, lake_of, partition, ratios, run, same, sample, sh, spread

LINE = re.compile(r"records, ([\d.e+]+) ns per record.*check sum ([0-9a-f]+)")

def one_line(text):
    ns, checksum = LINE.search(text).groups()
    return float(ns), checksum


def measure(tables, options):
    file = options.file or sample(850_000)
    flat = WORK / "events.bin"
    for old in WORK.glob("events.bin.*"):
        old.unlink()
    twin = WORK / "book_twin"
    sh("g++", "-O3", "-march=x86-64", "-o", twin, ROOT / "Benchmarks/cpp/book_twin.cpp")
    sh(BIN / "bench-book", file, 1, flat)
    flat = max(WORK.glob("events.bin.*"), key=lambda path: path.stat().st_size)
    instrument = flat.suffix[1:]
    lake = lake_of("book", [file])
    sh(*run(lake, "bronze", table="mbo"))
    symbol = json.loads(sh(PYTHON, PROGRAMS / "book_python.py", "symbol", lake, instrument))
    bronze = partition(lake, "bronze.future_mbo.mbo", symbol) / "part-00000.parquet"
    names = "tarn", "twin", "nautilus", "python"
    times = {name: [] for name in names}
    for _ in range(options.rounds):
        out = sh(BIN / "bench-book", file, 1)
        ns, mine = one_line(next(line for line in out.splitlines() if line.startswith(instrument)))
        times["tarn"].append(ns)
        ns, theirs = one_line(sh(twin, flat, 1))
        same("check sums of the books", mine, theirs)
        times["twin"].append(ns)
        rust = json.loads(sh(PYTHON, PROGRAMS / "book_nautilus.py", bronze))
        times["nautilus"].append(rust["ns"])
    plain = json.loads(sh(PYTHON, PROGRAMS / "book_python.py", "replay", bronze))
    times["python"] = [plain["ns"]] * options.rounds
    same("best prices, Rust and Python", rust["tops"][: len(plain["tops"])], plain["tops"])
    words = {
        "tarn": "tarn, Swift",
        "twin": "the same algorithm in C++, g++ -O3",
        "nautilus": "NautilusTrader's book in Rust, batches of deltas made before; no flows",
        "python": "a plain book in Python",
    }
    tables.show(
        "Order book with one-second flows",
        ["one thread, from memory", "ns per record", "of tarn's time"],
        [[words[name], spread(times[name], 1), ratios(times[name], times["tarn"])] for name in names],
        f"Check sums of all rows of tarn and C++ are the same; Rust and Python agree on {len(plain['tops'])} best prices.",
    )
