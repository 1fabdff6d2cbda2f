import Columnar
import Lake
import MarketState
import Tables

// What the stages of the market-state recorder have in common: plans, parameters, sessions, blocks of rows.
// Source: spec/recorder.md 1, 2.8, 3.

/// A stage that makes all its tables of a day from all tables that it reads, by the parameters of the formulas.
public protocol RecorderStage: Stage {}

extension RecorderStage {
    public func check(_ request: StageRequest) throws {
        _ = try RecorderParameters(StageParameters(request.parameters, request.overrides))
    }

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        try request.recorderPlan(in: site)
    }
}

extension StageRequest {
    fileprivate func recorderPlan(in site: StageSite) throws -> StagePlan {
        guard let day = try referenceDay(in: site) else {
            return .nothing("\(date) is no trading date of \(symbol)")
        }
        var inputs: [Input] = []
        for (address, isOptional) in try tables(of: day.symbol) {
            let input = isOptional ? try site.optionalInput(address) : try site.input(address)
            // SPY is its own market.
            if !inputs.contains(input) { inputs.append(input) }
        }
        return .task(
            StageTask(
                self, symbol: day.symbol, inputs: inputs, defaults: parameters,
                outputs: try declaration.writes.map { try output($0.table, day.symbol) }))
    }
}

// MARK: - Parameters

extension RecorderParameters {
    /// The parameters of a stage that formulas use.
    ///
    /// - Throws: `configuration` for values that no formula can use.
    init(_ values: StageParameters) throws(StageError) {
        let known = values.values.compactMapValues { value -> Value? in
            switch value {
            case .null: nil
            case .boolean(let value): .boolean(value)
            case .integer(let value): .integer(value)
            case .text(let text): .text(text)
            case .list(let texts): .list(texts)
            }
        }
        do throws(RecorderParameterError) {
            try self.init(known)
        } catch {
            throw .configuration("\(error)")
        }
    }
}

// MARK: - Sessions

extension StageContext {
    /// The sessions that a stage records: none on a day that the vendor has nothing for, so that its tables are empty
    /// and not full of zeros.
    func recordedSessions(of task: StageTask, on day: DayState) throws -> [Sessions.Row] {
        day == .noData ? [] : try sessions(task.input("sessions"), of: task)
    }

    /// What is known of the whole day from several inputs: one with events is enough for a day with events.
    func dayState(of addresses: [PartitionAddress]) throws -> DayState {
        let states = try addresses.map { try dayState(of: $0) }
        return states.contains(.events) ? .events : states.contains(.noEvents) ? .noEvents : .noData
    }
}

extension String {
    /// Equality of keys: by bytes, where `==` is canonical equivalence.
    func isSameKey(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

// MARK: - Blocks

extension PartitionReader {
    /// All rows of a small table.
    consuming func rows<Rows: RowTable & ~Copyable>(as type: Rows.Type) throws(LakeError) -> [Rows.Row] {
        var rows: [Rows.Row] = []
        var block = Rows()
        while try next(into: &block) { rows += block.rows }
        return rows
    }
}

extension StageContext {
    /// Stages a table that is whole in memory; nil where its partition is not wanted.
    func stage<Rows: Table & ~Copyable>(
        _ table: borrowing Rows, as output: PartitionAddress, of task: StageTask, dayState: DayState = .events,
        quality: Quality = Quality()
    ) throws -> StagedPartition? {
        guard var writer = try writerIfWanted(output, of: task) else { return nil }
        try table.withViews { try writer.write($0) }
        return try writer.finish(dayState: dayState, quality: quality)
    }
}

/// The rows of an input, a block at a time.
struct BlockCursor<Rows: Table & ~Copyable>: ~Copyable {
    private var reader: PartitionReader
    private let columns: [Int]?
    private(set) var block = Rows()
    /// Next row of the block.
    var row = 0
    private(set) var hasEnded = false

    /// - Parameter columns: those to be read, by position; nil: all.
    init(_ reader: consuming PartitionReader, columns: [Int]? = nil) {
        self.reader = reader
        self.columns = columns
    }

    /// Replaces the block by the next one; false at the end, where the block is empty.
    mutating func refill() throws -> Bool {
        row = 0
        block.removeAll()
        if !hasEnded { hasEnded = try !reader.next(into: &block, columns: columns) }
        return !hasEnded
    }
}

/// The rows of an input that are grouped by session_id, in ascending order, a block at a time.
struct SessionCursor<Rows: Table & ~Copyable>: ~Copyable {
    /// The current block, with the next row.
    var rows: BlockCursor<Rows>
    /// End of the current session's rows in the block.
    private(set) var limit = 0

    /// - Parameter columns: those to be read, by position, session_id among them; nil: all.
    init(_ reader: consuming PartitionReader, columns: [Int]? = nil) {
        rows = BlockCursor(reader, columns: columns)
    }

    /// The session of the next row, which becomes the current one; nil at the end.
    mutating func nextSession() throws -> String? {
        while rows.row == rows.block.sessionRows {
            if try !rows.refill() { return nil }
        }
        let session = rows.block.sessionID(rows.row)
        limit = rows.block.end(ofSession: session, from: rows.row)
        return session
    }

    /// Makes a session current, which has rows only if the next row is one of them: sessions come in ascending order.
    mutating func begin(_ session: String) throws {
        if let next = try nextSession(), !next.isSameKey(session) { limit = rows.row }
    }

    /// Replaces a block that is used up by the next one of the session; false when the session has no more rows.
    mutating func refill(_ session: String) throws -> Bool {
        guard limit == rows.block.sessionRows else { return false }
        limit = try rows.refill() ? rows.block.end(ofSession: session, from: 0) : 0
        return limit > 0
    }
}

extension TradesClassified {
    /// What windows need of a trade.
    static let windowColumns = [Columns.sessionId, .tsMs, .price, .size, .side].map(\.rawValue)
}

extension Quotes {
    /// What windows and the quote test need of a quote.
    static let quoteColumns = [
        Columns.tsEvent, .seq, .bidPriceInt, .bidSize, .askPriceInt, .askSize,
    ].map(\.rawValue)
}
