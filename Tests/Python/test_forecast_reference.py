"""forecast_1s equals what numpy makes of the published surfaces, and fit-forecast what numpy.linalg.lstsq finds.

The sample: a future and a stock with options on them, through the whole program.
"""

import json
import re
import shutil

import numpy as np
import pytest

import pipeline
import reference_forecast as reference
import vendorfiles

DATE = "2026-03-02"
CASES = {
    "future": ("future_mbo", "future_option_mbo", "ESH6", 250_000_000),
    "stock": ("equity_mbo", "equity_option_mbo", "SPY", 500_000_000),
}
# The anchor of a stock moves by half dollars: that takes longer, and more of a push.
HOURS = {"future": {"start": "09:30:00", "end": "09:32:00"}, "stock": {"start": "09:30:00", "end": "09:50:00"}}
BETA = {"future": 1.0, "stock": 40.0}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Both instruments with the surfaces of their options; forecasts with and without those. Read only."""
    folder = tmp_path_factory.mktemp("sample")
    lake = pipeline.Lake(folder / "lake")
    lake.tarn("sample", folder / "days", "-p", ",".join(p for case in CASES.values() for p in case[:2]), "--dt", DATE, "--records", 120_000).exits(0)
    files = sorted((folder / "days").glob("*.dbn.zst"))
    for product, prefix in (("future_mbo", "glbx"), ("equity_mbo", "xnas"), ("equity_option_mbo", "opra")):
        lake.add(*[file for file in files if file.name.startswith(prefix)], product=product)
    for name, (product, options, symbol, _) in CASES.items():
        lake.run("bronze,silver", symbol, DATE, product=product, **HOURS[name]).exits(0)
        lake.run("gold", symbol, DATE, product=product, table="physics_surface_1s").exits(0)
        lake.run("all", symbol, DATE, product=options, **HOURS[name]).exits(0)
        lake.run("gold", symbol, DATE, product=product, set=f"beta={BETA[name]}").exits(0)
    return lake


def numbers(table, name):
    column = table[name]
    return (column.cast("int64") if "timestamp" in str(column.type) else column).to_numpy()


SHOWN = {}


def windows(lake, *case):
    """As `read`, which takes its time."""
    if case not in SHOWN:
        SHOWN[case] = list(read(lake, *case))
    return SHOWN[case]


def read(lake, product, options, symbol, q):
    """(end, spot_tick or None if skipped, Window or None) of each output window, from published tables alone."""
    snapshot = lake.table(f"silver.{product}.book_snapshot_1s", symbol, DATE)
    surface = lake.table(f"gold.{product}.physics_surface_1s", symbol, DATE)
    ends = numbers(surface, "window_end_ts_ns")
    fields = [numbers(surface, name) for name in ("pressure_grad", "u_near", "u_p_slow", "Omega")]
    half = int(numbers(surface, "rel_ticks").max())
    width = 2 * half + 1
    strikes = None
    if options:
        table = lake.table(f"gold.{options}.physics_surface_1s", symbol, DATE)
        strikes = [numbers(table, name) for name in ("window_end_ts_ns", "rel_ticks", "Omega_opt")]
    for end, spot, valid in zip(
        numbers(snapshot, "window_end_ts_ns"), snapshot["spot_ref_price_int"].to_pylist(), snapshot["window_valid"].to_pylist()
    ):
        if spot is None or not valid:
            yield int(end), None, None
            continue
        first = int(np.searchsorted(ends, end))
        assert ends[first] == end and ends[first + 2 * width - 1] == end
        arrays = [field[first : first + 2 * width].reshape(2, width) for field in fields]
        wall = None
        if strikes:
            rows = slice(*np.searchsorted(strikes[0], [end, end + 1]))
            wall = np.zeros(width)
            for x, omega in zip(strikes[1][rows], strikes[2][rows]):
                if abs(x) <= half:
                    wall[x + half] += omega
        yield int(end), spot // q, reference.Window(*arrays, options=wall)


@pytest.mark.parametrize("uses_options", [True, False], ids=["with options", "without"])
@pytest.mark.parametrize("name", CASES)
def test_forecasts(sample, name, uses_options):
    product, options, symbol, q = CASES[name]
    if not uses_options:
        sample.run("gold", symbol, DATE, "--overwrite", product=product, table="forecast_1s", set="options=ignore").exits(0)
    table = sample.table(f"gold.{product}.forecast_1s", symbol, DATE)
    inputs = [entry["partition"] for entry in sample.manifest(f"gold.{product}.forecast_1s", symbol, DATE)["inputs"]]
    assert any(options in path for path in inputs) == uses_options
    rows = iter(table.to_pylist())
    previous, moved, skipped, doubtful = None, 0, 0, 0
    for end, tick, window in windows(sample, product, options if uses_options else None, symbol, q):
        found = [next(rows) for _ in range(31)]
        assert [row["horizon_s"] for row in found] == list(range(31))
        if window is None:
            assert all(row[column] is None for row in found for column in row if column not in ("window_end_ts_ns", "horizon_s"))
            previous, skipped = None, skipped + 1
            continue
        head = found[0]
        assert (head["D_up"], head["D_down"]) == (window.d_up, window.d_down)
        np.testing.assert_allclose(
            [head["RunScore_up"], head["RunScore_down"]], [window.score_up, window.score_down], rtol=1e-9, atol=1e-12)
        speed = tick - previous if previous is not None else 0
        for row, (shift, confidence) in zip(found[1:], window.move(speed, BETA[name], 0.2)):
            if abs(abs(shift - np.trunc(shift)) - 0.5) < 1e-9:
                doubtful += 1
                continue
            assert row["predicted_tick_delta"] == np.rint(shift)
            assert row["predicted_spot_tick"] == tick + np.rint(shift)
            np.testing.assert_allclose(row["confidence"], confidence, rtol=1e-9, atol=1e-12)
            moved += row["predicted_tick_delta"] != 0
        previous = tick
    assert next(rows, None) is None
    assert moved > 100 and doubtful < 10, (moved, skipped, doubtful)
    if not uses_options:
        sample.run("gold", symbol, DATE, "--overwrite", product=product, table="forecast_1s", set="options=auto").exits(0)


# Fitting


def fitted_by_numpy(lake, name, first, last, uses_options=True):
    product, options, symbol, q = CASES[name]
    shown = []
    for end, tick, window in windows(lake, product, options if uses_options else None, symbol, q):
        response = window.f0 / (1 + window.n0) if window else None
        shown.append((end, tick, response, first <= end - 10**9 and end <= last))
    return reference.fit(shown)


@pytest.fixture
def project(sample, tmp_path):
    """The project of the sample's lake, with room for fitted parameters of its own."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "contracts").symlink_to(sample.project / "contracts")
    (root / "datasets.yaml").write_text((sample.project / "datasets.yaml").read_text())
    before = sample.project
    sample.project = root
    yield root
    sample.project = before


@pytest.mark.parametrize("name", CASES)
def test_fit(sample, project, name):
    product, _, symbol, _ = CASES[name]
    midnight = vendorfiles.midnight(DATE)
    # 09:30 New York of the date is 14:30 UTC.
    open_ = midnight + (14 * 3600 + 30 * 60) * 10**9
    beta, gamma, count = fitted_by_numpy(sample, name, open_, open_ + 3 * 3600 * 10**9)
    result = sample.tarn("fit-forecast", "-p", product, "-s", symbol, "-d", DATE, "--dry-run", "--json").exits(0).json
    assert result["windows"] == count > 60 and result["file"] is None
    np.testing.assert_allclose([result["beta"], result["gamma"]], [beta, gamma], rtol=1e-8, atol=1e-10)
    assert not (project / "parameters.yaml").exists()
    # An interval within: other windows, another fit.
    start, end, seconds = {"future": ("09:30:30", "09:31:30", (30, 90)), "stock": ("09:35", "09:45", (300, 900))}[name]
    inner = [open_ + second * 10**9 for second in seconds]
    beta, gamma, fewer = fitted_by_numpy(sample, name, *inner)
    result = sample.tarn(
        "fit-forecast", "-p", product, "-s", symbol, "-d", DATE, "--start", start, "--end", end, "-n", "--json"
    ).exits(0).json
    assert result["windows"] == fewer == {"future": 60, "stock": 600}[name]
    np.testing.assert_allclose([result["beta"], result["gamma"]], [beta, gamma], rtol=1e-8, atol=1e-10)


def test_a_fit_is_taken_by_runs_and_recorded(sample, project, tmp_path):
    """Command line before parameters.yaml before datasets.yaml; a change makes forecasts stale."""
    gold = "gold.future_mbo.forecast_1s"
    run = lambda *more, **options: sample.run("gold", "ESH6", DATE, *more, table="forecast_1s", **options)
    parameters = lambda: sample.manifest(gold, "ESH6", DATE)["parameters"]
    run().exits(0)
    assert parameters()["defaults"]["beta"] == parameters()["overrides"]["beta"] == "1.0"
    # Made anew without a choice of its own.
    shutil.rmtree(sample.folder(gold, "ESH6", DATE))
    run().exits(0)
    result = sample.tarn("fit-forecast", "-p", "future_mbo", "-s", "ESH6", "--json").exits(0).json
    assert [day["dt"] for day in result["days"]] == [DATE] and result["symbol"] == "ES"
    text = (project / "parameters.yaml").read_text()
    assert "gold_forecast" in text and re.search(r'ES"?:\n', text) and DATE in text
    assert f'beta: "{result["beta"]}"' in text.replace("'", '"')
    # Stale for both who look.
    run().exits(4, r"forecast_1s ESH6 2026-03-02 is stale \(parameters changed: .*gamma")
    status = sample.tarn("status", "--json", "--partitions", "-t", "forecast_1s", "-p", "future_mbo").exits(0).json
    assert [entry["state"] for entry in status["partitions"]] == ["stale"]
    run("--overwrite").exits(0)
    assert float(parameters()["defaults"]["beta"]) == result["beta"]
    assert float(parameters()["defaults"]["gamma"]) == result["gamma"]
    assert run().exits(0).outcomes == {"fresh"}
    # The command line wins, and is kept; null of it is not asked for by saying nothing.
    run("--overwrite", set="beta=0.5").exits(0)
    assert parameters()["overrides"] == {"beta": "0.5"}
    table = sample.table(gold, "ESH6", DATE)
    check = json.loads(sample.tarn(
        "explain", gold, "-s", "ESH6", "-d", DATE, "--at", table["window_end_ts_ns"].cast("int64")[31 * 40].as_py(),
        "horizon_s=5", "--json").exits(0).out)
    assert check["forecast"]["beta"] == 0.5 and check["forecast"]["gamma"] == result["gamma"]
    # A second fit of another symbol stays beside the first.
    sample.tarn("fit-forecast", "-p", "equity_mbo", "-s", "SPY").exits(0)
    both = (project / "parameters.yaml").read_text()
    assert "future_mbo" in both and "equity_mbo" in both and "SPY" in both
    # Without the file all is as before.
    (project / "parameters.yaml").unlink()
    run("--overwrite", set=["beta=1.0"]).exits(0)
    assert parameters()["defaults"]["gamma"] == "0.2"


@pytest.mark.parametrize(
    "text, pattern",
    [
        ("version: 1\nstages: {gold_forecast: {future_mbo: {ES: {values: {alpha: 1}}}}}\n", r"parameters\.yaml:2: .*no parameter 'alpha'"),
        ("version: 1\nstages: {gold_forecasts: {future_mbo: {ES: {values: {beta: 1}}}}}\n", r"no stage 'gold_forecasts'"),
        ("version: 1\nstages: {gold_forecast: {equity_option_mbo: {ES: {values: {beta: 1}}}}}\n", r"no product"),
        ("version: 2\nstages: {}\n", r"parameters\.yaml:1: .*version 1"),
        ("version: 1\nstages: [\n", r"parameters\.yaml:"),
    ],
)
def test_fitted_parameters_that_cannot_be_are_configuration(sample, project, text, pattern):
    (project / "parameters.yaml").write_text(text)
    sample.tarn("status").exits(2, pattern)


def test_a_fit_needs_surfaces_that_move(sample, project):
    fit = lambda *more: sample.tarn("fit-forecast", "-p", "future_mbo", "-s", "ESH6", *more)
    fit("-d", "2026-03-04").exits(4, "physics_surface_1s|book_snapshot_1s")
    sample.tarn("fit-forecast", "-p", "future_mbo", "-s", "NQH6").exits(4, "no surface of future_mbo NQH6")
    sample.tarn("fit-forecast", "-p", "future_option_mbo", "-s", "ESH6").exits(2, "no forecast of 'future_option_mbo'")
    # Outside the windows there are: nothing to fit to.
    fit("-d", DATE, "--start", "12:00", "--end", "12:30").exits(4, "move")
    assert not (project / "parameters.yaml").exists()
