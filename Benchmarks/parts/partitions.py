"""Many small partitions: the fixed cost of each, and how long status and plan take over 100,000."""

import copy
import datetime
import hashlib
import json
import os
import statistics

from parts.common import ROOT, WORK, lake_of, measured, partition, ratios, run, same, sh, spread, tarn, BIN

TABLES = "mbo", "book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s"
DATASETS = ["bronze.future_mbo.mbo"] + [f"silver.future_mbo.{t}" for t in TABLES[1:]]


def weekdays(first, count):
    day, days = datetime.date.fromisoformat(first), []
    while len(days) < count:
        if day.weekday() < 5:
            days.append(str(day))
        day += datetime.timedelta(days=1)
    return days


def measure(tables, options):
    days = weekdays("2026-03-02", 25 if options.quick else 250)
    fixed_costs(tables, options, days)
    hundred_thousand(tables, options)


def fixed_costs(tables, options, days):
    """Two contracts a date, of some hundred records, and dates without any."""
    span = f"{days[0]}:{days[-1]}"
    folder = WORK / f"many-{len(days)}"
    if not folder.exists():
        sh(BIN / "tarn", "sample", folder, "-d", ",".join(days), "--records", 400, "-q")
    files = sorted(folder.glob("*.mbo.dbn.zst"))
    walls = {name: [] for name in ("small", "empty", "fresh")}
    made = {}
    for _ in range(max(1, min(options.rounds, 3))):
        lake = lake_of("many", files)
        used = measured(*run(lake, "bronze", "-j", 1, "--json", table="mbo", date=span))
        made["small"] = partitions(used.out)
        walls["small"].append(used.wall / made["small"] * 1e3)
        used = measured(*run(lake, "bronze", "-j", 1, "--json", table="mbo", date=span))
        made["fresh"] = partitions(used.out)
        walls["fresh"].append(used.wall / made["fresh"] * 1e3)
        lake = WORK / "lakes" / "empty"
        sh("rm", "-rf", lake)
        sh(*tarn(lake, "raw", "add", "--no-data", "--dataset", "GLBX.MDP3", "--schema", "mbo", "--dt", span))
        used = measured(*run(lake, "bronze", "-j", 1, "--json", table="mbo", symbol="ESH6", date=span))
        made["empty"] = partitions(used.out)
        walls["empty"].append(used.wall / made["empty"] * 1e3)
    words = {
        "small": "a symbol-day of some hundred records, published",
        "empty": "an empty symbol-day, published",
        "fresh": "a symbol-day that is fresh",
    }
    tables.show(
        "Many small partitions",
        ["whole process, one worker", "partitions", "ms each"],
        [[words[name], made[name], spread(values)] for name, values in walls.items()],
        "Each is written, checked, hashed and synchronized with the medium.",
    )


def partitions(out):
    return sum(len(task["partitions"]) for task in json.loads(out)["tasks"])


def hundred_thousand(tables, options):
    symbols, dates = (10, 25) if options.quick else (100, 250)
    lake = WORK / "lakes" / f"status-{symbols}-{dates}"
    if not (lake / "done").exists():
        multiply(lake, symbols, dates)
    count = symbols * dates * len(DATASETS)
    walls = {name: [] for name in ("status", "plan")}
    span = weekdays("2026-03-03", dates)
    wanted = run(lake, "bronze,silver", "--dry-run", "--json", symbol=",".join(names(symbols)), date=f"{span[0]}:{span[-1]}",
                 table=",".join(TABLES))  # fmt: skip
    for _ in range(max(1, min(options.rounds, 3))):
        used = measured(*tarn(lake, "status", "--json"))
        datasets = json.loads(used.out)["datasets"]
        same("fresh partitions", sum(d["fresh"] for d in datasets), count)
        walls["status"].append(used.wall)
        walls["plan"].append(measured(*wanted).wall)
    tables.show(
        f"State of {count:,} partitions",
        ["whole process", "seconds"],
        [["`tarn status`: all fresh", spread(walls["status"])], ["`tarn plan`: all fresh", spread(walls["plan"])]],
    )


def names(symbols):
    """Contracts of ES and others: the month's letter, a year's digit, ten roots."""
    return [f"{root}{month}{year}" for root in ("ES", "NQ", "CL") for month in "FGHJKMNQUVXZ" for year in "123"][:symbols]


def multiply(lake, symbols, dates):
    """A lake of one symbol-day, repeated under other names: what a manifest says of itself is said anew, hashes too."""
    sh("rm", "-rf", lake)
    days = WORK / "one"
    if not days.exists():
        sh(BIN / "tarn", "sample", days, "-d", "2026-03-03", "--records", 400, "-q")
    file = next(days.glob("*.mbo.dbn.zst"))
    first = lake_of("one", [file])
    hours = ["--start", "14:30:00Z", "--end", "14:31:00Z"]
    sh(*run(first, "bronze,silver", *hours, table=",".join(TABLES), symbol="ESH6"))
    models = {d: json.loads((partition(first, d, "ESH6") / "_MANIFEST.json").read_text()) for d in DATASETS}
    raw = models[DATASETS[0]]["inputs"][0]
    for date in weekdays("2026-03-03", dates):
        for source in (first / raw["raw"]).parent.iterdir():
            target = lake / renamed(str(source.relative_to(first)), date)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)
        for symbol in names(symbols):
            identities = {}
            for dataset in DATASETS:
                manifest = copy.deepcopy(models[dataset])
                manifest |= {"symbol": symbol, "dt": date}
                place = partition(lake, dataset, symbol, date)
                address = str(place.relative_to(lake))
                for given in manifest["inputs"]:
                    if "raw" in given:
                        given["raw"] = renamed(given["raw"], date)
                    else:
                        source = DATASETS[0]
                        given["partition"] = str(partition(lake, source, symbol, date).relative_to(lake))
                        given["manifest"] = identities[source]
                shift(manifest["parameters"], date)
                manifest["generation"] = generation(manifest, address)
                text = json.dumps(manifest, indent=2, sort_keys=True)
                identities[dataset] = hashlib.sha256(text.encode()).hexdigest()
                place.mkdir(parents=True)
                (place / "_MANIFEST.json").write_text(text)
                (place / "_SUCCESS").write_text(identities[dataset] + "\n")
                os.link(partition(first, dataset, "ESH6") / "part-00000.parquet", place / "part-00000.parquet")
    (lake / "done").touch()
