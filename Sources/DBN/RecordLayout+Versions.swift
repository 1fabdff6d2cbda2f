/// The layouts that changed from version to version of the encoding.
extension RecordLayout {
    private static let definitionPrices12: [(String, Kind)] = [
        ("ts_recv", .u64), ("min_price_increment", .i64), ("display_factor", .i64), ("expiration", .u64),
        ("activation", .u64), ("high_limit_price", .i64), ("low_limit_price", .i64),
        ("max_price_variation", .i64),
        ("trading_reference_price", .i64), ("unit_of_measure_qty", .i64),
        ("min_price_increment_amount", .i64),
        ("price_ratio", .i64),
    ]

    private static let definitionSizes12: [(String, Kind)] = [
        ("inst_attrib_value", .i32), ("underlying_id", .u32), ("raw_instrument_id", .u32),
        ("market_depth_implied", .i32), ("market_depth", .i32), ("market_segment_id", .u32),
        ("max_trade_vol", .u32),
        ("min_lot_size", .i32), ("min_lot_size_block", .i32), ("min_lot_size_round_lot", .i32),
        ("min_trade_vol", .u32),
    ]

    private static let definitionContract: [(String, Kind)] = [
        ("contract_multiplier", .i32), ("decay_quantity", .i32), ("original_contract_size", .i32),
    ]

    private static let definitionDates12: [(String, Kind)] = [
        ("trading_reference_date", .u16), ("appl_id", .i16), ("maturity_year", .u16),
        ("decay_start_date", .u16),
        ("channel_id", .u16),
    ]

    private static func definitionTexts(symbol: Int, asset: Int) -> [(String, Kind)] {
        [
            ("currency", .text(4)), ("settl_currency", .text(4)), ("secsubtype", .text(6)),
            ("raw_symbol", .text(symbol)), ("group", .text(21)), ("exchange", .text(5)),
            ("asset", .text(asset)),
            ("cfi", .text(7)), ("security_type", .text(7)), ("unit_of_measure", .text(31)),
            ("underlying", .text(21)), ("strike_price_currency", .text(4)),
        ]
    }

    private static let definitionCodes12: [(String, Kind)] = [
        ("md_security_trading_status", .u8), ("main_fraction", .u8), ("price_display_format", .u8),
        ("settl_price_type", .u8), ("sub_fraction", .u8),
    ]

    private static let definitionEnd: [(String, Kind)] = [
        ("underlying_product", .u8), ("security_update_action", .character), ("maturity_month", .u8),
        ("maturity_day", .u8), ("maturity_week", .u8), ("user_defined_instrument", .character),
        ("contract_multiplier_unit", .i8), ("flow_schedule_type", .i8), ("tick_rule", .u8),
    ]

    static let definition1 = RecordLayout(
        "definition",
        definitionPrices12 + definitionSizes12 + [("", .reserved(4))] + definitionContract + [
            ("", .reserved(4))
        ]
            + definitionDates12 + definitionTexts(symbol: 22, asset: 7)
            + [
                ("instrument_class", .character), ("", .reserved(2)), ("strike_price", .i64),
                ("", .reserved(6)),
                ("match_algorithm", .character),
            ] + definitionCodes12 + definitionEnd + [("", .reserved(3))])

    static let definition2 = RecordLayout(
        "definition",
        definitionPrices12 + [("strike_price", .i64)] + definitionSizes12 + definitionContract
            + definitionDates12
            + definitionTexts(symbol: 71, asset: 7)
            + [("instrument_class", .character), ("match_algorithm", .character)]
            + definitionCodes12 + definitionEnd + [("", .reserved(10))])

    static let definition3 = RecordLayout(
        "definition",
        [
            ("ts_recv", .u64), ("min_price_increment", .i64), ("display_factor", .i64), ("expiration", .u64),
            ("activation", .u64), ("high_limit_price", .i64), ("low_limit_price", .i64),
            ("max_price_variation", .i64), ("unit_of_measure_qty", .i64),
            ("min_price_increment_amount", .i64),
            ("price_ratio", .i64), ("strike_price", .i64), ("raw_instrument_id", .u64), ("leg_price", .i64),
            ("leg_delta", .i64), ("inst_attrib_value", .i32), ("underlying_id", .u32),
            ("market_depth_implied", .i32), ("market_depth", .i32), ("market_segment_id", .u32),
            ("max_trade_vol", .u32), ("min_lot_size", .i32), ("min_lot_size_block", .i32),
            ("min_lot_size_round_lot", .i32), ("min_trade_vol", .u32),
        ] + definitionContract
            + [
                ("leg_instrument_id", .u32), ("leg_ratio_price_numerator", .i32),
                ("leg_ratio_price_denominator", .i32), ("leg_ratio_qty_numerator", .i32),
                ("leg_ratio_qty_denominator", .i32), ("leg_underlying_id", .u32), ("appl_id", .i16),
                ("maturity_year", .u16), ("decay_start_date", .u16), ("channel_id", .u16),
                ("leg_count", .u16),
                ("leg_index", .u16),
            ] + definitionTexts(symbol: 71, asset: 11)
            + [
                ("leg_raw_symbol", .text(71)), ("instrument_class", .character),
                ("match_algorithm", .character),
                ("main_fraction", .u8), ("price_display_format", .u8), ("sub_fraction", .u8),
            ] + definitionEnd + [
                ("leg_instrument_class", .character), ("leg_side", .character), ("", .reserved(17)),
            ])

    private static func statistics(quantity: Kind, reserved: Int) -> RecordLayout {
        RecordLayout(
            "statistics",
            [
                ("ts_recv", .u64), ("ts_ref", .u64), ("price", .i64), ("quantity", quantity),
                ("sequence", .u32),
                ("ts_in_delta", .i32), ("stat_type", .u16), ("channel_id", .u16), ("update_action", .u8),
                ("stat_flags", .u8), ("", .reserved(reserved)),
            ])
    }

    static let statistics1 = statistics(quantity: .i32, reserved: 6)
    static let statistics3 = statistics(quantity: .i64, reserved: 18)

    static let error1 = RecordLayout("error", [("err", .text(64))])
    static let error2 = RecordLayout("error", [("err", .text(302)), ("code", .u8), ("is_last", .u8)])
    static let system1 = RecordLayout("system", [("msg", .text(64))])
    static let system2 = RecordLayout("system", [("msg", .text(303)), ("code", .u8)])

    static let symbolMapping1 = RecordLayout(
        "symbol mapping",
        [
            ("stype_in_symbol", .text(22)), ("stype_out_symbol", .text(22)), ("", .reserved(4)),
            ("start_ts", .u64),
            ("end_ts", .u64),
        ])
    static let symbolMapping2 = RecordLayout(
        "symbol mapping",
        [
            ("stype_in", .u8), ("stype_in_symbol", .text(71)), ("stype_out", .u8),
            ("stype_out_symbol", .text(71)),
            ("start_ts", .u64), ("end_ts", .u64),
        ])
}
