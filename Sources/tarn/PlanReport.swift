import JSON
import Pipeline
import Terminal

/// Shows a plan.
struct PlanReport {
    let plan: Plan
    private let request: RunRequest

    init(_ project: Project, _ request: RunRequest) throws {
        self.request = request
        plan = try Runner(project).plan(request)
    }

    /// - Parameter asLines: one JSON document per task.
    func show(in session: Session, asLines: Bool) throws {
        if asLines {
            for (task, step) in zip(plan.tasks, plan.steps) {
                session.console.result(task.line(of: request, step: step).serialized(.compact))
            }
        } else if session.isJSON {
            session.emit([
                "tasks": .array(plan.tasks.map(\.json)),
                "skipped_dates": .array(plan.skippedDates.map { .string("\($0)") }),
            ])
        } else {
            show(in: session.console)
        }
        if let failure = plan.failures.first { throw failure.summing(plan.failures) }
    }

    private func show(in console: Console) {
        var table = TextTable([
            .datasets("partition"), .text("symbol"), .text("dt"), .text("action"), .text("state"),
        ])
        for task in plan.tasks {
            switch task.content {
            case .task(_, let partitions):
                for partition in partitions {
                    table.add([
                        "\(partition.address.dataset)", "\(partition.address.symbol)",
                        "\(partition.address.date)",
                        .init(partition.action.rawValue, partition.action.style), "\(partition.state)",
                    ])
                }
            case .nothing(let reason):
                table.add(["\(task.stage)", "\(task.symbol)", "\(task.date)", "–", "\(reason)"])
            case .undecided(let what):
                table.add([
                    "\(task.stage)", "\(task.symbol)", "\(task.date)", "later", "\(what) is not decided yet",
                ])
            case .failure(let failure):
                table.add([
                    "\(task.stage)", "\(task.symbol)", "\(task.date)", .init("cannot", .bad), "\(failure)",
                ])
            }
        }
        console.result(table)
        if !plan.skippedDates.isEmpty {
            console.note("without raw files: \(plan.skippedDates.map(\.description).joined(separator: ", "))")
        }
    }
}

extension PlannedPartition.Action {
    var style: Style? {
        switch self {
        case .skip: .faint
        case .build, .rebuild: .good
        case .refuse: .bad
        }
    }
}

extension PlannedTask {
    /// The task as 'tarn run --task' takes it.
    func line(of request: RunRequest, step: Int) -> JSONValue {
        guard case .object(var members) = json else { return json }
        for (name, value) in lineMembers(of: request, step: step) { members[name] = value }
        return .object(members)
    }

    var json: JSONValue {
        var note: JSONValue = .null
        var error: JSONValue = .null
        switch content {
        case .task: break
        case .nothing(let reason): note = .string(reason)
        case .undecided(let what): note = .string("\(what) is not decided yet")
        case .failure(let failure): error = .string(failure.message)
        }
        return [
            "stage": .string(stage), "symbol": .string(symbol), "symbols": .array(symbols.map(JSONValue.string)),
            "dt": .string("\(date)"), "note": note,
            "error": error,
            "partitions": .array(
                partitions.map { partition in
                    [
                        "path": .string(partition.address.path),
                        "dataset": .string("\(partition.address.dataset)"),
                        "symbol": .string(partition.address.symbol),
                        "dt": .string("\(partition.address.date)"),
                        "action": .string(partition.action.rawValue), "state": .string("\(partition.state)"),
                    ]
                }),
        ]
    }
}

extension Failure {
    /// One failure that stands for several: the first message, the number of the others, the common exit code.
    func summing(_ all: [Failure]) -> Failure {
        let status = ExitStatus.combining(all.map(\.status))
        guard all.count > 1 else { return self }
        return Failure(
            status, "\(message) (and \(Human.plural(all.count - 1, "more failure")))", advice: advice)
    }
}
