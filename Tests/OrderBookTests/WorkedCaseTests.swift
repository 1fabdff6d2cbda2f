import Foundation
import OrderBook
import Testing

/// The cases of spec/book.md, appendix A, from docs/spec/book_cases.json: every row, every column.
struct WorkedCase: CustomTestStringConvertible, Sendable {
    let id: String
    let title: String
    let parameters: NaiveParameters
    let records: [NaiveRecord]
    let expected: Tables

    var testDescription: String { "\(id). \(title)" }

    static let all: [WorkedCase] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try! Data(contentsOf: root.appendingPathComponent("docs/spec/book_cases.json"))
        return (try! JSONSerialization.jsonObject(with: data) as! [[String: Any]]).map { WorkedCase($0) }
    }()

    init(_ json: [String: Any]) {
        id = json["id"] as! String
        title = json["title"] as! String
        let product = json["product"] as! String
        var p = NaiveParameters(
            outputStart: integer(json["output_start_ns"])!, outputEnd: integer(json["output_end_ns"])!)
        p.assumeComplete = json["assume_complete"] as! Bool
        p.invalidatesCrossed = json["crossed_policy"] as! String == "invalidate"
        switch product {
        case "future_mbo": break
        case "equity_mbo":
            p.q = 500_000_000
            p.H = 100
        case "future_option_mbo": p.product = .options
        default:
            p.product = .quotes
            p.step = 1_000_000_000
            p.kmax = 25
            p.tick = 500_000_000
        }
        for terms in json["instruments"] as? [[String: Any]] ?? [] {
            p.instruments[Int(integer(terms["instrument_id"])!)] = (
                Character(terms["right"] as! String), integer(terms["strike_price_int"])!
            )
        }
        for row in json["underlying"] as? [[String: Any]] ?? [] {
            p.underlying[integer(row["window_end_ts_ns"])!] = (
                integer(row["spot_ref_price_int"]), row["window_valid"] as! Bool
            )
        }
        parameters = p
        records = (json["events"] as! [[String: Any]]).map { event in
            // Cases of one time name it once.
            let time = integer(event["ts_event"])
            return NaiveRecord(
                recv: event.keys.contains("ts_recv") ? integer(event["ts_recv"]) : time, event: time,
                action: Character(event["action"] as! String),
                side: Character(event["side"] as? String ?? "N"),
                id: UInt64(integer(event["order_id"]) ?? 0), price: integer(event["price_int"]),
                size: integer(event["size"]) ?? 0, flags: Int(integer(event["flags"])!),
                publisher: Int(integer(event["publisher_id"]) ?? 1),
                instrument: Int(integer(event["instrument_id"]) ?? 7), bid: integer(event["bid_price_int"]),
                bidSize: integer(event["bid_size"]) ?? 0, ask: integer(event["ask_price_int"]),
                askSize: integer(event["ask_size"]) ?? 0)
        }
        let tables = json["expected"] as! [String: [String: Any]]
        expected = Tables(
            snapshot: WorkedCase.rows(tables["snapshot"]!), flow: WorkedCase.rows(tables["flow"]!),
            quality: WorkedCase.rows(tables["quality"]!))
    }

    /// The rows of a table, whose columns are checked to be those that `cells` writes.
    static func rows(_ table: [String: Any]) -> [[Cell]] {
        let columns = table["columns"] as! [String]
        return (table["rows"] as! [[Any]]).map { row in
            zip(columns, row).map { column, value in
                if value is NSNull { return .null }
                if column == "mid_price" { return .double((value as! NSNumber).doubleValue) }
                if column.hasSuffix("_valid") { return .bool(value as! Bool) }
                if let text = value as? String { return .text(text) }
                return .int(integer(value)!)
            }
        }
    }
}

func integer(_ value: Any?) -> Int64? { (value as? NSNumber)?.int64Value }

struct WorkedCaseTests {
    @Test("every worked case of the specification gives exactly its rows", arguments: WorkedCase.all)
    func engine(_ worked: WorkedCase) throws {
        let run = try EngineRun(worked.records, worked.parameters)
        #expect(run.tables.difference(from: worked.expected) == nil)
    }

    @Test("the reference, too, gives the rows of every worked case", arguments: WorkedCase.all)
    func reference(_ worked: WorkedCase) {
        var replay = NaiveReplay(worked.parameters)
        replay.run(worked.records)
        #expect(replay.tables.difference(from: worked.expected) == nil)
    }

    @Test("all 38 cases are there")
    func count() {
        #expect(WorkedCase.all.count == 38)
    }
}
