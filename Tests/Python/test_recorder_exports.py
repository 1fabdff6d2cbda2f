"""What leaves the lake of the recorder: report.json, chain tables, views and the page of a session.

The tables themselves are judged elsewhere; here numpy and the csv module compute from the published tables what
docs/spec/recorder.md, section 8, makes of them, and a real browser reads the page.
"""

import base64
import csv
import io
import json
import math
import random
import shutil

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from matplotlib import image

import pipeline
from vendorfiles import midnight

SYMBOL, DATE = "XYZ", "2026-03-03"
OPEN = midnight(DATE) + (14 * 3600 + 1800) * 10**9
HOSTILE = """</script><script>document.title = "taken over"</script><b>&"'"""
SESSION = f"{SYMBOL}:{DATE}:rth"
FEATURES = (
    "delta cvd_60s cvd_30s relative_aggression absorption_index_10s div_score buy_on_red sell_on_green spread_pct "
    "signed_distance_to_level_atr vol_z_60s trade_rate_z_60s compression_index ema_confluence_score"
).split()
DRAWN_IN = {"absorption_index_10s", "buy_on_red", "sell_on_green", "div_score"}


def feeds(folder):
    """A day that swings through its levels: trades.csv and quotes.csv."""
    rng = random.Random(7)
    trades, quotes = ["ts_event,price,size"], ["ts_event,bid_price,bid_size,ask_price,ask_size"]
    cents = 10_000
    for second in range(0, 6 * 3600, 3):
        wave = 90 * math.sin(second / 1500) + 35 * math.sin(second / 210)
        cents += round((10_000 + wave - cents) * 0.3) + rng.choice([-2, -1, 0, 0, 1, 2])
        now = OPEN + second * 10**9
        quotes.append(f"{now},{(cents - 1) / 100:.2f},{rng.randint(1, 9) * 100},{(cents + 1) / 100:.2f},100")
        side = rng.choice([-1, 1])
        trades.append(f"{now + 1000},{(cents + side) / 100:.2f},{rng.choice([1, 10, 50, 100, 100, 400])}")
    files = []
    for name, lines in (("trades", trades), ("quotes", quotes)):
        path = folder / f"{name}.csv"
        path.write_text("\n".join(lines) + "\n")
        files.append(path)
    levels = folder / "levels.yaml"
    levels.write_text(
        f"ticker: {SYMBOL}\nlevels:\n"
        + "".join(
            f"  - {{level_id: {name}, level_price: {price}, level_type: {kind}, level_source: manual, "
            f"notes: {json.dumps(HOSTILE)}}}\n"
            for name, price, kind in [
                ("deep", 99.2, "support"), ("shelf", 99.8, "support"), ("lid", 100.7, "resistance"),
                ("middle", 100.0, "vwap"),
            ]
        )
    )  # fmt: skip
    markers = folder / "markers.yaml"
    markers.write_text(
        f"ticker: {SYMBOL}\nmarkers:\n  - {{ts_ms: {OPEN // 10**6 + 3_600_000}, marker_types: [double_top]}}\n"
    )
    return files, [levels, markers]


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The day from CSV to gold. Read only."""
    folder = tmp_path_factory.mktemp("recorder")
    lake = pipeline.Lake(folder / "lake")
    files, references = feeds(folder)
    lake.add(*files, product="equity_taq", symbol=SYMBOL, dt=DATE)
    place = ("-p", "equity_taq", "-s", SYMBOL, "-d", DATE)
    lake.tarn("ref", "add", *references, *place).exits(0)
    lake.run("all", SYMBOL, DATE, product="equity_taq").exits(0)
    return lake


def export(lake, folder, *kinds, **options):
    place = ("-p", "equity_taq", "-s", SYMBOL, "-d", DATE, "-o", folder)
    return lake.tarn("export", *kinds, *place, *pipeline.flags(options)).exits(0)


def gold(lake, table):
    return lake.table(f"gold.equity_taq.{table}", SYMBOL, DATE)


def plain(table):
    """Rows as the report writes them: instants as integers."""
    columns = [
        column.cast("int64") if isinstance(column.type, pa.TimestampType) else column for column in table.columns
    ]
    return pa.table(columns, names=table.column_names).to_pylist()


@pytest.fixture(scope="module")
def report(day, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    export(day, folder, "report")
    (path,) = folder.rglob("report.json")
    assert path.parent == folder / "report" / f"date={DATE}" / f"ticker={SYMBOL}" / "session=XYZ%3A2026-03-03%3Arth"
    return path.read_text()


def test_report_is_written_as_the_specification_says(report):
    value = json.loads(report)
    assert report == json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    meta = value["_meta"]
    assert meta["schema_version"] == "market_state_report_v1"
    assert (meta["dt"], meta["symbol"], meta["session_id"]) == (DATE, SYMBOL, SESSION)
    assert meta["inputs"] == sorted(set(meta["inputs"])) and "gold.episodes" in meta["inputs"]
    expected = {
        "success_threshold_atr": 0.5, "failure_threshold_atr": 0.35, "atr_period": 14, "band_pct": 0.0015,
        "large_trade_window_ms": 300000, "timeout_seconds": 300, "trade_side": "quote_test",
    }  # fmt: skip
    config = {name: meta["config"].get(name) for name in expected}
    assert {name: float(v) if name != "trade_side" else v for name, v in config.items()} == expected


def test_report_counts_and_distributions(day, report):
    value = json.loads(report)
    episodes = gold(day, "episodes").to_pylist()
    assert value["episodes_total"] == len(episodes) > 5
    outcomes = [episode["outcome"] or "unresolved" for episode in episodes]
    assert value["outcome_counts"] == {
        name: outcomes.count(name) for name in ("win", "loss", "scratch", "no_trade", "unresolved")
    }
    for name in ("mfe", "mae", "time_to_mfe_ms", "time_to_failure_ms"):
        numbers = [episode[name] for episode in episodes if episode[name] is not None]
        found = value["metrics"][name]
        if not numbers:
            assert found is None
            continue
        expected = [min(numbers), *np.quantile(numbers, [0.5, 0.9]), max(numbers), np.mean(numbers)]
        np.testing.assert_allclose([found[key] for key in ("min", "p50", "p90", "max", "mean")], expected, rtol=1e-12)


def test_report_repeats_the_chain_tables(day, report):
    value = json.loads(report)
    assert value["markers"] == plain(gold(day, "markers")) and len(value["markers"]) == 1
    chains = {chain["chain_id"]: chain for chain in value["level_chains"]}
    assert list(chains) == sorted(chains) == ["default"]
    chain = chains["default"]
    events = gold(day, "level_interactions").to_pylist()
    for level, row in zip(chain["levels"], plain(gold(day, "level_chain_metrics")), strict=True):
        own = [event for event in events if event["level_id"] == row["level_id"]]
        touches = [event for event in own if event["event"] == "touch"]
        assert level.pop("timeline_summary") == {
            "touches": len(touches),
            "breaks": sum(event["event"] == "break" for event in own),
            "rejects": sum(event["event"] == "reject" for event in own),
            "reclaim_attempts": sum(event["reclaim_attempt"] for event in touches),
            "cross_throughs": sum(event["mode"] == "cross_through" for event in touches),
        }
        assert level == row and touches
    packets = sorted(plain(gold(day, "touch_packets")), key=lambda row: (row["level_id"], row["touch_number"]))
    assert chain["touch_packets"] == packets and packets
    assert chain["reclaim_packets"] == plain(gold(day, "reclaim_packets"))
    (summary,) = plain(gold(day, "chain_summary"))
    assert chain["main_support"] == {key: summary[key] for key in chain["main_support"]}


def test_report_ranks_features(day, report):
    ranking = json.loads(report)["feature_ranking"]
    rows = gold(day, "episode_snapshots").to_pylist()
    changes = {"win": [], "loss": []}
    for episode in gold(day, "episodes").to_pylist():
        own = [row for row in rows if row["episode_id"] == episode["episode_id"]]
        baseline = [row for row in own if row["phase"] == "baseline"]
        stress = [row for row in own if row["phase"] == "stress"][:6]
        if episode["outcome"] in changes and baseline and stress:
            change = [np.mean([r[f] for r in stress]) - np.mean([r[f] for r in baseline]) for f in FEATURES]
            changes[episode["outcome"]].append(
                [np.arcsinh(x) if f in DRAWN_IN else x for f, x in zip(FEATURES, change)]
            )
    won, lost = np.array(changes["win"]), np.array(changes["loss"])
    assert len(won) >= 2 and len(lost) >= 2, "the day shows nothing"
    spread = np.sqrt((won.std(axis=0) ** 2 + lost.std(axis=0) ** 2) / 2)
    difference = won.mean(axis=0) - lost.mean(axis=0)
    effect = np.where(spread == 0, 0, difference / (spread + 1e-12))
    assert {entry["feature"] for entry in ranking} == set(FEATURES)
    for entry in ranking:
        index = FEATURES.index(entry["feature"])
        assert (entry["wins"], entry["losses"]) == (len(won), len(lost))
        np.testing.assert_allclose(entry["effect"], effect[index], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(entry["mean_difference"], difference[index], rtol=1e-6, atol=1e-9)
    order = [(-abs(e["effect"]), -abs(e["mean_difference"]), e["feature"]) for e in ranking]
    assert order == sorted(order)


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def same_text(found, expected):
    """Doubles may be spelt in another way; both are the shortest digits."""
    return found == expected or (expected not in ("", "true", "false") and float(found) == float(expected))


@pytest.mark.parametrize(
    "name, table",
    [("level_chains", "level_chain_metrics"), ("touch_packets", "touch_packets"), ("reclaim_packets", "reclaim_packets")],
)
def test_chain_tables_as_csv(day, tmp_path, name, table):
    export(day, tmp_path, name)
    source = gold(day, table)
    header, *lines = csv.reader(io.StringIO((tmp_path / f"{name}.csv").read_text()))
    others = [column for column in source.column_names if column != "session_id"]
    assert header == ["date", "ticker", "session_id", *others]
    for line, row in zip(lines, plain(source), strict=True):
        assert line[:3] == [DATE, SYMBOL, SESSION]
        for found, column in zip(line[3:], others):
            assert same_text(found, text(row[column])), (column, found, row[column])


VIEWS = {
    "snapshots": "gold.equity_taq.episode_snapshots", "episodes": "gold.equity_taq.episodes",
    "labels": "gold.equity_taq.episodes_labeled", "tf_indicators": "silver.equity_taq.tf_indicators_10s",
    "session_stream": "silver.equity_taq.state_10s", "markers": "gold.equity_taq.markers",
}  # fmt: skip


@pytest.mark.parametrize("kind", VIEWS)
def test_views(day, tmp_path, kind):
    export(day, tmp_path, kind)
    (path,) = tmp_path.rglob("part-000.parquet")
    assert path.parent.relative_to(tmp_path).parts == (
        kind, f"date={DATE}", f"ticker={SYMBOL}", "session=XYZ%3A2026-03-03%3Arth",
    )  # fmt: skip
    source = day.table(VIEWS[kind], SYMBOL, DATE)
    view = parquet.read_table(path, partitioning=None)
    assert view.column_names == ["date", "ticker", *source.column_names]
    assert set(view["date"].to_pylist()) == {DATE} and set(view["ticker"].to_pylist()) == {SYMBOL}
    assert view.drop_columns(["date", "ticker"]).to_pylist() == source.to_pylist() and source.num_rows
    frame = pl.scan_parquet(tmp_path / kind / "**" / "*.parquet", hive_partitioning=True).collect()
    assert frame.height == source.num_rows


def test_snapshots_as_csv_have_the_official_names(day, tmp_path):
    export(day, tmp_path, "snapshots", csv=True)
    (path,) = tmp_path.rglob("part-000.csv")
    header, *lines = csv.reader(io.StringIO(path.read_text()))
    assert "%_at_ask" in header and "%_at_bid" in header and "pct_at_ask" not in header
    assert len(lines) == gold(day, "episode_snapshots").num_rows


def test_an_export_replaces_its_files_and_names_them(day, tmp_path):
    files = json.loads(export(day, tmp_path, json=True).out)["files"]
    assert len(files) == 4
    before = {path: open(path, "rb").read() for path in files}
    export(day, tmp_path)
    assert {path: open(path, "rb").read() for path in files} == before
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 4


def test_exports_of_what_is_not_there(day, tmp_path):
    place = ("-p", "equity_taq", "-s", SYMBOL, "-o", tmp_path)
    day.tarn("export", *place, "-d", "2026-03-04").exits(4, "2026-03-04")
    day.tarn("export", *place, "-d", "2026-03-04:2026-03-06").exits(4, "no sessions")
    day.tarn("export", "snapshot", *place, "-d", DATE).exits(2, "did you mean 'snapshots'")
    day.tarn("report", "-s", SYMBOL, "-d", DATE, "--session", "other", "-o", tmp_path / "x.html").exits(2, SESSION)
    assert not list(tmp_path.iterdir())


# The page


@pytest.fixture(scope="module")
def browser():
    selenium = pytest.importorskip("selenium.webdriver")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("no Chromium here")
    options = selenium.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1440,1200", "--force-color-profile=srgb"):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = selenium.Chrome(options=options, service=selenium.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(day, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    day.tarn("report", "-s", SYMBOL, "-d", DATE, "-o", path).exits(0)
    return path


def test_the_page_is_one_file_without_a_network(page):
    source = page.read_text()
    assert "default-src 'none'" in source
    for reach in ("http://", "https://", "src=", "@import", "url(", "fetch(", "XMLHttpRequest"):
        assert reach not in source, reach
    # What is data stays data: the hostile note is there, and does not end its element.
    assert source.count("</script>") == 2 and "document.title = \\\"taken over" in source


@pytest.fixture
def opened(browser, page):
    browser.get(page.as_uri())
    yield browser
    assert browser.get_log("browser") == []


def picture(browser, index=0):
    return browser.execute_script(
        "return document.querySelectorAll('#charts canvas:not(.over)')[arguments[0]].toDataURL()", index
    )


def test_the_page_shows_what_the_tables_say(opened, day):
    assert opened.title == f"{SYMBOL} {DATE}"
    episodes = gold(day, "episodes").num_rows
    rows = opened.find_elements("css selector", "#episodes tbody tr")
    assert len(rows) == episodes > 0
    assert len(opened.find_elements("css selector", "#chains tbody tr")) == 3
    touches = gold(day, "touch_packets").num_rows + gold(day, "reclaim_packets").num_rows
    assert len(opened.find_elements("css selector", "#touches tbody tr")) == touches
    tiles = opened.find_element("id", "tiles").text
    outcomes = gold(day, "episodes")["outcome"].to_pylist()
    assert " / ".join(str(outcomes.count(name)) for name in ("win", "loss", "scratch")) in tiles
    volume = sum(day.table("silver.equity_taq.state_10s", SYMBOL, DATE)["total_volume"].to_pylist())
    assert f"{volume:,.0f}" in tiles
    # The charts are drawn in several colours.
    colours = opened.execute_script("""
        const c = document.querySelector('#charts canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        const seen = new Set(); for (let i = 0; i < d.length; i += 4) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); return seen.size""")
    assert colours > 20


def test_the_page_answers_to_mouse_and_keyboard(opened):
    whole = picture(opened)
    opened.find_element("css selector", "#episodes tbody tr").click()
    zoomed = picture(opened)
    assert zoomed != whole
    opened.find_element("id", "reset").click()
    charts = opened.find_element("id", "charts")
    charts.send_keys("+")
    assert picture(opened) not in (whole, zoomed)
    charts.send_keys("0")
    before = picture(opened)
    level = opened.find_element("css selector", "#legend button")
    level.click()
    assert level.get_attribute("aria-pressed") == "false" and picture(opened) != before
    level.click()
    assert picture(opened) == before
    opened.find_element("id", "theme").click()
    assert picture(opened) != before
    from selenium.webdriver import ActionChains

    ActionChains(opened).move_to_element_with_offset(charts, 100, -100).perform()
    tip = opened.find_element("id", "tip")
    assert tip.is_displayed() and "cumulative delta" in tip.text


def test_the_page_fits_a_laptop_and_a_narrow_window(opened):
    for width in (1366, 900, 480):
        opened.set_window_size(width, 800)
        overflow = opened.execute_script("return document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, width
    opened.set_window_size(1440, 1200)


# The page of an order-book product


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """(lake, page, its data) of a future's first half hour: levels, depth and pressure."""
    folder = tmp_path_factory.mktemp("book")
    lake, symbol = pipeline.Lake(folder / "lake"), "ESH6"
    lake.tarn("sample", folder / "days", "-p", "future_mbo", "-d", DATE, "--records", 60_000).exits(0)
    lake.add(*(folder / "days").glob("*.mbo.dbn.zst"), *(folder / "days").glob("*.definition.dbn.zst"))
    start, end = OPEN // 10**6, OPEN // 10**6 + 1_800_000
    session = {"symbol": symbol, "dt": DATE, "start_ts_ms": start, "end_ts_ms": end}
    (folder / "session.yaml").write_text(json.dumps(session))
    lake.run("bronze", symbol, DATE).exits(0)
    lake.run("silver", symbol, DATE, table="sessions,trades,quotes,trades_classified").exits(0)
    prices = lake.table("silver.future_mbo.trades_classified", symbol, DATE)["price"].to_numpy()
    levels = [
        {"level_id": name, "level_price": float(np.quantile(prices, q)), "level_type": kind, "level_source": "manual"}
        for name, q, kind in (("floor", 0.2, "support"), ("lid", 0.8, "resistance"))
    ]
    (folder / "levels.yaml").write_text(json.dumps({"ticker": symbol, "levels": levels}))
    files = [folder / "session.yaml", folder / "levels.yaml"]
    lake.tarn("ref", "add", "-p", "future_mbo", "-s", symbol, "-d", DATE, *files).exits(0)
    lake.run("silver", symbol, DATE, start="09:30", end="10:00", overwrite=True).exits(0)
    lake.run("gold", symbol, DATE).exits(0)
    path = folder / "page.html"
    lake.tarn("report", "-p", "future_mbo", "-s", symbol, "-d", DATE, "-o", path).exits(0)
    text = path.read_text()
    head = '<script type="application/json" id="data">'
    return lake, path, json.loads(text[text.index(head) + len(head) : text.index("</script>")])


def grid(field, ends, prices, values):
    """Means over the windows of each cell, column by column from the lowest price upward."""
    low, step = round(field["low"] * 10**9), round(field["step"] * 10**9)
    column = (ends // 10**6 - 1 - field["start"]) // field["columnMs"]
    row = (prices - low) // step
    inside = (column >= 0) & (column < field["columns"]) & (row >= 0) & (row < field["rows"])
    sums = np.zeros((field["columns"], field["rows"]))
    np.add.at(sums, (column[inside], row[inside]), values[inside])
    windows = np.array([len(set(ends[column == c])) for c in range(field["columns"])])
    return sums / np.maximum(1, windows)[:, None]


def cells(field):
    shape = field["columns"], field["rows"]
    return np.frombuffer(base64.b64decode(field["cells"]), np.uint8).reshape(shape).astype(int)


def test_depth_and_pressure_are_those_of_the_tables(book):
    lake, _, data = book
    depth = lake.table("silver.future_mbo.depth_and_flow_1s", "ESH6", DATE)
    columns = [depth[c].cast("int64").to_numpy() for c in ("window_end_ts_ns", "price_int", "depth_qty_end")]
    field = data["book"]["depth"]
    means = grid(field, *columns)
    positive = np.sort(means[means > 0])
    top = positive[min(len(positive) - 1, len(positive) * 199 // 200)]
    expected = np.where(means > 0, np.minimum(255, 1 + np.sqrt(means / top) * 254), 0).astype(int)
    found = cells(field)
    assert found.max() == 255 and (found > 0).mean() > 0.1 and np.abs(found - expected).max() <= 1

    surface = lake.table("gold.future_mbo.physics_surface_1s", "ESH6", DATE)
    ends, spot, offset = (surface[c].cast("int64").to_numpy() for c in ("window_end_ts_ns", "spot_ref_price_int", "rel_ticks"))
    field = data["book"]["pressure"]
    means = grid(field, ends, spot + offset * 250_000_000, surface["pressure_grad"].to_numpy())
    sizes = np.sort(np.abs(means[means != 0]))
    top = sizes[min(len(sizes) - 1, len(sizes) * 199 // 200)]
    expected = (128 + np.clip(means / top * 127, -127, 127)).astype(int)
    found = cells(field)
    assert found.min() == 1 and found.max() == 255 and np.abs(found - expected).max() <= 1

    snapshots = lake.table("silver.future_mbo.book_snapshot_1s", "ESH6", DATE)
    spots = [None if price is None else price / 1e9 for price in snapshots["spot_ref_price_int"].to_pylist()]
    assert data["book"]["spot"] == spots and len(spots) == 1800
    assert data["book"]["valid"] == snapshots["window_valid"].to_pylist()


def colours(url):
    """Different colours of a picture that is a data URL."""
    pixels = image.imread(io.BytesIO(base64.b64decode(url.split(",")[1])))
    return len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0))


def test_the_page_draws_the_book(browser, book):
    _, path, _ = book
    browser.get(path.as_uri())
    labels = [label.get_attribute("textContent") for label in browser.find_elements("css selector", "#charts label")]
    assert [label.split()[0] for label in labels if label] == ["Price", "Delta", "Resting", "Pressure:"]
    depth, pressure = 3, 4
    for theme in range(2):
        before = picture(browser, depth), picture(browser, pressure)
        assert all(colours(one) > 50 for one in before), theme
        browser.find_element("id", "theme").click()
        assert picture(browser, depth) != before[0] and picture(browser, pressure) != before[1]
    # A level that is hidden is hidden there, too; the book is zoomed with the rest.
    browser.find_element("css selector", "#legend button").click()
    assert picture(browser, depth) != before[0]
    before = picture(browser, pressure)
    browser.find_element("id", "charts").send_keys("+")
    assert picture(browser, pressure) != before
    assert browser.get_log("browser") == []
