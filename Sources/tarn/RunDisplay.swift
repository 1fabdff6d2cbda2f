import Pipeline
import Synchronization
import Terminal

/// Carries out a request before the eyes of the user: progress, what was made, what failed.
struct RunDisplay {
    let session: Session

    init(_ session: Session) {
        self.session = session
    }

    func carryOut(_ request: RunRequest) throws {
        try carryOut { try $0.run(request) }
    }

    /// Tasks of a plan.
    func carryOut(_ lines: [TaskLine], workers: Int) throws {
        try carryOut { try $0.run(lines, workers: workers) }
    }

    private func carryOut(_ work: (Runner) throws -> RunReport) throws {
        let project = try session.project()
        Interruption.catchSignals()
        let watcher = Watcher(session.console)
        let report = try work(Runner(project) { watcher.watch($0) })
        session.console.endProgress()
        if session.isJSON {
            session.emit(report.json)
        } else {
            show(report)
        }
        if let failure = report.failures.first { throw failure.summing(report.failures) }
    }

    private func show(_ report: RunReport) {
        let console = session.console
        let summary = RunSummary(report)
        let table = summary.table(eachPartition: console.loudness == .verbose)
        if !table.isEmpty { console.result(table) }
        for task in report.tasks {
            if let note = task.note { console.note("\(task.stage) \(task.symbol) \(task.date): \(note)") }
        }
        for warning in report.warnings { console.warning(warning) }
        if !report.skippedDates.isEmpty {
            console.note(
                "skipped, without raw files: \(report.skippedDates.map(\.description).joined(separator: ", "))"
            )
        }
        for failure in report.failures.dropFirst() { console.error(failure.message, advice: failure.advice) }
        for line in summary.lines { console.note(line) }
        if let next = summary.next { console.suggestion(next) }
    }

    /// Turns events of many threads into one progress line.
    private final class Watcher: Sendable {
        private struct State {
            var label = ""
            var tasks = 0
            var finished = 0
            /// Read by all tasks, and by those that are finished.
            var records = 0
            var finishedRecords = 0
            /// What was thought that all tasks, and those that are finished, would read.
            var expected = 0
            var finishedExpected = 0

            /// Tasks to come read as much more or less than was thought as those before; no task is finished before
            /// it is finished.
            var total: Int {
                let scale = finishedExpected > 0 ? Double(finishedRecords) / Double(finishedExpected) : 1
                let rest = Double(expected - finishedExpected) * scale
                return max(finishedRecords + Int(rest), records + records / 50)
            }
        }

        private let console: Console
        private let state = Mutex(State())

        init(_ console: Console) {
            self.console = console
        }

        func watch(_ event: RunEvent) {
            state.withLock { state in
                switch event {
                case .stage(let name, let step, let steps, let tasks, let expected):
                    state = State(label: "\(name) (stage \(step) of \(steps))", tasks: tasks, expected: expected)
                    // The rate is that of the stage.
                    console.endProgress()
                    if tasks > 0 { console.detail("\(state.label): \(Human.plural(tasks, "task"))") }
                case .progress(let records):
                    state.records += records
                    console.progress(
                        Progress(
                            label: "\(state.finished)/\(state.tasks) \(state.label)", done: state.records,
                            total: state.total, unit: "records"))
                case .finished(let result, let expected):
                    if result.partitions.contains(where: { $0.isMade }) { state.finished += 1 }
                    state.finishedRecords += result.records
                    state.finishedExpected += expected
                    console.detail(
                        "\(result.stage) \(result.symbol) \(result.date): \(Human.duration(seconds: result.seconds))"
                    )
                case .warning(let text):
                    console.warning(text)
                }
            }
        }
    }
}
