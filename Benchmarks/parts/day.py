"""A whole day from the vendor's file to gold: time and memory by the size of the day, one and two workers."""

import json

from parts.common import BIN, lake_of, measured, run, sample, sh

LAYERS = "bronze", "silver", "gold"
TABLES = {
    "bronze": "mbo",
    "silver": "book_snapshot_1s,depth_and_flow_1s,book_quality_1s",
    "gold": "physics_surface_1s,forecast_1s",
}
# Records of the front contract's day; its file holds a sixth more.
SIZES = 860_000, 8_600_000, 43_000_000
SYMBOL = "ESH6"


def measure(tables, options):
    sizes = SIZES[:1] if options.quick else SIZES[:2] if options.short else SIZES
    rows, memory_rows, costs = [], [], {}
    for size in sizes:
        file = sample(size)
        records = json.loads(sh(BIN / "tarn", "inspect", file, "--json"))["records"]
        for workers in (1, 2):
            lake = lake_of("day", [file])
            walls, memory = {}, {}
            for layer in LAYERS:
                used = measured(*run(lake, layer, "-j", workers, table=TABLES[layer], symbol=SYMBOL))
                walls[layer], memory[layer] = used.wall, used.memory
            costs.setdefault(workers, []).append((records, walls))
            rows.append(
                [f"{records:,}, {workers} worker{'s'[: workers - 1]}"]
                + [f"{walls[layer]:.2f}" for layer in LAYERS]
                + [f"{sum(walls.values()):.2f}"]
                + [f"{max(memory.values()):.0f}"]
            )
            memory_rows.append(max(memory.values()))
        sh("rm", "-rf", lake)
    tables.show(
        "A day from raw to gold",
        ["records of the file", "bronze s", "silver s", "gold s", "together s", "peak MB"],
        rows,
        "Six and a half hours of seconds in every case: gold costs by the second, not by the record. "
        f"The most memory of any process: {max(memory_rows):.0f} MB.",
    )
    if len(sizes) > 1:
        straight(tables, costs)


def straight(tables, costs):
    """The cost of one more record between neighbouring sizes: a straight line has one slope."""
    rows = []
    for workers, measured_days in costs.items():
        for layer in LAYERS[:2]:
            slopes = [
                (b[1][layer] - a[1][layer]) / (b[0] - a[0]) * 1e9 for a, b in zip(measured_days, measured_days[1:])
            ]
            rows.append([f"{layer}, {workers} worker{'s'[: workers - 1]}"] + [f"{slope:.0f}" for slope in slopes])
    names = [f"{a[0] / 1e6:.0f} M to {b[0] / 1e6:.0f} M" for a, b in zip(costs[1], costs[1][1:])]
    tables.show("Nanoseconds of one more record", ["wall", *names], rows)
