import JSON
import Lake
import OrderBook
import Pipeline
import Stages
import Terminal

/// Shows an explanation.
struct ExplainReport {
    let explanation: Explanation
    let row: ParquetRow

    init(_ explanation: Explanation, _ row: ParquetRow) {
        self.explanation = explanation
        self.row = row
    }

    private var flow: ExplainedFlow { explanation.flow }

    /// What was published is not what the inputs give: the manifest lies, or the stage has changed.
    var contradiction: Failure? {
        let counters = flow.counters.filter { $0.traced != $0.published && $0.name != "unmatched_fill_qty" }
        let averages = explanation.averages.filter { !isClose($0.value, $0.recomputed) }
        guard !flow.agrees || !counters.isEmpty || !averages.isEmpty || !forecastAgrees else { return nil }
        return Failure(
            .failed, "\(explanation.address): what the records give is not what was published",
            advice: "the stage has changed without a new revision, or the table: 'tarn verify --rebuild' tells")
    }

    /// Whether the forecast that was computed anew is the row's.
    private var forecastAgrees: Bool {
        guard let seen = explanation.forecast, seen.horizon > 0 else { return true }
        let delta = seen.forecast?.predictedTickDelta(at: seen.horizon)
        return row.values.contains { column, value in
            column.name == "predicted_tick_delta"
                && (delta == nil ? value.isNull : !value.isNull && value.stored == .integer(delta!))
        }
    }

    /// The tolerance of spec/book.md 1.
    private func isClose(_ a: Double, _ b: Double) -> Bool {
        (a - b).magnitude <= 1e-12 + 1e-10 * b.magnitude
    }
}

// MARK: - For people

extension ExplainReport {
    func show(on console: Console) {
        console.result("\(explanation.address)")
        console.result(
            "window \(utcText(explanation.windowEnd - 1_000_000_000)) to "
                + "\(utcText(explanation.windowEnd))\(explanation.cell.text)")
        console.result()
        var table = TextTable([.text("column"), .number("value")])
        for (column, value) in row.values { table.add([.init(column.name, .strong), .init(value.text)]) }
        console.result(table)
        showForecast(on: console)
        showAverages(on: console)
        showRecords(on: console)
    }

    private func showRecords(on console: Console) {
        console.result()
        console.result("Records: \(flow.bronze)")
        for (index, file) in flow.rawFiles.enumerated() { console.result("  file \(index): \(file.path)") }
        if let opening = flow.opening {
            let prices = [("bid", opening.bestBid), ("ask", opening.bestAsk), ("last trade", opening.lastTrade)]
            let texts = prices.map { "\($0) \($1.map(decimal) ?? "none")" }
            console.result(
                "  the book at the window's opening: \(texts.joined(separator: ", "))\(opening.isValid ? "" : "; not valid")"
            )
        }
        if flow.records.isEmpty {
            console.result("  no record of the window touches the cell")
        } else {
            var table = TextTable([
                .number("ordinal").dispensable(), .text("file:record").dispensable(2), .text("time"), .text("record"),
                .text("effect"),
            ])
            for record in flow.records {
                table.add([
                    "\(record.ordinal)", "\(record.file):\(record.index)", .init(record.time), .init(record.text),
                    .init(record.effectText),
                ])
            }
            console.result(table)
        }
        if flow.otherRecords > 0 {
            console.result("  \(Human.plural(flow.otherRecords, "other record")) of the window left the cell alone")
        }
        if let published = flow.published {
            let traced = flow.traced
            console.result(
                "Sums: depth \(traced.depthStart) → \(traced.depthEnd), add \(traced.added), pull \(traced.pulled) "
                    + "(\(traced.pulledAtRest) at rest), fill \(traced.filled)"
                    + (published == traced ? ", as published" : "; PUBLISHED: \(published)"))
        }
        for counter in flow.counters {
            // Executions that wait in vain expire when the window closes, not by a record.
            let expired = counter.published - counter.traced
            console.result(
                "Counter: \(counter.name) \(counter.traced)"
                    + (expired == 0
                        ? ", as published"
                        : "; published \(counter.published)"
                            + (counter.name == "unmatched_fill_qty" ? ": \(expired) expired at the window's end" : "")))
        }
    }

    private func showAverages(on console: Console) {
        for average in explanation.averages {
            console.result()
            console.result(
                "Moving average of \(average.time) s: \(average.value) = sum of weight × u")
            console.result("  over \(Human.plural(average.updates, "window")), weights \(average.weightSum)")
            if average.terms.isEmpty {
                console.result("  u was 0 in all of them")
                continue
            }
            var table = TextTable([
                .text("window end"), .number("age").dispensable(2), .number("weight"), .number("u").dispensable(),
                .number("weight × u"), .number("share").dispensable(3),
                .text("u = (add − pull − fill)/(start + 1)").dispensable(4),
            ])
            for term in average.terms {
                table.add([
                    .init(utcText(term.windowEnd)), "\(term.age)", "\(term.weight)", "\(term.velocity)",
                    "\(term.contribution)", .init(percent(term.share)),
                    "(\(term.flow.added) − \(term.flow.pulled) − \(term.flow.filled))/(\(term.flow.depthStart) + 1)",
                ])
            }
            console.result(table)
            if average.restWindows > 0 {
                console.result("  \(Human.plural(average.restWindows, "window")) of at most 1 % each: \(average.rest)")
            }
        }
    }

    private func showForecast(on console: Console) {
        guard let seen = explanation.forecast else { return }
        console.result()
        guard let forecast = seen.forecast else {
            console.result(
                "Forecast: the window is skipped, because \(seen.spotRef == nil ? "it has no anchor" : "it is not valid")"
            )
            return
        }
        var table = TextTable([.text("forecast"), .text("value")])
        func price(_ ticks: Int64) -> String { decimal((forecast.spotTick + ticks) * seen.latticeStep) }
        table.add(["anchor", .init("\(forecast.spotTick) ticks, \(price(0))")])
        table.add(["speed before, ticks/s", "\(seen.velocity)"])
        table.add(["beta, gamma", "\(seen.parameters.beta), \(seen.parameters.gamma)"])
        table.add(["option surface", seen.usesOptions ? "used" : "not used"])
        table.add(["F(0)", "\(forecast.force)"])
        table.add(["N(0)", "\(forecast.damping)"])
        table.add(["F/(1 + N)", "\(forecast.response)"])
        table.add(["wall above", .init("\(forecast.wallUp) cells, \(price(Int64(forecast.wallUp)))")])
        table.add(["wall below", .init("\(forecast.wallDown) cells, \(price(-Int64(forecast.wallDown)))")])
        table.add(["RunScore up, down", "\(forecast.runScoreUp), \(forecast.runScoreDown)"])
        if seen.horizon > 0 {
            let delta = forecast.predictedTickDelta(at: seen.horizon)
            table.add([.init("after \(seen.horizon) s"), .init("\(delta) ticks, \(price(delta))")])
            table.add(["confidence", "\(forecast.confidence(at: seen.horizon))"])
        }
        console.result(table)
        guard !seen.terms.isEmpty else { return }
        console.result()
        console.result("F(0) = sum of a × κ × g; cells with more than 1 %:")
        var cells = TextTable([
            .number("rel_ticks"), .text("price"), .number("a").dispensable(), .number("κ").dispensable(),
            .number("g").dispensable(), .number("a × κ × g"),
        ])
        for term in seen.terms {
            cells.add([
                "\(term.relTicks)", .init(price(Int64(term.relTicks))), "\(term.weight)", "\(term.mobility)",
                "\(term.pressure)", "\(term.contribution)",
            ])
        }
        console.result(cells)
        console.result("  the other cells: \(seen.rest)")
    }

    private func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }
}

extension ExplainedCell {
    fileprivate var text: String {
        switch self {
        case .level(let side, let price, _): ", side \(sideText(side)), \(decimal(price))"
        case .strike(let right, let side, let strike, _):
            ", \(right == OptionRight.call ? "C" : "P") \(decimal(strike)), side \(sideText(side))"
        case .instrument(let id): ", instrument \(id)"
        case .window: ""
        }
    }

    fileprivate var json: JSONValue {
        switch self {
        case .level(let side, let price, _):
            ["side": .string(sideText(side)), "price_int": .integer(price)]
        case .strike(let right, let side, let strike, _):
            [
                "right": .string(right == OptionRight.call ? "C" : "P"), "side": .string(sideText(side)),
                "strike_price_int": .integer(strike),
            ]
        case .instrument(let id): ["instrument_id": .integer(Int64(id))]
        case .window: [:]
        }
    }
}

private func sideText(_ side: UInt8) -> String {
    side == BookSide.ask ? "A" : side == BookSide.bid ? "B" : "N"
}

private func actionText(_ action: UInt8) -> String {
    ["A", "C", "M", "R", "T", "F", "N"][Int(min(action, 6))]
}

extension ExplainedRecord {
    fileprivate var instants: (event: Int64, recv: Int64) {
        switch content {
        case .order(let event, _): (event.tsEvent, event.tsRecv)
        case .quote(let quote): (quote.tsEvent, quote.tsRecv)
        }
    }

    fileprivate var time: String {
        let (event, recv) = instants
        let time = event != BookEvent.undefinedTime ? event : recv
        return time == BookEvent.undefinedTime ? "–" : String(utcText(time).dropFirst(11))
    }

    fileprivate var text: String {
        func price(_ price: Int64) -> String { price == BookEvent.undefinedPrice ? "–" : decimal(price) }
        let terms = option.map { option in
            "\(option.right == OptionRight.call ? "C" : "P") \(decimal(option.strikePrice)) #\(option.instrumentID), "
        }
        switch content {
        case .order(let e, _):
            return
                "\(terms ?? "")\(actionText(e.action)) \(sideText(e.side)) \(price(e.price)) ×\(e.size) id \(e.orderID) flags \(e.flags)"
        case .quote(let q):
            return
                "\(terms ?? "")\(actionText(q.action)) bid \(price(q.bidPrice)) ×\(q.bidSize) ask \(price(q.askPrice)) ×\(q.askSize) flags \(q.flags)"
        }
    }

    fileprivate var effectText: String {
        var parts = effect.changes.map { change in
            var words: [String] = []
            if change.added > 0 { words.append("add \(change.added)") }
            if change.pulled > 0 {
                words.append(
                    "pull \(change.pulled)\(change.pulledAtRest > 0 ? " (\(change.pulledAtRest) at rest)" : "")")
            }
            if change.filled > 0 { words.append("fill \(change.filled)") }
            if change.withoutFlow != 0 {
                words.append("\(change.withoutFlow > 0 ? "+" : "−")\(change.withoutFlow.magnitude) without flow")
            }
            return "\(sideText(change.side)) \(decimal(change.price)): \(words.joined(separator: ", ")), "
                + "depth \(change.depthBefore) → \(change.depthAfter)"
        }
        for (name, value) in counters where name != "records" { parts.append("\(name) \(value)") }
        if parts.isEmpty, case .order(let event, _) = content {
            switch event.action {
            case BookAction.fill: parts.append("an execution that a later record applies")
            case BookAction.trade: parts.append("last trade")
            default: break
            }
        }
        return parts.isEmpty ? "–" : parts.joined(separator: "; ")
    }

    fileprivate var counters: [(name: String, value: Int64)] {
        effect.counters.named.filter { $0.value != 0 }
    }
}

// MARK: - For machines

extension ExplainReport {
    var json: JSONValue {
        [
            "dataset": .string("\(explanation.address.dataset)"), "symbol": .string(explanation.address.symbol),
            "dt": .string("\(explanation.address.date)"), "path": .string(explanation.address.path),
            "row_number": .integer(Int64(explanation.row)),
            "window_start_ts_ns": .integer(explanation.windowEnd - 1_000_000_000),
            "window_end_ts_ns": .integer(explanation.windowEnd),
            "cell": explanation.cell.json, "row": row.json,
            "records": [
                "bronze": .string(flow.bronze.path),
                "raw": .array(flow.rawFiles.map { ["path": .string($0.path), "sha256": .string($0.sha256)] }),
                "opening": flow.opening.map(json) ?? .null,
                "list": .array(flow.records.map(\.json)), "others": .integer(Int64(flow.otherRecords)),
            ],
            "sums": flow.published == nil ? .null : json(flow.traced),
            "published": flow.published.map(json) ?? .null,
            "counters": .array(
                flow.counters.map {
                    ["name": .string($0.name), "traced": .integer($0.traced), "published": .integer($0.published)]
                }),
            "averages": .array(explanation.averages.map(json)),
            "forecast": explanation.forecast.map(json) ?? .null,
            "agrees": .bool(contradiction == nil),
        ]
    }

    private func price(_ price: Int64?) -> JSONValue { price.map { .integer($0) } ?? .null }

    private func json(_ sight: BookSight) -> JSONValue {
        [
            "best_bid_price_int": price(sight.bestBid), "best_ask_price_int": price(sight.bestAsk),
            "last_trade_price_int": price(sight.lastTrade), "book_valid": .bool(sight.isValid),
        ]
    }

    private func json(_ sums: FlowSums) -> JSONValue {
        [
            "depth_qty_start": .integer(sums.depthStart), "depth_qty_end": .integer(sums.depthEnd),
            "add_qty": .integer(sums.added), "pull_qty_total": .integer(sums.pulled),
            "pull_qty_rest": .integer(sums.pulledAtRest), "fill_qty": .integer(sums.filled),
        ]
    }

    private func json(_ average: ExplainedAverage) -> JSONValue {
        [
            "time_s": .integer(Int64(average.time)), "value": .double(average.value),
            "recomputed": .double(average.recomputed), "updates": .integer(Int64(average.updates)),
            "weight_sum": .double(average.weightSum), "rest": .double(average.rest),
            "rest_windows": .integer(Int64(average.restWindows)),
            "windows": .array(
                average.terms.map {
                    [
                        "window_end_ts_ns": .integer($0.windowEnd), "age": .integer(Int64($0.age)),
                        "weight": .double($0.weight), "liquidity_velocity": .double($0.velocity),
                        "contribution": .double($0.contribution), "share": .double($0.share), "flow": json($0.flow),
                    ]
                }),
        ]
    }

    private func json(_ seen: ExplainedForecast) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("horizon_s", .integer(Int64(seen.horizon))), ("beta", .double(seen.parameters.beta)),
            ("gamma", .double(seen.parameters.gamma)), ("q", .integer(seen.latticeStep)),
            ("spot_ref_price_int", price(seen.spotRef)), ("uses_options", .bool(seen.usesOptions)),
            ("is_skipped", .bool(seen.forecast == nil)),
        ]
        if let forecast = seen.forecast {
            members += [
                ("velocity_ticks", .integer(seen.velocity)), ("force", .double(forecast.force)),
                ("damping", .double(forecast.damping)), ("RunScore_up", .double(forecast.runScoreUp)),
                ("RunScore_down", .double(forecast.runScoreDown)), ("D_up", .integer(Int64(forecast.wallUp))),
                ("D_down", .integer(Int64(forecast.wallDown))), ("rest", .double(seen.rest)),
                (
                    "cells",
                    .array(
                        seen.terms.map {
                            [
                                "rel_ticks": .integer(Int64($0.relTicks)), "weight": .double($0.weight),
                                "kappa": .double($0.mobility), "pressure_grad": .double($0.pressure),
                                "contribution": .double($0.contribution),
                            ]
                        })
                ),
            ]
            if seen.horizon > 0 {
                members += [
                    ("predicted_tick_delta", .integer(forecast.predictedTickDelta(at: seen.horizon))),
                    ("predicted_spot_tick", .integer(forecast.predictedSpotTick(at: seen.horizon))),
                    ("confidence", .double(forecast.confidence(at: seen.horizon))),
                ]
            }
        }
        return .object(JSONObject(members))
    }
}

extension ExplainedRecord {
    fileprivate var json: JSONValue {
        func instant(_ time: Int64) -> JSONValue { time == BookEvent.undefinedTime ? .null : .integer(time) }
        func price(_ price: Int64) -> JSONValue { price == BookEvent.undefinedPrice ? .null : .integer(price) }
        var members: [(String, JSONValue)] = [
            ("ordinal", .integer(ordinal)), ("file", .integer(Int64(file))), ("index", .integer(index)),
            ("ts_event", instant(instants.event)), ("ts_recv", instant(instants.recv)),
        ]
        switch content {
        case .order(let event, let sequence):
            members += [
                ("publisher_id", .integer(Int64(event.publisherID))),
                ("instrument_id", .integer(Int64(event.instrumentID))), ("sequence", .integer(sequence)),
                ("order_id", .integer(Int64(bitPattern: event.orderID))), ("action", .string(actionText(event.action))),
                ("side", .string(sideText(event.side))), ("price_int", price(event.price)),
                ("size", .integer(Int64(event.size))), ("flags", .integer(Int64(event.flags))),
            ]
        case .quote(let quote):
            members += [
                ("publisher_id", .integer(Int64(quote.publisherID))),
                ("instrument_id", .integer(Int64(quote.instrumentID))), ("action", .string(actionText(quote.action))),
                ("bid_price_int", price(quote.bidPrice)), ("bid_size", .integer(Int64(quote.bidSize))),
                ("ask_price_int", price(quote.askPrice)), ("ask_size", .integer(Int64(quote.askSize))),
                ("flags", .integer(Int64(quote.flags))),
            ]
        }
        if let option {
            members += [
                ("right", .string(option.right == OptionRight.call ? "C" : "P")),
                ("strike_price_int", .integer(option.strikePrice)),
            ]
        }
        members += [
            (
                "effect",
                .array(
                    effect.changes.map {
                        [
                            "side": .string(sideText($0.side)), "price_int": .integer($0.price),
                            "depth_before": .integer($0.depthBefore), "depth_after": .integer($0.depthAfter),
                            "add_qty": .integer($0.added), "pull_qty_total": .integer($0.pulled),
                            "pull_qty_rest": .integer($0.pulledAtRest), "fill_qty": .integer($0.filled),
                            "without_flow": .integer($0.withoutFlow),
                        ]
                    })
            ),
            ("counters", .object(JSONObject(counters.map { ($0.name, .integer($0.value)) }))),
        ]
        return .object(JSONObject(members))
    }
}
