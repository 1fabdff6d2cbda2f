"""The driver of Scripts/cluster: what it retries, what it leaves, what it reports; and, with TARN_TEST_SPARK=1, a Spark
cluster of three workers of which one is killed."""

import datetime
import glob
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

import pipeline
from vendorfiles import ROOT

DRIVER = ROOT / "Scripts" / "cluster" / "spark_run.py"
WINDOW = {"start": "09:40", "end": "09:40:05"}
MONDAY = datetime.date(2026, 3, 2)
WEEKDAYS = [MONDAY + datetime.timedelta(days=week * 7 + day) for week in range(2) for day in range(5)][:6]


def made(folder, dates, records=1000):
    lake = pipeline.Lake(folder / "lake")
    lake.tarn("sample", folder / "days", "--dt", dates, "--records", str(records)).exits(0)
    lake.tarn("raw", "add", *sorted((folder / "days").glob("*.dbn.zst"))).exits(0)
    return lake


def plan(lake, folder, dates, *more):
    file = folder / "plan.ndjson"
    result = lake.tarn("plan", "-p", "future_mbo", "-l", "all", "-s", "ES", "-d", dates, "--ndjson", *more,
                       *pipeline.flags(WINDOW)).exits(0)  # fmt: skip
    file.write_text(result.out)
    return file


def arguments(lake, file, folder, tarn=pipeline.FOLDER / "tarn"):
    return [str(DRIVER), str(file), "--project", str(lake.project), "--lake", str(lake.root), "--tarn", str(tarn),
            "--report", str(folder / "report.json")]  # fmt: skip


def drive(lake, file, folder, *more, **options):
    done = subprocess.run(
        [sys.executable, *arguments(lake, file, folder, **options), "--threads", "2", *more], capture_output=True,
        text=True, timeout=300)  # fmt: skip
    return done, json.loads((folder / "report.json").read_text())


def test_a_driven_lake_is_the_lake_of_one_run(tmp_path):
    dates = "2026-03-02:2026-03-03"
    whole = made(tmp_path / "whole", dates)
    whole.run("all", "ES", dates, **WINDOW).exits(0)
    lake = made(tmp_path / "driven", dates)
    done, report = drive(lake, plan(lake, tmp_path, dates), tmp_path)
    assert done.returncode == 0, done.stderr
    assert lake.hashes() == whole.hashes()
    published = [one for task in report["tasks"] for one in task["partitions"] if one["outcome"] == "published"]
    assert len(published) == len(list(lake.root.glob("*/product_type=*/**/_SUCCESS")))
    assert report["status"] == "done" and report["attempts"] == report["carried_out"]
    assert re.search(r"step 1/\d+ bronze_mbo: 2/2 done", done.stderr)
    # What is fresh is not carried out again.
    done, report = drive(lake, plan(lake, tmp_path, dates), tmp_path)
    assert done.returncode == 0 and report["carried_out"] < len(published)
    assert {one["outcome"] for task in report["tasks"] for one in task["partitions"]} <= {"fresh"}


def stand_in(folder, rules):
    """A program that counts how often it is asked for a task and ends as the rules say, or else does it."""
    script = folder / "tarn"
    script.write_text(f"""#!{sys.executable}
import json, os, pathlib, subprocess, sys
place = sys.argv[sys.argv.index("--task") + 1]
line = sys.stdin.read() if place == "-" else pathlib.Path(place).read_text()
task = json.loads(line)
count = pathlib.Path({str(folder)!r}) / f"count-{{task['stage']}}-{{task['dt']}}"
count.write_text(str(int(count.read_text()) + 1 if count.exists() else 1))
for stage, date, times, code in {rules!r}:
    if (stage, date) == (task["stage"], task["dt"]) and int(count.read_text()) <= times:
        if code < 0:
            os.kill(os.getpid(), -code)
        print("as told", file=sys.stderr)
        sys.exit(code)
sys.exit(subprocess.run([{str(pipeline.FOLDER / "tarn")!r}, *sys.argv[1:]], input=line, text=True).returncode)
""")
    script.chmod(0o755)
    return script


def test_what_may_be_retried_is_retried_and_nothing_else(tmp_path):
    dates = "2026-03-02:2026-03-04"
    lake = made(tmp_path, dates)
    file = plan(lake, tmp_path, dates)
    tarn = stand_in(tmp_path, [
        ("bronze_mbo", "2026-03-02", 1, 6), ("bronze_mbo", "2026-03-03", 1, -signal.SIGKILL),
        ("bronze_mbo", "2026-03-04", 99, 5),
    ])  # fmt: skip
    done, report = drive(lake, file, tmp_path, tarn=tarn)
    counts = {date: int((tmp_path / f"count-bronze_mbo-{date}").read_text()) for date in
              ("2026-03-02", "2026-03-03", "2026-03-04")}  # fmt: skip
    assert counts == {"2026-03-02": 2, "2026-03-03": 2, "2026-03-04": 1}
    # What reads the damaged day fails for it, and is not carried out.
    assert done.returncode == 5 or report["exit_code"] == 1, done.stderr
    there = {path.parent.name for path in lake.root.glob("gold/product_type=*/**/_SUCCESS")}
    assert there == {"dt=2026-03-02", "dt=2026-03-03"}
    errors = [task["error"] for task in report["tasks"] if task["error"]]
    assert any(error["exit_code"] == 5 and "as told" in error["message"] for error in errors)
    assert "as told" in done.stderr


def test_retries_end(tmp_path):
    lake = made(tmp_path, "2026-03-02")
    tarn = stand_in(tmp_path, [("bronze_mbo", "2026-03-02", 99, 6)])
    done, report = drive(lake, plan(lake, tmp_path, "2026-03-02"), tmp_path, "--retries", "1", tarn=tarn)
    assert int((tmp_path / "count-bronze_mbo-2026-03-02").read_text()) == 2
    assert done.returncode != 0 and report["not_carried_out"] >= 0
    assert not list(lake.root.glob("bronze/product_type=*/table=mbo/**/_SUCCESS"))


def test_a_program_that_is_not_there_is_wrong_configuration(tmp_path):
    lake = made(tmp_path, "2026-03-02")
    done, report = drive(lake, plan(lake, tmp_path, "2026-03-02"), tmp_path, tarn=tmp_path / "nowhere")
    assert done.returncode == 2 == report["exit_code"] and "No such file" in done.stderr
    assert report["attempts"] == report["carried_out"]


def test_a_plan_that_is_none_is_refused(tmp_path):
    (tmp_path / "plan").write_text('{"stage": "x"}\n')
    lake = pipeline.Lake(tmp_path / "lake")
    done = subprocess.run([sys.executable, *arguments(lake, tmp_path / "plan", tmp_path), "--threads", "1"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode != 0 and "line 1" in done.stderr


# The documents: their texts as they stand there, with stand-ins for the schedulers


def texts(language):
    """The fenced texts of docs/cluster.md."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "docs" / "cluster.md").read_text(), re.S | re.M)


def scripts(folder):
    """The document's scripts as files; each names itself in its first comment."""
    for text in texts("bash"):
        file = folder / re.search(r"^# (\S+\.sh):", text, re.M)[1]
        file.write_text(text)
        file.chmod(0o755)


def environment(lake, folder):
    """The document's commands, with `tarn` and the stand-ins on the path."""
    (folder / "bin").mkdir()
    (folder / "bin" / "tarn").symlink_to((pipeline.FOLDER / "tarn").resolve())
    return lake._environment() | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}


def command(folder, name, text):
    (folder / "bin" / name).write_text(f"#!{sys.executable}\n{text}")
    (folder / "bin" / name).chmod(0o755)


BOOK = ["--table", "mbo,definition,statistics,contract_day,book_snapshot_1s,depth_and_flow_1s,book_quality_1s,"
        "physics_surface_1s,forecast_1s"]  # fmt: skip


@pytest.fixture(scope="module")
def one_run(tmp_path_factory):
    """The lake of a date as one run makes it, without the recorder. Read only."""
    lake = made(tmp_path_factory.mktemp("whole"), "2026-03-02")
    lake.run("all", "ES", "2026-03-02", *BOOK, **WINDOW).exits(0)
    return lake


def test_the_commands_of_the_document_work(tmp_path):
    lake = made(tmp_path, "2026-03-02")
    (block,) = texts("sh")
    done = subprocess.run(["bash", "-euc", block], cwd=tmp_path, env=environment(lake, tmp_path), capture_output=True,
                          text=True, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(list(lake.root.glob("gold/product_type=*/**/_SUCCESS"))) > 10


SBATCH = """
import os, pathlib, random, re, subprocess, sys
*options, script = sys.argv[1:]
given = dict(option.lstrip("-").partition("=")[::2] for option in options)
step = given["export"].partition("STEP=")[2]
assert ("dependency" in given) == (step != "0") and given.get("kill-on-invalid-dep", "yes") == "yes"
tasks = list(range(1, int(re.fullmatch(r"1-(\\d+)%64", given["array"])[1]) + 1))
random.Random(step).shuffle(tasks)
for task in tasks:
    for restarts in range(5):
        code = subprocess.run(["./" + script], env=os.environ | {
            "STEP": step, "SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_JOB_ID": step,
            "SLURM_RESTART_COUNT": str(restarts)}).returncode
        asked = pathlib.Path(f"requeue-{step}_{task}")
        if not asked.exists():
            break
        asked.unlink()
    if code:
        sys.exit(f"task {task} of step {step} ended with {code}")
print(int(step) + 1)
"""
SCONTROL = """
import pathlib, sys
assert sys.argv[1] == "requeue"
pathlib.Path(f"requeue-{sys.argv[2]}").touch()
"""


def test_the_scripts_for_slurm_make_the_same_lake(one_run, tmp_path):
    dates = "2026-03-02"
    lake = made(tmp_path, dates)
    plan(lake, tmp_path, dates, *BOOK)
    scripts(tmp_path)
    variables = environment(lake, tmp_path)
    command(tmp_path, "sbatch", SBATCH)
    command(tmp_path, "scontrol", SCONTROL)
    # One task is out of space at first; it is put back into the queue.
    (tmp_path / "bin" / "tarn").unlink()
    stand_in(tmp_path / "bin", [("bronze_mbo", "2026-03-02", 2, 6)])
    done = subprocess.run(["./submit.sh"], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bin" / "count-bronze_mbo-2026-03-02").read_text() == "3"
    assert lake.hashes() == one_run.hashes() and len(lake.hashes()) > 20


@pytest.mark.parametrize("code, goes", [(6, 4), (130, 4), (5, 1)])
def test_the_script_for_slurm_gives_up(tmp_path, code, goes):
    """What may be retried four times in all, the rest never again."""
    lake = made(tmp_path, "2026-03-02")
    plan(lake, tmp_path, "2026-03-02", *BOOK)
    scripts(tmp_path)
    variables = environment(lake, tmp_path)
    command(tmp_path, "sbatch", SBATCH)
    command(tmp_path, "scontrol", SCONTROL)
    (tmp_path / "bin" / "tarn").unlink()
    stand_in(tmp_path / "bin", [("bronze_mbo", "2026-03-02", 99, code)])
    done = subprocess.run(["./submit.sh"], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode != 0 and f"ended with {code}" in done.stderr
    assert (tmp_path / "bin" / "count-bronze_mbo-2026-03-02").read_text() == str(goes)


def test_the_script_for_slurm_passes_a_signal_on(tmp_path):
    """The signal that comes before the time is over stops the program, which is waited for."""
    scripts(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "step-0.ndjson").write_text("{}\n")
    command(tmp_path, "tarn", """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), pathlib.Path("ended").touch(), sys.exit(130)))
pathlib.Path("begun").touch()
time.sleep(60)
""")
    command(tmp_path, "scontrol", SCONTROL)
    script = subprocess.Popen(["./task.sh"], cwd=tmp_path, env=os.environ | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "STEP": "0", "SLURM_ARRAY_TASK_ID": "1",
        "SLURM_ARRAY_JOB_ID": "7"})  # fmt: skip
    deadline = time.monotonic() + 30
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    script.terminate()
    assert script.wait(timeout=30) == 130
    assert (tmp_path / "ended").exists() and (tmp_path / "requeue-7_1").exists()


KUBECTL = """
import os, random, subprocess, sys, yaml
if sys.argv[1] == "wait":
    assert sys.argv[-1].startswith("job/tarn-step-"), sys.argv
    sys.exit(0)
assert sys.argv[1:] == ["apply", "-f", "-"]
job = yaml.safe_load(sys.stdin)
assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
spec = job["spec"]
pod = spec["template"]["spec"]
(container,) = pod["containers"]
# What the API server asks for: rules by exit code need Never, limits of retries by index an indexed job.
assert spec["completionMode"] == "Indexed" and pod["restartPolicy"] == "Never" and spec["backoffLimitPerIndex"] == 3
(rule,) = spec["podFailurePolicy"]["rules"]
assert rule["onExitCodes"]["containerName"] == container["name"] and rule["onExitCodes"]["values"] == [1, 2, 3, 4, 5]
(volume,), (mount,) = pod["volumes"], container["volumeMounts"]
assert volume["name"] == mount["name"] and mount["mountPath"] == "SHARED"
variables = {one["name"]: one["value"] for one in container["env"]}
indices = list(range(spec["completions"]))
random.Random(job["metadata"]["name"]).shuffle(indices)
for index in indices:
    subprocess.run([*container["command"], *container["args"]], check=True,
                   env={"PATH": os.environ["PATH"], "JOB_COMPLETION_INDEX": str(index), **variables})
"""


def test_the_job_for_kubernetes_makes_the_same_lake(one_run, tmp_path):
    """/shared is a folder of this machine; each index is one start of the container's own command."""
    dates = "2026-03-02"
    shared = tmp_path / "shared"
    (shared / "plans").mkdir(parents=True)
    lake = made(shared, dates)
    (shared / "project").symlink_to(lake.project)
    plan(lake, tmp_path, dates, *BOOK)
    scripts(tmp_path)
    (job,) = texts("yaml")
    (tmp_path / "job.yaml").write_text(job.replace("/shared", str(shared)).replace("/tmp/task", str(tmp_path / "task")))
    submit = tmp_path / "submit-jobs.sh"
    submit.write_text(submit.read_text().replace("/shared", str(shared)))
    variables = environment(lake, tmp_path)
    command(tmp_path, "kubectl", KUBECTL.replace("SHARED", str(shared)))
    done = subprocess.run([submit], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert lake.hashes() == one_run.hashes() and len(lake.hashes()) > 20


# Spark


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Cluster:
    """A standalone Spark master and workers, each a process group of its own, on this machine."""

    def __init__(self, folder, workers):
        import pyspark

        self.home = pathlib.Path(pyspark.__file__).parent
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TARN_")} | {
            "SPARK_HOME": str(self.home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable, "SPARK_WORKER_DIR": str(folder / "work"),
        }  # fmt: skip
        port = free_port()
        self.url = f"spark://127.0.0.1:{port}"
        self.master = self.start("master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port",
                                 str(port), "--webui-port", str(free_port()))  # fmt: skip
        self.workers = [
            self.start(f"worker{number}", "org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "600m",
                       "--webui-port", str(free_port()), self.url)
            for number in range(workers)
        ]  # fmt: skip
        deadline = time.monotonic() + 120
        while self.log("master").count("Registering worker") < workers:
            assert time.monotonic() < deadline, self.log("master")
            time.sleep(0.2)

    def start(self, name, *words):
        with open(self.folder / f"{name}.log", "wb") as log:
            return subprocess.Popen(
                [str(self.home / "bin" / "spark-class"), *words], env=self.environment, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def kill(self, process):
        """With everything that it has started."""
        self.kill_started_by(process, itself=True)
        process.wait()

    def kill_started_by(self, process, itself=False):
        for one in descendants(process.pid)[0 if itself else 1 :]:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def close(self):
        for process in (*self.workers, self.master):
            if process.poll() is None:
                self.kill(process)


def descendants(pid):
    """The process and all below it, parents first."""
    parents = {}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            text = pathlib.Path(stat).read_text()
        except OSError:
            continue
        parents.setdefault(int(text.rsplit(")", 1)[1].split()[1]), []).append(int(text.split()[0]))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def published(lake):
    return list(lake.root.glob("*/product_type=*/**/_SUCCESS"))


def stopped_at_work(worker):
    """Whether a task of the worker's could be stopped before its end, by a signal that halts the program."""
    for one in descendants(worker.pid):
        try:
            if b"\0--task\0" in pathlib.Path(f"/proc/{one}/cmdline").read_bytes():
                os.kill(one, signal.SIGSTOP)
                return pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            continue
    return False


@pytest.mark.skipif(not pipeline.SPARK, reason="a Spark cluster is for TARN_TEST_SPARK=1")
@pytest.mark.parametrize("failures", [4, 1] if pipeline.FULL else [4])
def test_a_cluster_that_loses_a_worker_makes_the_same_lake(tmp_path, failures):
    """Over 200 partitions, three workers, one of them killed in the middle with its executor and the task it was at.

    Spark carries the task out again. Where an executor dies by itself, and Spark is told to give up at the first
    failure, that is left to the driver."""
    dates = ",".join(str(day) for day in WEEKDAYS)
    whole = made(tmp_path / "whole", dates, records=4000)
    whole.run("all", "ES", dates, **WINDOW).exits(0)
    lake = made(tmp_path / "driven", dates, records=4000)
    file = plan(lake, tmp_path, dates)
    cluster = Cluster(tmp_path, workers=3)
    driver = None
    try:
        driver = subprocess.Popen(
            [str(cluster.home / "bin" / "spark-submit"), "--master", cluster.url, "--executor-memory", "512m",
             "--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1",
             "--conf", f"spark.task.maxFailures={failures}",
             *arguments(lake, file, tmp_path)],
            env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        deadline = time.monotonic() + 300
        while len(published(lake)) < 80 or not stopped_at_work(cluster.workers[0]):
            assert driver.poll() is None and time.monotonic() < deadline, driver.stdout.read()
            time.sleep(0.01)
        if failures == 1:
            cluster.kill_started_by(cluster.workers[0])
        else:
            cluster.kill(cluster.workers[0])
        killed_at = len(published(lake))
        out, _ = driver.communicate(timeout=600)
    finally:
        if driver is not None and driver.poll() is None:
            cluster.kill(driver)
        cluster.close()
    assert driver.returncode == 0, out
    total = len(published(whole))
    assert 200 <= total and 0 < killed_at < total, (killed_at, total)
    # The program that was at work had been stopped: its task cannot have ended but by being carried out again.
    assert "Lost executor" in out, out[-3000:]
    assert lake.hashes() == whole.hashes()
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["status"] == "done" and not any(task["error"] for task in report["tasks"])
    paths = {one["path"] for task in report["tasks"] for one in task["partitions"]}
    assert len(paths) == total
    assert (report["attempts"] == report["carried_out"]) == (failures > 1)
    print(f"\n{total} partitions, a worker killed after {killed_at}; {out.strip().splitlines()[-1]}")
    lake.tarn("verify").exits(0)
