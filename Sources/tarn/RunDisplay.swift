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
        var table = TextTable([
            .text("dataset"), .text("symbol"), .text("dt"), .text("outcome"), .number("rows"),
            .number("size"),
        ])
        for partition in report.partitions {
            table.add([
                "\(partition.address.dataset)", "\(partition.address.symbol)", "\(partition.address.date)",
                .init(partition.word, partition.style),
                .init(partition.manifest.map { Human.count(Int($0.rowCount)) } ?? ""),
                .init(partition.manifest.map { Human.bytes(Int($0.byteCount)) } ?? ""),
            ])
        }
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
        let records = report.tasks.reduce(0) { $0 + $1.records }
        let rate =
            report.seconds > 0 ? ", \(Human.magnitude(Double(records) / report.seconds)) records/s" : ""
        console.note(
            "\(Human.plural(report.partitions.count, "partition")), \(Human.count(records)) records read in "
                + "\(Human.duration(seconds: report.seconds))\(records > 0 ? rate : "")")
    }

    /// Turns events of many threads into one progress line.
    private final class Watcher: Sendable {
        private struct State {
            var stage = ""
            var records = 0
            var tasks = 0
            var finished = 0
        }

        private let console: Console
        private let state = Mutex(State())

        init(_ console: Console) {
            self.console = console
        }

        func watch(_ event: RunEvent) {
            state.withLock { state in
                switch event {
                case .stage(let name, let tasks):
                    state = State(stage: name, tasks: tasks)
                    if tasks > 0 { console.detail("\(name): \(Human.plural(tasks, "task"))") }
                case .progress(let records):
                    state.records += records
                    console.progress(
                        Progress(
                            label: "\(state.stage) \(state.finished)/\(state.tasks)", done: state.records,
                            total: 0,
                            unit: "records"))
                case .finished(let result):
                    if result.partitions.contains(where: { $0.isMade }) { state.finished += 1 }
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

extension PartitionResult {
    var isMade: Bool { if case .skipped = outcome { false } else { true } }

    var style: Style? {
        switch outcome {
        case .skipped, .identical: .faint
        case .published, .replaced: .good
        case .failed: .bad
        }
    }
}
