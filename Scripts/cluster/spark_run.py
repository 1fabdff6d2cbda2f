#!/usr/bin/env python3
"""Carries out a plan of tarn on the workers of an Apache Spark cluster that share a lake.

    tarn plan -p future_mbo -l all -s ES -d 2026-03-02:2026-12-31 --ndjson > plan.ndjson
    spark-submit --master spark://head:7077 Scripts/cluster/spark_run.py plan.ndjson \\
        --project /shared/project --lake /shared/lake --tarn /shared/bin/tarn --report report.json

Every worker must see the project, the lake and the program under these paths. A task is one line of the plan, carried
out by `tarn run --task -`. Steps of the plan are done one after the other, the tasks of a step side by side, one for
each slot of the cluster. What may be retried is: out of space or I/O (exit code 6), interrupted (130), killed by a
signal; a worker that is lost with its tasks is Spark's to replace, and a step that Spark gives up on
(spark.task.maxFailures) is asked for again. Since a task publishes whole partitions or nothing, carrying one out twice
does no harm. A task whose input failed is not carried out.

Without Spark (--threads N) the same is done by processes of this machine.

Exit codes are those of tarn: 0 done, the common reason of all failures, or 1.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

RETRYABLE = {6, 130}
NAMES = {0: "done", 1: "failed", 2: "usage", 3: "violation", 4: "not_ready", 5: "corrupt", 6: "transient",
         130: "interrupted"}  # fmt: skip
PR_SET_PDEATHSIG = 1


# On the workers


def follow_parent():
    """The program is asked to stop when the worker that started it dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def carry_out(job):
    """One task: (number, line, command) → what became of it."""
    number, line, command = job
    began = time.monotonic()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TARN_")}
    try:
        done = subprocess.run(
            command, input=line, capture_output=True, text=True, env=kept | {"NO_COLOR": "1"},
            preexec_fn=follow_parent, check=False)  # fmt: skip
    except OSError as error:
        # There is no such program here, or it cannot be started: wrong configuration.
        return result(number, 2, f"{socket.gethostname()}: {error}", seconds=time.monotonic() - began)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = None
    return result(number, done.returncode, done.stderr[-4000:], report, time.monotonic() - began)


def result(number, code, error, report=None, seconds=0.0):
    """What became of a task: the program's exit code, its report, and what it said."""
    return {"number": number, "code": code, "report": report, "error": error, "host": socket.gethostname(),
            "seconds": seconds}  # fmt: skip


# Pools


class SparkPool:
    """The executors of a Spark application."""

    def __init__(self):
        from pyspark.sql import SparkSession

        self.context = SparkSession.builder.appName("tarn").getOrCreate().sparkContext
        self.context.setLogLevel("WARN")

    def run(self, jobs, progress):
        """Results in any order; `progress` is told how many are done."""
        from py4j.protocol import Py4JError
        from pyspark import InheritableThread

        tracker = self.context.statusTracker()
        group = f"tarn-{time.monotonic_ns()}"
        outcome = {}

        def work():
            try:
                # For the status tracker; the group belongs to the thread.
                self.context.setJobGroup(group, "tarn", interruptOnCancel=True)
                outcome["results"] = self.context.parallelize(jobs, len(jobs)).map(carry_out).collect()
            except Py4JError as error:
                # Spark gave up, after spark.task.maxFailures, and keeps no results. What was done by then is found
                # fresh when all is asked for again.
                reason = str(getattr(error, "java_exception", error)).splitlines()[0]
                outcome["results"] = [result(number, 6, f"Spark: {reason}") for number, _, _ in jobs]
            except BaseException as error:  # noqa: BLE001 - given on below
                outcome["error"] = error

        thread = InheritableThread(target=work)
        thread.start()
        while thread.is_alive():
            thread.join(1)
            stages = [tracker.getStageInfo(stage) for job in tracker.getJobIdsForGroup(group)
                      for stage in (tracker.getJobInfo(job).stageIds if tracker.getJobInfo(job) else ())]  # fmt: skip
            progress(sum(stage.numCompletedTasks for stage in stages if stage))
        if "error" in outcome:
            raise outcome["error"]
        return outcome["results"]

    def close(self):
        self.context.stop()


class ThreadPool:
    """Processes of this machine."""

    def __init__(self, threads):
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)

    def run(self, jobs, progress):
        results = []
        lock = threading.Lock()

        def one(job):
            done = carry_out(job)
            with lock:
                results.append(done)
                progress(len(results))

        for future in [self.pool.submit(one, job) for job in jobs]:
            future.result()
        return results

    def close(self):
        self.pool.shutdown()


# The plan


def read_plan(file):
    with sys.stdin if file == "-" else open(file, encoding="utf-8") as lines:
        plan = [json.loads(line) for line in lines if line.strip()]
    for number, line in enumerate(plan, 1):
        if not {"stage", "symbol", "symbols", "dt", "step", "request", "kind"} <= line.keys():
            sys.exit(f"spark_run: line {number} of the plan is none of 'tarn plan --ndjson'")
    return plan


def is_work(line):
    if line["kind"] == "nothing":
        return False
    return line["kind"] != "task" or any(one["action"] != "skip" for one in line["partitions"])


def name_of(line):
    return f"{line['stage']} {line['symbol']} {line['dt']}"


class Progress:
    """One line on a terminal, one line a step otherwise."""

    def __init__(self, quiet):
        self.quiet = quiet
        self.is_terminal = sys.stderr.isatty()

    def show(self, text, is_final=False):
        if self.quiet or not (self.is_terminal or is_final):
            return
        end = "\n" if is_final else ""
        sys.stderr.write(("\r\033[K" if self.is_terminal else "") + text + end)
        sys.stderr.flush()


def drive(plan, pool, command, retries, progress):
    """Carries out a plan. Gives the report's tasks, exit codes of failures, and figures."""
    entries, codes, failed = [], [], {}
    figures = {"tasks": 0, "attempts": 0, "not_carried_out": 0, "hosts": set()}
    steps = sorted({line["step"] for line in plan})

    def fail(line, code, message, kind=None):
        codes.append(code)
        for one in line["partitions"]:
            failed[one["path"]] = code
        return {"kind": kind or NAMES.get(code, "failed"), "exit_code": code, "message": message, "advice": None}

    for place, step in enumerate(steps, 1):
        lines = [line for line in plan if line["step"] == step and is_work(line)]
        jobs = []
        for number, line in enumerate(lines):
            cause = next((path for path in line.get("inputs", ()) if path in failed), None)
            if cause is None:
                jobs.append((number, json.dumps(line) + "\n", command))
                continue
            error = fail(line, failed[cause], f"{name_of(line)}: its input {cause} was not made")
            figures["not_carried_out"] += 1
            entries.append({"stage": line["stage"], "symbol": line["symbol"], "dt": line["dt"], "note": None,
                            "error": error, "records": 0, "seconds": 0.0, "partitions": []})  # fmt: skip
        figures["tasks"] += len(jobs)
        label = f"step {place}/{len(steps)} {', '.join(sorted({line['stage'] for line in lines})) or 'nothing to do'}"
        total, settled, attempt, waiting = len(jobs), {}, 0, jobs
        while waiting and attempt <= retries:
            if attempt:
                time.sleep(min(2.0**attempt, 30))
            figures["attempts"] += len(waiting)
            before = total - len(waiting)
            for one in pool.run(waiting, lambda done: progress.show(f"{label}: {before + done}/{total}")):
                settled[one["number"]] = one
                figures["hosts"].add(one["host"])
            waiting = [job for job in waiting
                       if settled[job[0]]["code"] in RETRYABLE or settled[job[0]]["code"] < 0]  # fmt: skip
            attempt += 1
        bad = 0
        for number in sorted(settled):
            done, line = settled[number], lines[number]
            code = done["code"] if done["code"] >= 0 else 6
            if done["report"] and "tasks" in done["report"]:
                entries += done["report"]["tasks"]
                for task in done["report"]["tasks"]:
                    for one in task["partitions"]:
                        if one["outcome"] == "failed":
                            failed[one["path"]] = code
            if code != 0:
                bad += 1
                message = done["error"].strip() or f"killed by signal {-done['code']}"
                error = fail(line, code, f"{name_of(line)}: {message}")
                if not done["report"] or "tasks" not in done["report"]:
                    entries.append({"stage": line["stage"], "symbol": line["symbol"], "dt": line["dt"], "note": None,
                                    "error": error, "records": 0, "seconds": done["seconds"],
                                    "partitions": []})  # fmt: skip
        again = f", {attempt - 1} more goes" if attempt > 1 else ""
        progress.show(f"{label}: {total - bad}/{total} done{again}{f', {bad} failed' if bad else ''}", is_final=True)
    return entries, codes, figures


def combined(codes):
    """As tarn combines: one common reason gives its own code."""
    reasons = set(codes)
    if 130 in reasons:
        return 130
    return 0 if not reasons else reasons.pop() if len(reasons) == 1 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", help="lines of 'tarn plan --ndjson'; - for standard input")
    parser.add_argument("--project", required=True, help="directory with datasets.yaml, the same on all workers")
    parser.add_argument("--lake", required=True, help="directory of the lake, shared by all workers")
    parser.add_argument("--tarn", default="tarn", help="the program on the workers")
    parser.add_argument("--retries", type=int, default=3, help="more goes at what may be retried (3)")
    parser.add_argument("--report", help="file for the report of the whole run, as of 'tarn run --json'")
    parser.add_argument("--threads", type=int, help="no Spark: so many processes of this machine")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    options = parser.parse_args()

    began = time.monotonic()
    plan = read_plan(options.plan)
    command = [options.tarn, "run", "--task", "-", "--json", "--quiet", "--workers", "1", "--project",
               os.path.abspath(options.project), "--lake", os.path.abspath(options.lake)]  # fmt: skip
    pool = ThreadPool(options.threads) if options.threads else SparkPool()
    try:
        entries, codes, figures = drive(plan, pool, command, options.retries, Progress(options.quiet))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        pool.close()
    code = combined(codes)
    report = {
        "status": NAMES.get(code, "failed"), "exit_code": code, "seconds": time.monotonic() - began, "tasks": entries,
        "attempts": figures["attempts"], "carried_out": figures["tasks"],
        "not_carried_out": figures["not_carried_out"], "hosts": sorted(figures["hosts"]),
    }  # fmt: skip
    if options.report:
        with open(options.report + ".new", "w", encoding="utf-8") as file:
            json.dump(report, file, indent=2, sort_keys=True)
            file.write("\n")
        os.replace(options.report + ".new", options.report)
    made = [one for task in entries for one in task["partitions"] if one["outcome"] in ("published", "replaced")]
    if not options.quiet:
        print(f"{len(made)} partitions made, {figures['tasks']} tasks in {figures['attempts']} attempts on "
              f"{len(figures['hosts'])} hosts, {report['seconds']:.1f} s", file=sys.stderr)  # fmt: skip
    for task in entries:
        if task["error"] and task["error"]["exit_code"]:
            print(f"error: {task['error']['message']}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
