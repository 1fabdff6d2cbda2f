import MarketState
import Testing

@Suite struct `Parameters of the recorder` {
    @Test func `names are those of the specification, and what a stage lacks keeps its value`() throws {
        var expected = RecorderParameters()
        #expect(try RecorderParameters([:]) == expected)
        expected.tradeSide = .aggressor
        expected.excludedConditions = ["Z", "T"]
        expected.emaPeriods = [5, 10, 15, 20]
        expected.atrBlendAlpha = 0.25
        expected.floorATR = 1
        expected.largeTradeWindowMs = 60_000
        expected.samples2m = true
        let found = try RecorderParameters([
            "trade_side": .text("aggressor"), "excluded_conditions": .list(["T", "Z"]),
            "ema_periods": .text("5,10,15,20"), "atr_blend_alpha": .text("0.25"), "floor_atr": .integer(1),
            "large_trade_window_ms": .integer(60_000), "sample_2m": .boolean(true), "rth_open": .integer(5),
        ])
        #expect(found == expected)
    }

    @Test(arguments: [
        ("trade_side", RecorderParameters.Value.text("tick")), ("trade_side", .integer(1)),
        ("ema_periods", .list(["9", "20", "30"])), ("ema_periods", .list(["20", "9", "30", "200"])),
        ("ema_periods", .list(["9", "x", "30", "200"])), ("atr_period", .integer(0)),
        ("atr_period", .integer(Int64.max)), ("atr_blend_alpha", .text("1.01")), ("atr_blend_alpha", .text("nan")),
        ("ema_confluence_ref", .text("0")), ("large_trade_window_ms", .integer(15_000)),
        ("large_trade_window_ms", .integer(0)), ("sample_2m", .text("yes")), ("floor_atr", .text("-0.1")),
        ("excluded_conditions", .integer(4)),
    ])
    func `what no formula can use is refused by name`(_ name: String, _ value: RecorderParameters.Value) throws {
        let error = #expect(throws: RecorderParameterError.self) { try RecorderParameters([name: value]) }
        #expect(error?.name == name)
    }
}
