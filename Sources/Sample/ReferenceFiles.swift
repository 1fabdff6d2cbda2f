import CivilTime

/// A source file of the recorder's reference tables.
public struct SampleReference: Hashable, Sendable {
    /// `spy-20260303.levels.yaml`
    public let name: String
    /// As `tarn ref add` recognises it: sessions, levels, commands, markers or labels.
    public let kind: String
    public let symbol: String
    public let date: CivilDate
    public let text: String
}

/// What an operator of the fund SPY might have written down: levels around the prices of the day, markers, labels.
///
/// They lie so that in the days of `equity_taq` price touches, breaks, crosses and reclaims levels in every way, and
/// that zones and markers end in every way.
struct ReferenceFiles {
    let path: PricePath
    let date: CivilDate

    private var symbol: String { EquityDays.symbol.symbol }
    private var session: String { "\(symbol):\(date):rth" }

    private static let minute = 60
    private static let open = 9 * 3600 + 30 * minute
    private static let close = 16 * 3600
    /// Distance of neighbours in a chain, cents.
    private static let spacing = 40

    var all: [SampleReference] {
        [
            file("sessions", "yaml", sessions), file("levels", "yaml", levels), file("commands", "csv", commands),
            file("markers", "yaml", markers), file("labels", "csv", labels),
        ]
    }

    private func file(_ kind: String, _ suffix: String, _ text: String) -> SampleReference {
        let digits = String(describing: date).filter { $0 != "-" }
        return SampleReference(
            name: "\(symbol.lowercased())-\(digits).\(kind).\(suffix)", kind: kind, symbol: symbol, date: date,
            text: text)
    }

    // MARK: Instants and prices

    private func milliseconds(_ secondOfDay: Int) -> Int64 {
        NewYork.utcNanoseconds(of: date, secondOfDay: secondOfDay) / 1_000_000
    }

    private func at(_ hour: Int, _ minute: Int) -> Int { hour * 3600 + minute * Self.minute }

    /// Fair price in cents, a thousand units of the path each.
    private func cents(_ secondOfDay: Int) -> Int {
        (path.value(at: NewYork.utcNanoseconds(of: date, secondOfDay: secondOfDay)) + 500) / 1000
    }

    private func price(_ cents: Int) -> String {
        let fraction = cents % 100
        return "\(cents / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }

    // MARK: Files

    private var sessions: String {
        """
        # The seed of the first day; later days start from the session before.
        symbol: \(symbol)
        dt: \(date)
        daily_atr: 6.5
        prior_close: \(price(cents(0)))

        """
    }

    private var levels: String {
        let day = (Self.open..<Self.close).map(cents)
        let lowest = (day.min()! - 120) / Self.spacing * Self.spacing
        let highest = day.max()! + 120
        var text = "ticker: \(symbol)\nlevels:\n"
        for cents in stride(from: lowest, through: highest, by: Self.spacing) {
            text += item("support_\(cents)", cents, "support", "derived", ["chain_id: main"])
            text += item("resistance_\(cents + 20)", cents + 20, "resistance", "derived", ["chain_id: highs"])
        }
        text += item("low_of_the_day", day.min()!, "support", "prior_low", ["chain_id: lows", "level_outcome: win"])
        text += item(
            "first_five_minutes", cents(at(9, 35)), "resistance", "manual",
            ["created_ts_ms: \(milliseconds(at(9, 35)))", "chain_id: opening"])
        text += item(
            "first_ten_minutes", cents(at(9, 40)), "resistance", "manual",
            ["created_ts_ms: \(milliseconds(at(9, 40)))", "chain_id: opening", "level_outcome: loss"])
        text += item(
            "vwap_at_ten_thirty", cents(at(10, 30)), "vwap", "vwap", ["created_ts_ms: \(milliseconds(at(10, 30)))"])
        text += item(
            "trend_at_eleven", cents(at(11, 0)), "trendline", "trendline",
            ["created_ts_ms: \(milliseconds(at(11, 0)))", "level_width_atr: 0.5"])
        text += item(
            "into_the_close", cents(at(15, 59)), "manual", "manual",
            ["created_ts_ms: \(milliseconds(at(15, 59)))", "direction_bias: short", "notes: \"held overnight?\""])
        return text
    }

    private func item(_ id: String, _ cents: Int, _ type: String, _ source: String, _ more: [String]) -> String {
        let members = [
            "level_id: \(id)", "level_price: \(price(cents))", "level_type: \(type)", "level_source: \(source)",
        ]
        return "  - {\((members + more).joined(separator: ", "))}\n"
    }

    private var commands: String {
        """
        ts_ms,ticker,type,level_price,level_type,level_width_atr,level_id,marker_type,marker_id,direction_bias,notes
        \(milliseconds(at(13, 0))),\(symbol),add_level,\(price(cents(at(13, 0)))),manual,0.3,,,,long,"noon, by hand"
        \(milliseconds(at(14, 40))),\(symbol),add_marker,,,,,breakdown,lunch_low,,"looked ""weak"" again"

        """
    }

    private var markers: String {
        """
        ticker: \(symbol)
        markers:
          - {ts_ms: \(milliseconds(at(9, 15))), marker_types: [downtrend_break], marker_id: too_early}
          - {ts_ms: \(milliseconds(at(10, 15))), marker_types: [support_bounce], marker_id: bounce}
          - {ts_ms: \(milliseconds(at(10, 15))), marker_types: [support_bounce], marker_id: bounce_again}
          - {ts_ms: \(milliseconds(at(11, 5))), marker_types: [breakdown, double_top], marker_id: top, direction_bias: short}
          - {ts_ms: \(milliseconds(at(12, 0))), marker_types: [consolidation]}
          - {ts_ms: \(milliseconds(at(13, 10))), marker_types: [double_bottom], marker_id: second_low, direction_bias: long}
          - {ts_ms: \(milliseconds(at(13, 50))), marker_types: [triple_bottom], direction_bias: long}
          - ts_ms: \(milliseconds(at(15, 10)))
            marker_types: [triple_top]
            direction_bias: short
            end_ts_ms: \(milliseconds(at(15, 20)))
            notes: {setup: fade, size: 2}
            price_tags:
              - {price: \(price(cents(at(15, 10)) + 7)), kind: resistance}
              - {price: \(price(cents(at(15, 10)) - 7))}
          - {ts_ms: \(milliseconds(at(15, 58))), marker_types: [support_bounce], marker_id: late}

        """
    }

    /// Of marker episodes, whose ids follow from the markers; one of an episode that is none, and one that is no label.
    private var labels: String {
        func episode(_ id: String, _ secondOfDay: Int) -> String {
            "ep:\(session):\(id):\(milliseconds(secondOfDay - 2 * Self.minute))"
        }
        return """
            episode_id,manual_outcome,manual_notes,setup_type,confidence
            \(episode("bounce", at(10, 15))),scratch,first look,bounce,0.4
            \(episode("bounce", at(10, 15))),win,"second look, better",bounce,0.9
            \(episode("second_low", at(13, 10))),loss,,reversal,1
            \(episode("lunch_low", at(14, 40))),no_trade,,,
            \(episode("late", at(15, 58))),maybe,,,0.5
            ep:\(session):nothing:0,win,,,0.5

            """
    }
}
