"""A vendor's file to Parquet: tarn, the vendor's own package, and what decoding alone takes."""

import json

from parts.common import PROGRAMS, PYTHON, WORK, BIN, lake_of, measured, ratios, run, sample, sh, spread


def measure(tables, options):
    file = options.file or sample(850_000 if options.quick else 8_600_000)
    small = options.file or sample(850_000)
    records, few = (json.loads(sh(BIN / "tarn", "inspect", path, "--json"))["records"] for path in (file, small))
    lake = lake_of("bronze", [file])
    command = run(lake, "bronze", "--overwrite", "--overwrite-bronze", table="mbo")
    sh(*run(lake, "bronze", table="mbo"))
    programs = {
        "tarn, one core": (lambda: measured(*command, "-j", 1, one_core=True), records),
        "tarn, `-j 1`: decompression on its own thread": (lambda: measured(*command, "-j", 1), records),
        "tarn, `-j 2`: columns side by side, too": (lambda: measured(*command, "-j", 2), records),
        "`zstd -d`, one core: a bound": (lambda: measured("zstd", "-dqf", file, "-o", "/dev/null", one_core=True), records),
        "databento-dbn, decoding to Python objects, one core": (vendor("decode", small), few),
        "databento `to_parquet`, one core": (vendor("parquet", small), few),
    }
    speeds = {name: [] for name in programs}
    memory = {name: [] for name in programs}
    for round in range(options.rounds):
        for name, (program, count) in programs.items():
            # The vendor's package takes long, and always the same.
            if "databento" in name and round >= 2:
                speeds[name].append(speeds[name][round % 2])
                continue
            used = program()
            speeds[name].append(count / seconds(used) / 1e6)
            memory[name].append(used.memory)
    vendors = speeds["databento `to_parquet`, one core"]
    one = speeds["tarn, one core"]
    tables.show(
        "zst DBN to Parquet",
        ["whole process", "M records/s", "of to_parquet's", "of tarn's on one core", "peak MB"],
        [
            [name, spread(values), ratios(values, vendors, 1), ratios(values, one), spread(memory[name], 0)]
            for name, values in speeds.items()
        ],
        f"{records:,} records; {few:,} for databento, whose start and imports are not counted. tarn also hashes input "
        "and output, checks every row against its contract, and publishes durably.",
    )


def vendor(what, file):
    def program():
        used = measured(PYTHON, PROGRAMS / "bronze_databento.py", what, file, WORK / "databento.parquet", one_core=True)
        used.inner = float(used.out)
        return used

    return program


def seconds(used):
    return getattr(used, "inner", used.wall)
