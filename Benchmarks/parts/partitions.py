"""Many small partitions: the fixed cost of each, and how long status and plan take over 100,000."""

import copy
import datetime
import hashlib
import json
import os
import zoneinfo

from parts.common import BIN, PROGRAMS, PYTHON, ROOT, WORK, measured, same, sh, spread, tarn

PRODUCT = "equity_mbo"
FIRST = "2026-03-02"
STOCKS = 100
BRONZE = "bronze.equity_mbo.mbo"
SILVER = [f"silver.equity_mbo.{table}" for table in ("book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s")]
# Ten seconds: what counts here is not the rows.
HOURS = ["--start", "14:30:00Z", "--end", "14:30:10Z"]


def measure(tables, options):
    dates = 10 if options.quick else 250
    files = small_days(dates)
    fixed_costs(tables, options, files[:5])
    many_states(tables, options, files)


def small_days(dates):
    folder = WORK / f"small-{dates}"
    if not folder.exists():
        sh(PYTHON, PROGRAMS / "small_days.py", folder, FIRST, dates, STOCKS)
    return sorted(folder.glob("*.mbo.dbn.zst"))


def date_of(file):
    return str(datetime.date.fromisoformat(file.name.split(".")[0].split("-")[2]))


def stocks():
    letters = "ABCDEFGHIJ"
    return [f"T{a}{b}{c}" for a in letters for b in letters for c in letters][:STOCKS]


def lake_with(name, files):
    lake = WORK / "lakes" / name
    sh("rm", "-rf", lake)
    if files:
        sh(*tarn(lake, "raw", "add", *files, "--product-type", PRODUCT))
    return lake


def run(lake, layers, tables, dates, *more):
    names = ",".join(dataset.split(".")[2] for dataset in tables)
    return tarn(lake, "run", "-p", PRODUCT, "-l", layers, "-t", names, "-s", ",".join(stocks()), "-d", dates, *more)


def fixed_costs(tables, options, files):
    """100 stocks on five dates: with twenty orders each, without any files, and once more."""
    span = f"{date_of(files[0])}:{date_of(files[-1])}"
    count = STOCKS * len(files)
    each = {"small": [], "fresh": [], "empty": []}
    for _ in range(min(options.rounds, 3)):
        lake = lake_with("small", files)
        command = run(lake, "bronze", [BRONZE], span, "-j", 1)
        each["small"].append(measured(*command).wall / count * 1e3)
        each["fresh"].append(measured(*command).wall / count * 1e3)
        lake = lake_with("empty", [])
        for file in files:
            sh(*tarn(lake, "raw", "add", "--no-data", "--dataset", "XNAS.ITCH", "--schema", "mbo", "--dt", date_of(file)))
        command = run(lake, "bronze", [BRONZE], ",".join(date_of(file) for file in files), "-j", 1)
        each["empty"].append(measured(*command).wall / count * 1e3)
        same("empty partitions", len(list(lake.glob("bronze/**/_SUCCESS"))), count)
    words = {"small": "twenty records, published", "empty": "empty, published", "fresh": "fresh, left as it is"}
    tables.show(
        f"{count} small symbol-days of bronze",
        ["whole process, one worker", "ms each"],
        [[words[name], spread(values)] for name, values in each.items()],
        "Each is written, checked, hashed, and synchronized with the medium.",
    )


def many_states(tables, options, files):
    lake = WORK / "lakes" / f"states-{len(files)}"
    if not (lake / "complete").exists():
        multiply(lake_with(lake.name, files), files)
        (lake / "complete").touch()
    count = STOCKS * len(files) * (1 + len(SILVER))
    walls, memory = {"status": [], "plan": []}, {"status": [], "plan": []}
    plan = run(lake, "bronze,silver", [BRONZE, *SILVER], f"{date_of(files[0])}:{date_of(files[-1])}", "--dry-run", "--json")
    for _ in range(min(options.rounds, 3)):
        used = measured(*tarn(lake, "status", "--json"))
        same("fresh partitions", sum(line["fresh"] for line in json.loads(used.out)["datasets"]), count)
        walls["status"].append(used.wall)
        memory["status"].append(used.memory)
        used = measured(*plan)
        states = [p["state"] for task in json.loads(used.out)["tasks"] for p in task["partitions"]]
        same("fresh partitions of the plan", states.count("fresh"), count)
        walls["plan"].append(used.wall)
        memory["plan"].append(used.memory)
    tables.show(
        f"The state of {count:,} partitions",
        ["whole process", "seconds", "peak MB"],
        [[f"`tarn {name}`: all fresh", spread(walls[name]), spread(memory[name], 0)] for name in walls],
    )


def path(dataset, symbol, date):
    layer, product, table = dataset.split(".")
    return f"{layer}/product_type={product}/table={table}/symbol={symbol}/dt={date}"


def multiply(lake, files):
    """Makes the first date, and repeats it on the others: what a manifest says of itself and of its inputs is said
    anew, with the hashes that follow from it."""
    first = date_of(files[0])
    sh(*run(lake, "bronze,silver", [BRONZE, *SILVER], first, *HOURS))
    models = {}
    for symbol in stocks():
        for dataset in [BRONZE, *SILVER]:
            models[symbol, dataset] = json.loads((lake / path(dataset, symbol, first) / "_MANIFEST.json").read_text())
    for file in files[1:]:
        date = date_of(file)
        raw = f"raw/source=databento/dataset=XNAS.ITCH/schema=mbo/dt={date}/{file.name}"
        sha256 = hashlib.sha256((lake / raw).read_bytes()).hexdigest()
        for symbol in stocks():
            identity = None
            for dataset in [BRONZE, *SILVER]:
                manifest = copy.deepcopy(models[symbol, dataset])
                manifest["dt"] = date
                if dataset == BRONZE:
                    manifest["inputs"] = [{"raw": raw, "sha256": sha256}]
                else:
                    manifest["inputs"] = [{"partition": path(BRONZE, symbol, date), "manifest_sha256": identity}]
                    move(manifest["parameters"], first, date)
                manifest["generation"] = generation(manifest, path(dataset, symbol, date))
                text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
                marker = hashlib.sha256(text.encode()).hexdigest()
                if dataset == BRONZE:
                    identity = marker
                place = lake / path(dataset, symbol, date)
                place.mkdir(parents=True)
                (place / "_MANIFEST.json").write_text(text)
                (place / "_SUCCESS").write_text(marker + "\n")
                os.link(lake / path(dataset, symbol, first) / "part-00000.parquet", place / "part-00000.parquet")


def move(parameters, first, date):
    """Times of the command line were UTC, those of the registry are New York's."""
    days = (datetime.date.fromisoformat(date) - datetime.date.fromisoformat(first)).days
    for name in parameters["overrides"]:
        parameters["overrides"][name] += days * 86_400 * 10**9
    zone = zoneinfo.ZoneInfo("America/New_York")
    for name, hour, minute in (("output_start", 9, 30), ("output_end", 16, 0)):
        time = datetime.datetime.fromisoformat(date).replace(hour=hour, minute=minute, tzinfo=zone)
        parameters["defaults"][name] = int(time.timestamp()) * 10**9


def generation(manifest, partition):
    members = {name: manifest[name] for name in "compression contract inputs parameters stage writer_revision".split()}
    text = json.dumps(members | {"partition": partition}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
