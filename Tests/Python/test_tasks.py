"""Plans as lines, carried out one by one, elsewhere, in any order within a step: the same lake comes out."""

import json
import random

import pytest

import pipeline

WINDOW = {"start": "09:40", "end": "09:40:05"}
DATES = "2026-03-02:2026-03-03"


def made(folder):
    lake = pipeline.Lake(folder / "lake")
    lake.tarn("sample", folder / "days", "--records", "3000").exits(0)
    lake.tarn("raw", "add", *sorted((folder / "days").glob("*.dbn.zst"))).exits(0)
    return lake


def plan(lake, *more, code=0, **options):
    result = lake.tarn("plan", "-p", "future_mbo", "-l", "all", "-s", "ES", "-d", DATES, "--ndjson", *more,
                       *pipeline.flags(WINDOW | options)).exits(code)  # fmt: skip
    return [json.loads(line) for line in result.out.splitlines()]


def carry_out(lake, lines, folder, *more):
    file = folder / "tasks.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return lake.tarn("run", "--task", file, "--json", *more)


def steps(lines):
    return [[line for line in lines if line["step"] == step] for step in sorted({line["step"] for line in lines})]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The lake of one ordinary run."""
    lake = made(tmp_path_factory.mktemp("whole"))
    lake.run("all", "ES", DATES, **WINDOW).exits(0)
    return lake


def test_a_plan_carried_out_at_once(whole, tmp_path):
    lake = made(tmp_path)
    lines = plan(lake)
    # What silver takes of a root is not decided yet.
    assert any(line["note"] and "not decided" in line["note"] for line in lines)
    report = carry_out(lake, lines, tmp_path).exits(0).json
    assert report["status"] == "done"
    assert lake.hashes() == whole.hashes()
    again = carry_out(lake, lines, tmp_path).exits(0)
    assert again.outcomes == {"fresh"} and lake.hashes() == whole.hashes()


def test_one_process_a_task_in_any_order_of_a_step(whole, tmp_path):
    lake = made(tmp_path)
    dice = random.Random(7)
    done = 0
    for tasks in steps(plan(lake)):
        for line in dice.sample(tasks, len(tasks)):
            report = carry_out(lake, [line], tmp_path).exits(0).json
            assert {(task["stage"], task["dt"]) for task in report["tasks"]} == {(line["stage"], line["dt"])}
            done += 1
    assert done > 8 and lake.hashes() == whole.hashes()


def test_lines_carry_the_parameters(whole, tmp_path):
    lake = made(tmp_path)
    carry_out(lake, plan(lake), tmp_path).exits(0)
    lines = plan(lake, "--overwrite", "--set", "ema_frame=price")
    carry_out(lake, lines, tmp_path).exits(0)
    parameters = lake.manifest("gold.future_mbo.physics_surface_1s", "ESH6", "2026-03-03")["parameters"]
    assert parameters["overrides"] == {"ema_frame": "price"}
    assert lake.hashes("bronze", "silver") == whole.hashes("bronze", "silver")


def test_what_misses_its_input_is_not_carried_out(whole, tmp_path):
    """Silver is stale and must not be replaced, so gold is not made from it either."""
    lake = made(tmp_path)
    carry_out(lake, plan(lake), tmp_path).exits(0)
    lines = [line for line in plan(lake, start="09:40:01", code=4)]
    result = carry_out(lake, lines, tmp_path).exits(4)
    errors = {task["stage"]: task["error"] for task in result.json["tasks"] if task["error"]}
    assert "was not made" in errors["gold_physics"]["message"]
    assert lake.hashes() == whole.hashes()


def test_tasks_come_by_standard_input(whole, tmp_path):
    lake = made(tmp_path)
    lines = "".join(json.dumps(line) + "\n" for line in plan(lake))
    import subprocess

    done = subprocess.run(
        [str(pipeline.FOLDER / "tarn"), "run", "--task", "-", "-q"], input=lines, text=True,
        env=lake._environment(), capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert lake.hashes() == whole.hashes()


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda line: "{", "line 2"),
        (lambda line: json.dumps({**line, "dt": "3 March"}), "line 2: .*'dt' is no date"),
        (lambda line: json.dumps({**line, "symbols": ["../x"]}), "line 2: .*is a path"),
        (lambda line: json.dumps({name: line[name] for name in line if name != "request"}), "no 'request'"),
        (lambda line: json.dumps({**line, "request": {**line["request"], "layers": ["platinum"]}}), "no layer"),
        (lambda line: json.dumps({**line, "request": {**line["request"], "start": "25:00"}}), "'start' is no time"),
    ],
)
def test_lines_that_are_none_are_refused(whole, tmp_path, damage, message):
    line = plan(whole)[0]
    file = tmp_path / "tasks.ndjson"
    file.write_text(f"{json.dumps(line)}\n{damage(line)}\n")
    before = whole.hashes()
    whole.tarn("run", "--task", file).exits(2, message)
    assert whole.hashes() == before


def test_a_line_stands_for_everything_else(whole, tmp_path):
    file = tmp_path / "tasks.ndjson"
    file.write_text(json.dumps(plan(whole)[0]))
    whole.tarn("run", "--task", file, "--symbol", "ES").exits(2, "--task and --symbol exclude each other")
    whole.tarn("run", "--task", file, "--start", "09:30").exits(2, "only --workers")
    whole.tarn("run", "--task", tmp_path / "none").exits(2, "no such file")
    (tmp_path / "empty").write_text("\n")
    whole.tarn("run", "--task", tmp_path / "empty").exits(2, "no task")
    whole.tarn("run").exits(2, "missing")
