"""A run that is asked to stop ends at once, leaves no trace of what was half made, and can be done again."""

import json
import shutil
import signal
import time

import pytest

import vendorfiles
from pipeline import FULL, FaultyLake, Lake, faults_shim, interrupt, vendor

DATE = "2026-03-03"
# Under a loaded machine a second is not always a second.
AT_ONCE = 3.0


@pytest.fixture
def lake(synthetic, tmp_path):
    """The synthetic day with raw files and bronze, no more."""
    for layer in ("raw", "bronze"):
        shutil.copytree(synthetic.root / layer, tmp_path / "lake" / layer)
    return Lake(tmp_path / "lake")


def begin(lake, layers, *more, symbols="ESH6,NQH6"):
    """Starts a run; gives it back as soon as it has opened an output in staging."""
    return once_staged(lake, lake.start("run", "--json", "-p", "future_mbo", "-l", layers, "-s", symbols, "-d", DATE, *more))


def once_staged(lake, process):
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if staged(lake):
            return process
        time.sleep(0.002)
    pytest.fail(f"the run ended before it could be interrupted: {process.communicate()}")


def staged(lake):
    try:
        return [path for path in (lake.root / "_staging").rglob("*.parquet") if path.is_file()]
    except FileNotFoundError:
        return []


def complete(lake):
    """Every folder of a layer is whole: three files, and verify agrees."""
    for layer in ("bronze", "silver", "gold"):
        for folder in {path.parent for path in (lake.root / layer).rglob("*") if path.is_file()}:
            assert sorted(path.name for path in folder.iterdir()) == ["_MANIFEST.json", "_SUCCESS", "part-00000.parquet"]
    lake.tarn("verify").exits(0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("layers", ["bronze", "silver", "gold"])
def test_an_interrupted_run(lake, synthetic, layers, number):
    if layers == "bronze":
        shutil.rmtree(lake.root / "bronze")
    if layers == "gold":
        # Surfaces of a whole session: some seconds of work.
        lake.run("silver", "ESH6,NQH6", DATE).exits(0)
    process = begin(lake, layers)
    result, seconds = interrupt(process, number)
    assert result.code == 130, str(result)
    assert seconds < AT_ONCE and "interrupted" in result.err
    assert result.json["error"]["kind"] == "interrupted"
    assert lake.leftovers() == []
    complete(lake)
    lake.run("bronze", "ESH6,NQH6", DATE).exits(0)
    assert lake.hashes("bronze") == synthetic.hashes("bronze")
    if layers != "gold":
        assert lake.run(layers, "ESH6,NQH6", DATE).exits(0).outcomes <= {"published", "fresh"}
    assert lake.leftovers() == []


def test_an_interrupted_task_of_a_plan(lake, tmp_path):
    """What a scheduler does to a line of a plan when its time is over, and later once more."""
    select = ["-p", "future_mbo", "-l", "silver", "-s", "ESH6", "-d", DATE, "--table",
              "book_snapshot_1s,depth_and_flow_1s,book_quality_1s"]  # fmt: skip
    lines = lake.tarn("plan", *select, "--ndjson").exits(0).out
    (tmp_path / "plan.ndjson").write_text(lines)
    assert [json.loads(line)["kind"] for line in lines.splitlines()] == ["task"]
    words = ["run", "--task", tmp_path / "plan.ndjson", "--json"]
    result, seconds = interrupt(once_staged(lake, lake.start(*words)), signal.SIGTERM)
    assert result.code == 130 and seconds < AT_ONCE, str(result)
    assert lake.leftovers() == [] and not list((lake.root / "silver").rglob("_SUCCESS"))
    assert lake.tarn(*words).exits(0).outcomes == {"published"}
    assert lake.tarn(*words).exits(0).outcomes == {"fresh"}


def test_an_interrupted_overwrite_keeps_the_old_generation(lake):
    window = ["--start", "14:30:00Z", "--end", "14:31:00Z"]
    lake.run("silver", "ESH6", DATE, *window).exits(0)
    before = lake.hashes()
    process = begin(lake, "silver", "--overwrite", "--start", "09:30", "--end", "16:00", symbols="ESH6")
    result, seconds = interrupt(process)
    assert (result.code, seconds < AT_ONCE) == (130, True), str(result)
    assert lake.hashes() == before and lake.leftovers() == [] and lake.history() == []


def test_a_killed_run_is_swept_by_the_next(lake, synthetic):
    """SIGKILL leaves staging behind; the next run removes it, although nobody unlocked anything."""
    process = begin(lake, "silver")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert lake.leftovers() != []
    complete(lake)
    # A command that only looks does not need it gone.
    lake.tarn("status").exits(0)
    window = ["--start", "14:30:00Z", "--end", "14:30:10Z"]
    lake.run("silver", "ESH6,NQH6", DATE, *window).exits(0)
    assert lake.leftovers() == []
    complete(lake)


def test_a_living_run_is_not_swept_by_another(lake):
    """Two runs of the same lake: one stages, the other comes and goes."""
    process = begin(lake, "silver")
    mine = {path.parents[0] for path in staged(lake)}
    lake.run("bronze", "ESH6", DATE).exits(0)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert mine and lake.leftovers() == []
    complete(lake)


def test_two_runs_of_the_same_partitions(lake):
    """Both end well: one publishes, the other finds the same generation committed."""
    window = ["--start", "14:20:00Z", "--end", "14:50:00Z"]
    arguments = ["run", "--json", "-p", "future_mbo", "-l", "silver", "-s", "ESH6", "-d", DATE, *window]
    runs = [lake.start(*arguments) for _ in range(3)]
    for process in runs:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert lake.leftovers() == [] and lake.history() == []
    complete(lake)


def test_two_runs_that_want_different_things(lake):
    """One wins with all its tables; the other is told, and touches nothing: never a mixture of generations."""
    tables = ["book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s"]
    arguments = ["run", "--json", "-p", "future_mbo", "-l", "silver", "-s", "ESH6", "-d", DATE]
    arguments += ["--start", "14:20:00Z", "--end", "14:30:00Z"]
    for _ in range(4):
        shutil.rmtree(lake.root / "silver", ignore_errors=True)
        runs = {policy: lake.start(*arguments, "--set", f"crossed_policy={policy}") for policy in ("record", "invalidate")}
        errors = {policy: process.communicate(timeout=120)[1] for policy, process in runs.items()}
        manifests = [lake.manifest(f"silver.future_mbo.{table}", "ESH6", DATE) for table in tables]
        (winner,) = {manifest["parameters"]["overrides"]["crossed_policy"] for manifest in manifests}
        for policy, process in runs.items():
            assert process.returncode == (0 if policy == winner else 4), errors
        assert lake.leftovers() == [] and lake.history() == []
    complete(lake)


def test_an_interrupted_addition_of_files(lake):
    """Raw files appear whole or not at all."""
    shutil.rmtree(lake.root / "raw")
    files = vendor(*vendorfiles.SYNTHETIC)
    process = lake.start("raw", "add", "-p", "future_mbo", *files)
    time.sleep(0.01)
    interrupt(process)
    for path in (lake.root / "raw").rglob("*.dbn.zst"):
        assert path.stat().st_size == next(f for f in files if f.name == path.name).stat().st_size
    lake.tarn("raw", "add", "-p", "future_mbo", *files).exits(0)
    lake.tarn("raw", "verify").exits(0)


RECORDED = ("-p", "equity_taq", "-s", "SPY", "-d", "2026-03-02")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A generated day of trades and quotes with levels and markers, raw files only. Copied, never worked on."""
    folder = tmp_path_factory.mktemp("recording")
    lake = Lake(folder / "lake")
    lake.tarn("sample", folder / "days", "-p", "equity_taq", "-d", "2026-03-02").exits(0)
    lake.add(*(folder / "days").glob("*mbp-1*"), product="equity_taq")
    notes = [path for path in (folder / "days").iterdir() if path.name.startswith("spy-")]
    lake.tarn("ref", "add", *RECORDED, *notes).exits(0)
    return lake


def test_a_signal_in_every_stage_of_the_recorder(recording, tmp_path):
    """The shim raises the signal at a call: as each table is opened, and while compressed raw bytes are read. The bounded
    run takes every fifth table and one read, the whole run every table and every read, and both signals."""
    shim = faults_shim(tmp_path)
    command = ["run", "--json", *RECORDED, "-l", "all", "-j", "1"]

    def copy(name):
        shutil.copytree(recording.root, tmp_path / name)
        return FaultyLake(tmp_path / name)

    trace = tmp_path / "trace"
    whole = copy("whole")
    whole.under(shim, FAULTS_TRACE=str(trace), FAULTS_READS="1").tarn(*command).exits(0)
    calls = trace.read_text().splitlines()
    opened = [n for n, call in enumerate(calls, 1) if call.startswith("open /_staging") and call.endswith(".parquet")]
    read = [n for n, call in enumerate(calls, 1) if call.startswith("read /raw/") and call.endswith(".zst")]
    tables = [path for layer in ("bronze", "silver", "gold") for path in (whole.root / layer).rglob("*.parquet")]
    assert len(opened) == len(tables) >= 20 and len(read) > 3
    points = opened + read if FULL else opened[::5] + read[len(read) // 2 :][:1]
    slowest, codes = 0.0, {}
    for index, n in enumerate(points):
        for number in (signal.SIGINT, signal.SIGTERM) if FULL else ((signal.SIGINT, signal.SIGTERM)[index % 2],):
            lake = copy(f"{n}-{number.name}")
            note = tmp_path / f"trace-{n}-{number.name}"
            faults = {"FAULTS_NTH": str(n), "FAULTS_ACTION": "signal", "FAULTS_ERRNO": str(int(number)), "FAULTS_READS": "1"}
            result = lake.under(shim, FAULTS_TRACE=str(note), **faults).tarn(*command)
            ended = time.monotonic()
            (raised,) = (line for line in note.read_text().splitlines() if line.startswith("signal "))
            seconds = ended - int(raised.split()[1]) / 1e9
            where = f"{number.name} at call {n}, {calls[n - 1]}: {result}"
            if result.code == 0:
                # In the last stage a run may find that it is done.
                assert n >= opened[-4] and lake.hashes() == whole.hashes(), where
            else:
                assert result.code == 130 and "interrupted" in result.err, where
            assert seconds < AT_ONCE, where
            assert lake.leftovers() == [], where
            complete(lake)
            slowest, codes[result.code] = max(slowest, seconds), codes.get(result.code, 0) + 1
            if index in (0, len(points) - 1):
                lake.tarn(*command).exits(0)
                assert lake.hashes("bronze", "ref", "silver", "gold") == whole.hashes("bronze", "ref", "silver", "gold")
            shutil.rmtree(lake.root)
    print(f"\n{sum(codes.values())} signals at {len(points)} calls: exit codes {codes}, ended after at most {slowest:.2f} s")
