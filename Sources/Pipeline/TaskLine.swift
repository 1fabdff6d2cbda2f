import CivilTime
import Contracts
import JSON
import Lake

/// One line of `tarn plan --ndjson`, enough to carry out its task elsewhere: the stage, the symbol, the date, and how
/// the whole request wanted it done. `tarn run --task` reads it; a cluster's scheduler passes it on unread, except for
/// `step`.
///
/// A task without a decision yet (a root whose contract a step before decides) is a line, too; it is decided when it
/// is run.
public struct TaskLine: Sendable, Hashable {
    public let stage: String
    /// At least one; more where a task reads a raw file once for several symbols.
    public let symbols: [String]
    public let date: CivilDate
    /// Tasks of one step need nothing of each other, only of steps before.
    public let step: Int
    /// Partitions that it makes, as paths of the lake; empty where that is not decided.
    public let outputs: Set<String>
    /// Partitions that it reads, as paths of the lake.
    public let inputs: Set<String>
    /// What all lines of one plan share. Its stage, symbols and dates are those of the whole plan's request, or empty.
    let manner: Manner

    struct Manner: Sendable, Hashable {
        var productType: String
        var layers: [DatasetKey.Layer]
        var tables: [String]
        var start: ClockTime?
        var end: ClockTime?
        var settings: [Setting]
        var overwrite: RunRequest.Overwrite
        var allowsTruncated: Bool
        var compression: String?
    }
}

// MARK: - Writing

extension PlannedTask {
    /// The members of a plan's line that let its task be carried out elsewhere.
    public func lineMembers(of request: RunRequest, step: Int) -> [String: JSONValue] {
        var inputs: [String] = []
        let kind: String
        switch content {
        case .task(let task, _):
            kind = "task"
            inputs = task.inputs.compactMap { input in
                guard case .partition(let address, let manifest) = input else { return nil }
                // An earlier session that fails is one that this date does without.
                return manifest == nil && address.date < task.date ? nil : address.path
            }
        case .nothing: kind = "nothing"
        case .undecided: kind = "undecided"
        case .failure: kind = "failure"
        }
        return [
            "kind": .string(kind),
            "step": .integer(Int64(step)),
            "inputs": .array(inputs.map { .string($0) }),
            "request": [
                "product_type": .string(request.productType),
                "layers": .array(request.layers.map { .string($0.rawValue) }),
                "tables": .array(request.tables.map { .string($0) }),
                "start": request.start.map { .string($0.text) } ?? .null,
                "end": request.end.map { .string($0.text) } ?? .null,
                "set": .array(request.settings.map { .string("\($0.key)=\($0.value)") }),
                "overwrite": .string(request.overwrite.rawValue),
                "allow_truncated": .bool(request.allowsTruncated),
                "compression": request.compression.map { .string($0) } ?? .null,
            ],
        ]
    }
}

// MARK: - Reading

extension TaskLine {
    /// Reads a file of lines, `-` for the standard input. Empty lines are passed over.
    ///
    /// - Throws: `Failure` of status `usage` that names the line.
    public static func read(_ file: String) throws(Failure) -> [TaskLine] {
        let name = file == "-" ? "standard input" : file
        guard let bytes = try SmallFile.contents(of: file == "-" ? "/dev/stdin" : file, limit: 1 << 30) else {
            throw Failure(.usage, "\(file): there is no such file")
        }
        var lines: [TaskLine] = []
        var number = 0
        for bytes in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if bytes.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
            do {
                lines.append(try TaskLine(JSONValue(parsing: Array(bytes))))
            } catch {
                throw Failure(
                    .usage, "\(name), line \(number): \((error as? RequestError)?.message ?? "\(error)")",
                    advice: "'tarn plan --ndjson' writes such lines")
            }
        }
        guard !lines.isEmpty else { throw Failure(.usage, "\(name) holds no task") }
        return lines
    }

    /// - Throws: `RequestError`.
    init(_ value: JSONValue) throws(RequestError) {
        let request = try TaskLine.member("request", of: value)
        stage = try TaskLine.text("stage", of: value)
        var symbols: [String] = []
        for symbol in try TaskLine.texts("symbols", of: value) { symbols.append(try SymbolText.checked(symbol)) }
        guard !symbols.isEmpty else { throw RequestError("'symbols' is empty") }
        self.symbols = symbols
        guard let date = CivilDate(parsing: try TaskLine.text("dt", of: value)) else {
            throw RequestError("'dt' is no date")
        }
        self.date = date
        guard let step = value["step"]?.integerValue, (0...1_000_000).contains(step) else {
            throw RequestError("'step' is no number")
        }
        self.step = Int(step)
        var outputs: Set<String> = []
        if case .array(let partitions)? = value["partitions"] {
            outputs = Set(partitions.compactMap { $0["path"]?.stringValue })
        }
        self.outputs = outputs
        inputs = Set(try TaskLine.texts("inputs", of: value))
        manner = try Manner(request)
    }

    fileprivate static func member(_ name: String, of value: JSONValue) throws(RequestError) -> JSONValue {
        guard let member = value[name] else { throw RequestError("there is no '\(name)'") }
        return member
    }

    fileprivate static func text(_ name: String, of value: JSONValue) throws(RequestError) -> String {
        guard let text = try member(name, of: value).stringValue else { throw RequestError("'\(name)' is no text") }
        return text
    }

    fileprivate static func optionalText(_ name: String, of value: JSONValue) throws(RequestError) -> String? {
        try member(name, of: value).isNull ? nil : text(name, of: value)
    }

    fileprivate static func texts(_ name: String, of value: JSONValue) throws(RequestError) -> [String] {
        guard case .array(let elements) = try member(name, of: value) else {
            throw RequestError("'\(name)' is no list")
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.stringValue else { throw RequestError("'\(name)' is no list of texts") }
            texts.append(text)
        }
        return texts
    }
}

extension TaskLine.Manner {
    fileprivate init(_ value: JSONValue) throws(RequestError) {
        productType = try TaskLine.text("product_type", of: value)
        layers = []
        for name in try TaskLine.texts("layers", of: value) {
            guard let layer = DatasetKey.Layer(rawValue: name) else {
                throw RequestError("there is no layer '\(name)'")
            }
            layers.append(layer)
        }
        guard !layers.isEmpty else { throw RequestError("'layers' is empty") }
        layers = Set(layers).sorted()
        tables = try TaskLine.texts("tables", of: value)
        start = try TaskLine.Manner.time("start", of: value)
        end = try TaskLine.Manner.time("end", of: value)
        settings = []
        for text in try TaskLine.texts("set", of: value) { settings.append(try Setting(parsing: text)) }
        guard let overwrite = RunRequest.Overwrite(rawValue: try TaskLine.text("overwrite", of: value)) else {
            throw RequestError("'overwrite' is nothing, derived or everything")
        }
        self.overwrite = overwrite
        guard let allowsTruncated = try TaskLine.member("allow_truncated", of: value).boolValue else {
            throw RequestError("'allow_truncated' is neither true nor false")
        }
        self.allowsTruncated = allowsTruncated
        compression = try TaskLine.optionalText("compression", of: value)
    }

    private static func time(_ name: String, of value: JSONValue) throws(RequestError) -> ClockTime? {
        guard let text = try TaskLine.optionalText(name, of: value) else { return nil }
        guard let time = ClockTime(parsing: text) else { throw RequestError("'\(name)' is no time HH:MM[:SS][Z]") }
        return time
    }
}

// MARK: - Carrying out

extension Runner {
    /// Carries out tasks of plans, step after step; the tasks of a step side by side.
    ///
    /// - Throws: as `run(_:)`.
    public func run(_ lines: [TaskLine], workers: Int) throws -> RunReport {
        var reports: [RunReport] = []
        var failed: [String: Failure] = [:]
        for (_, lines) in Dictionary(grouping: lines, by: \.step).sorted(by: { $0.key < $1.key }) {
            var ready: [TaskLine] = []
            for line in lines {
                if let input = line.inputs.sorted().first(where: { failed[$0] != nil }), let cause = failed[input] {
                    let name = "\(line.stage) \(PlannedTask.word(for: line.symbols)) \(line.date)"
                    let failure = Failure(cause.status, "\(name): its input \(input) was not made")
                    for output in line.outputs { failed[output] = failure }
                    reports.append(RunReport(notCarriedOut: line, failure))
                } else {
                    ready.append(line)
                }
            }
            for request in TaskLine.requests(ready, workers: workers) {
                let report = try run(request)
                for case (let path, .failed(let failure)) in report.partitions.map({ ($0.address.path, $0.outcome) }) {
                    failed[path] = failure
                }
                reports.append(report)
            }
        }
        return RunReport(joining: reports)
    }
}

extension TaskLine {
    /// Lines of one step as few requests: one for each stage and manner.
    static func requests(_ lines: [TaskLine], workers: Int) -> [RunRequest] {
        struct Kind: Hashable {
            let stage: String
            let manner: Manner
        }
        var order: [Kind] = []
        var groups: [Kind: [TaskLine]] = [:]
        for line in lines {
            let kind = Kind(stage: line.stage, manner: line.manner)
            if groups[kind] == nil { order.append(kind) }
            groups[kind, default: []].append(line)
        }
        return order.map { kind in
            let lines = groups[kind] ?? []
            let manner = kind.manner
            var request = RunRequest(
                productType: manner.productType, layers: manner.layers, tables: manner.tables,
                symbols: Set(lines.flatMap(\.symbols)).sorted(), dates: DateSelection(Set(lines.map(\.date))),
                start: manner.start, end: manner.end, settings: manner.settings, overwrite: manner.overwrite,
                workers: workers, allowsTruncated: manner.allowsTruncated, compression: manner.compression)
            request.stage = kind.stage
            request.days = Set(
                lines.flatMap { line in
                    line.symbols.map { RunRequest.SymbolDay(symbol: $0, date: line.date) }
                })
            return request
        }
    }
}

extension RunReport {
    /// One report of several runs, in their order; the run's name is that of all of them.
    init(joining reports: [RunReport]) {
        self.init(
            runID: reports.map(\.runID).filter { !$0.isEmpty }.joined(separator: ","),
            tasks: reports.flatMap(\.tasks),
            skippedDates: Set(reports.flatMap(\.skippedDates)).sorted(), warnings: reports.flatMap(\.warnings),
            seconds: reports.reduce(0) { $0 + $1.seconds })
    }

    /// The report of a task that had no chance.
    fileprivate init(notCarriedOut line: TaskLine, _ failure: Failure) {
        let result = TaskResult(
            stage: line.stage, symbols: line.symbols, date: line.date, partitions: [], note: nil, failure: failure,
            records: 0, seconds: 0)
        self.init(runID: "", tasks: [result], skippedDates: [], warnings: [], seconds: 0)
    }
}
