import Contracts
import JSON
import Testing

@Suite struct Changes {
    enum Break { case none, backward, forward, both }

    struct Case: CustomStringConvertible {
        let name: String
        let old: String
        let new: String
        let kinds: [ContractChange.Kind]
        let breaks: Break
        var description: String { name }

        init(_ name: String, _ old: String, _ new: String, _ kinds: [ContractChange.Kind], _ breaks: Break) {
            self.name = name
            self.old = old
            self.new = new
            self.kinds = kinds
            self.breaks = breaks
        }
    }

    static let note = #"{"name": "note", "type": ["null", "string"], "default": null, "doc": "d"},"#
    static let day = #"{"name": "day", "type": {"type": "int", "logicalType": "date"}, "doc": "d"},"#
    static let added = #""name": "added", "type": "long""#

    /// Every kind of change: what is changed in the sample, what it is called, whom it breaks. The effects on names,
    /// types and defaults are Avro's resolution rules (Avro 1.11 specification, "Schema Resolution").
    static let cases: [Case] = [
        Case("nothing", "One", "One", [], .none),
        Case("doc only", #""doc": "time""#, #""doc": "instant""#, [.textChanged], .none),
        Case("doc of the table", "One column", "A column", [.textChanged], .none),
        Case("version only", #""version": 1"#, #""version": 2"#, [.versionChanged], .none),
        Case(
            "nullable column added", note, note + note.replacing("note", with: "note2"), [.columnAdded], .none
        ),
        Case(
            "column with default added", day, day + #"{"name": "x", "type": "long", "default": 0},"#,
            [.columnAdded], .none),
        Case(
            "nullable column without default added", day, day + #"{"name": "x", "type": ["null", "long"]},"#,
            [.columnAdded], .backward),
        Case(
            "required column added", day, day + #"{"name": "x", "type": "long"},"#, [.columnAdded], .backward),
        Case("nullable column dropped", note, "", [.columnDropped], .none),
        Case("required column dropped", day, "", [.columnDropped], .forward),
        Case("required column renamed", #""name": "day""#, #""name": "date""#, [.columnRenamed], .both),
        Case("nullable column renamed", #""name": "note""#, #""name": "remark""#, [.columnRenamed], .both),
        Case("columns reordered", note, "", [.columnDropped], .none),
        Case(
            "int widened to long", #""name": "removed", "type": "int""#,
            #""name": "removed", "type": "long""#, [.typeWidened], .forward),
        Case("long narrowed to int", added, #""name": "added", "type": "int""#, [.typeNarrowed], .backward),
        Case(
            "long to string",
            #""ticks", "type": ["null", "int"], "default": null, "doc": "d", "unit": "ticks", "exclusiveMinimum": 0, "maximum": 5"#,
            #""ticks", "type": ["null", "string"], "default": null, "doc": "d", "unit": "ticks""#,
            [.typeChanged, .ruleChanged], .both),
        Case("nanoseconds to milliseconds", "timestamp-nanos", "timestamp-millis", [.typeChanged], .both),
        Case(
            "timestamp to plain long", #"{"type": "long", "logicalType": "timestamp-nanos"}"#, #""long""#,
            [.typeChanged], .both),
        Case(
            "nulls allowed", day,
            #"{"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}], "default": null},"#,
            [.nullsAllowed, .textChanged], .forward),
        Case(
            "nulls forbidden", note, #"{"name": "note", "type": "string", "doc": "d"},"#, [.nullsForbidden],
            .backward),
        Case("symbol added", #"["B", "A"]"#, #"["B", "A", "N"]"#, [.symbolsAdded, .symbolsAdded], .forward),
        Case("symbol removed", #"["B", "A"]"#, #"["B"]"#, [.symbolsRemoved, .symbolsRemoved], .backward),
        Case(
            "symbols reordered", #"["B", "A"]"#, #"["A", "B"]"#, [.symbolsReordered, .symbolsReordered], .none
        ),
        Case(
            "default dropped", #""default": null, "doc": "d"},"#, #""doc": "d"},"#, [.defaultChanged], .none),
        Case("unit changed", #""unit": "ns""#, #""unit": "ms""#, [.unitChanged], .both),
        Case("unit removed", #", "unit": "ns""#, "", [.unitChanged], .both),
        Case("alias changed", "milli%", "milli", [.aliasChanged], .both),
        Case("minimum raised", #""minimum": 0"#, #""minimum": 1"#, [.ruleTightened], .backward),
        Case("minimum lowered", #""minimum": 0"#, #""minimum": -1"#, [.ruleLoosened], .forward),
        Case("minimum added", added, added + #", "minimum": 0"#, [.ruleTightened], .backward),
        Case("minimum removed", #", "minimum": 0"#, "", [.ruleLoosened], .forward),
        Case("maximum lowered", #""maximum": 5"#, #""maximum": 4"#, [.ruleTightened], .backward),
        Case("maximum raised", #""maximum": 5"#, #""maximum": 6"#, [.ruleLoosened], .forward),
        Case(
            "minimum made exclusive", #""minimum": 0"#, #""exclusiveMinimum": 0"#, [.ruleTightened], .backward
        ),
        Case(
            "exclusive minimum of a double made inclusive", #""exclusiveMinimum": 0}"#, #""minimum": 0}"#,
            [.ruleLoosened], .forward),
        Case(
            "one limit of integers written in two ways", #""minimum": 0"#, #""exclusiveMinimum": -1"#, [],
            .none),
        Case(
            "exclusive maximum made inclusive", #""exclusiveMaximum": 1e7"#, #""maximum": 1e7"#,
            [.ruleLoosened], .forward),
        Case(
            "identity removed", #"{"sum": [["bid", 0.5], ["ask", 0.5]], "equals": "mid", "tolerance": 1e-9}"#,
            #"{"sum": [["bid", 0.5], ["ask", 0.5]], "equals": "mid", "tolerance": 1e-9}, {"sum": [["added", 1]], "equals": "start", "tolerance": 0}"#,
            [.ruleTightened], .backward),
        Case(
            "identity bound by a condition no longer", #""where": "valid", "#, "", [.ruleTightened], .backward
        ),
        Case("tolerance widened", #""tolerance": 1e-9"#, #""tolerance": 1e-8"#, [.ruleLoosened], .forward),
        Case("tolerance narrowed", #""tolerance": 1e-9"#, #""tolerance": 0"#, [.ruleTightened], .backward),
        Case(
            "factor changed", #"["removed", -2]"#, #"["removed", -1]"#, [.ruleLoosened, .ruleTightened], .both
        ),
        Case(
            "key widened", #""key": ["at", "side"]"#, #""key": ["at", "side", "start"]"#, [.keyChanged],
            .forward),
        Case("key narrowed", #""key": ["at", "side"]"#, #""key": ["at"]"#, [.keyChanged], .backward),
        Case("key replaced", #""key": ["at", "side"]"#, #""key": ["at", "start"]"#, [.keyChanged], .both),
        Case(
            "order refined", #""orderBy": ["at", "side"]"#, #""orderBy": ["at", "side", "start"]"#,
            [.orderChanged], .backward),
        Case(
            "order coarsened", #""orderBy": ["at", "side"]"#, #""orderBy": ["at"]"#, [.orderChanged], .forward
        ),
        Case(
            "order replaced", #""orderBy": ["at", "side"]"#, #""orderBy": ["side", "at"]"#, [.orderChanged],
            .both),
        Case("record renamed", "\"Sample\"", "\"Example\"", [.recordRenamed], .both),
        Case("dataset moved", "future_mbo", "equity_mbo", [.datasetChanged], .both),
        Case(
            "enum renamed", #""name": "Side", "symbols""#, #""name": "Flank", "symbols""#,
            [.typeChanged, .typeChanged], .both),
    ]

    @Test(arguments: cases)
    func `each kind of change is named and breaks whom it breaks`(change: Case) throws {
        var text = changed(change.old, change.new)
        if change.name == "enum renamed" {
            text = text.replacing(#"["null", "Side"]"#, with: #"["null", "Flank"]"#)
        }
        let changes = ContractChange.changes(from: try parse(sampleText), to: try parse(text))
        #expect(changes.map(\.kind) == change.kinds)
        #expect(
            changes.contains { $0.breaksBackward } == (change.breaks == .backward || change.breaks == .both))
        #expect(
            changes.contains { $0.breaksForward } == (change.breaks == .forward || change.breaks == .both))
    }

    /// A change seen from the other side breaks the other readers.
    @Test(arguments: cases)
    func `the way back breaks the other side`(change: Case) throws {
        var text = changed(change.old, change.new)
        if change.name == "enum renamed" {
            text = text.replacing(#"["null", "Side"]"#, with: #"["null", "Flank"]"#)
        }
        let changes = ContractChange.changes(from: try parse(text), to: try parse(sampleText))
        // A nullable column without a default can neither come nor go, all others go as they come.
        let forward = change.breaks == .backward || change.breaks == .both
        let backward = change.breaks == .forward || change.breaks == .both
        #expect(changes.contains { $0.breaksBackward } == backward)
        #expect(changes.contains { $0.breaksForward } == forward)
    }

    @Test func `columns in another order are compatible`() throws {
        let moved = changed(Self.note, "").replacing(Self.day, with: Self.day + Self.note)
        let changes = ContractChange.changes(from: try parse(sampleText), to: try parse(moved))
        #expect(changes.map(\.kind) == [.columnsReordered])
        #expect(!changes[0].isBreaking)
    }

    @Test func `a difference is told in words`() throws {
        let new = try parse(
            changed(#""unit": "ns""#, #""unit": "ms""#).replacing(#""version": 1"#, with: #""version": 2"#))
        #expect(
            ContractChange.text(from: try parse(sampleText), to: new) == """
                silver.future_mbo.sample version 1 → silver.future_mbo.sample version 2
                  version 2 instead of 1
                  column at: unit ms instead of ns: breaks new readers of old data and old readers of new data

                """)
        #expect(ContractChange.text(from: new, to: new).hasSuffix("  no difference\n"))
    }
}

@Suite struct Lock {
    let first = ContractSet([try! parse(sampleText)])

    private func set(_ changes: (String, String)...) throws -> ContractSet {
        ContractSet([try parse(changes.reduce(sampleText) { $0.replacing($1.0, with: $1.1) })])
    }

    @Test func `a lock reads back as it was written`() throws {
        let lock = ContractLock().adding(first).adding(try set((#""version": 1"#, #""version": 2"#)))
        let again = try ContractLock(parsing: Array(lock.text.utf8), file: "contracts.lock")
        #expect(again.text == lock.text)
        let key = try #require(first.datasets.first)
        #expect(again[key].map(\.version) == [1, 2])
        #expect(again[key].map(\.fingerprint) == lock[key].map(\.fingerprint))
    }

    @Test func `what is locked passes, also with other texts`() throws {
        let lock = ContractLock().adding(first)
        #expect(lock.check(first).isEmpty)
        #expect(try lock.check(set((#""doc": "time""#, #""doc": "instant""#))).isEmpty)
    }

    @Test func `a contract that is not locked fails until it is added`() throws {
        #expect(ContractLock().check(first).map(\.rule) == [.notLocked])
        let next = try set((#""version": 1"#, #""version": 2"#))
        let lock = ContractLock().adding(first)
        #expect(lock.check(next).map(\.rule) == [.notLocked])
        #expect(lock.adding(next).check(next).isEmpty)
    }

    @Test func `a change without a version fails and says what changed`() throws {
        let findings = try ContractLock().adding(first).check(set((#""unit": "ns""#, #""unit": "ms""#)))
        #expect(findings.map(\.rule) == [.changedWithoutVersion])
        #expect(findings[0].message.contains("column at: unit ms instead of ns"))
        #expect(findings[0].file == "silver/future_mbo/sample.avsc")
    }

    @Test func `a version below the released one fails`() throws {
        let lock = ContractLock().adding(try set((#""version": 1"#, #""version": 2"#)))
        #expect(lock.check(first).map(\.rule) == [.versionGoesBack])
    }

    @Test func `a contract that is gone fails unless approved`() throws {
        let lock = ContractLock().adding(first)
        #expect(lock.check(ContractSet([])).map(\.rule) == [.contractRemoved])
        let approved = try approvals(from: 1, to: 0, change: "removed")
        #expect(lock.check(ContractSet([]), approved: approved).isEmpty)
    }

    @Test func `compatibility is judged against every released version`() throws {
        // Version 2 drops a column that has a default and version 3 brings it back without nulls: version 3 resolves
        // with 2 and 1 alike only by breaking readers of both.
        let without = (Changes.note, "")
        let second = try set((#""version": 1"#, #""version": 2"#), without)
        let third = try set(
            (#""version": 1"#, #""version": 3"#), (Changes.note, #"{"name": "note", "type": "string"},"#))
        let lock = ContractLock().adding(first).adding(second)
        #expect(lock.check(second).isEmpty)
        let findings = lock.adding(third).check(third)
        #expect(findings.map(\.place) == ["since version 1", "since version 2"])
        #expect(findings.map(\.rule) == [.incompatible, .incompatible])
    }

    private func approvals(
        from: Int, to: Int, change: String, reason: String = "agreed"
    ) throws(ContractError) -> ApprovedBreaks {
        try approvedBreaks([approval(from: from, to: to, change: change, reason: reason)])
    }

    private func approval(from: Int, to: Int, change: String, reason: String = "agreed") -> JSONValue {
        [
            "dataset": "silver.future_mbo.sample", "from": .integer(Int64(from)), "to": .integer(Int64(to)),
            "change": .string(change), "reason": .string(reason),
        ]
    }

    private func approvedBreaks(_ approvals: [JSONValue]) throws(ContractError) -> ApprovedBreaks {
        let value: JSONValue = ["format": 1, "breaks": .array(approvals)]
        return try ApprovedBreaks(parsing: Array(value.serialized().utf8), file: "approved-breaks")
    }

    @Test func `a break passes when exactly this change is approved with a reason`() throws {
        let next = try set((#""version": 1"#, #""version": 2"#), (#""unit": "ns""#, #""unit": "ms""#))
        let lock = ContractLock().adding(first).adding(next)
        #expect(lock.check(next).map(\.rule) == [.incompatible])
        let change = "column at: unit ms instead of ns"
        let approved = try approvals(from: 1, to: 2, change: change)
        #expect(lock.check(next, approved: approved).isEmpty)
        let mistaken = try approvals(from: 1, to: 3, change: change)
        #expect(lock.check(next, approved: mistaken).map(\.rule) == [.incompatible, .needlessApproval])
        #expect(throws: ContractError.self) { try approvals(from: 1, to: 2, change: change, reason: " ") }
    }

    /// Two released versions, the second with a further nullable column, and a third that changes something: what breaks
    /// readers is found against each release, passes with one approval a finding, and with nothing less.
    @Test(arguments: Changes.cases)
    func `each kind of break is found against every release and needs an approval for each`(
        change: Changes.Case
    ) throws {
        if change.new.contains("equity_mbo") || change.new.contains(#""version": 2"#) { return }
        let end = #""alias": "milli%"}"#
        let further = end + #", {"name": "further", "type": ["null", "string"], "default": null, "doc": "d"}"#
        func release(_ version: Int, _ text: String) throws -> ContractSet {
            let numbered = text.replacing(#""version": 1"#, with: #""version": \#(version)"#)
            return ContractSet([try parse(numbered)])
        }
        let wide = sampleText.replacing(end, with: further)
        var text = wide.replacing(change.old, with: change.new)
        if change.name == "enum renamed" {
            text = text.replacing(#"["null", "Side"]"#, with: #"["null", "Flank"]"#)
        }
        let second = try release(2, wide)
        let third = try release(3, text)
        var lock = ContractLock().adding(first).adding(second)
        #expect(lock.check(second).isEmpty)
        lock = lock.adding(third)

        let findings = lock.check(third)
        #expect(findings.allSatisfy { $0.rule == .incompatible })
        let places = Set(findings.map(\.place))
        #expect(places == (change.breaks == .none ? [] : ["since version 1", "since version 2"]))

        var approvals: [JSONValue] = []
        for (version, old) in [(1, first), (2, second)] {
            for change in ContractChange.changes(from: old.contracts[0], to: third.contracts[0])
            where change.isBreaking {
                approvals.append(approval(from: version, to: 3, change: change.description))
            }
        }
        // One approval covers equal changes of one column: two columns of an enum are two changes.
        #expect(try lock.check(third, approved: approvedBreaks(approvals)).isEmpty)
        for index in approvals.indices {
            var fewer = approvals
            fewer.remove(at: index)
            #expect(try lock.check(third, approved: approvedBreaks(fewer)).map(\.rule) == [.incompatible])
        }
        let late = approval(from: 3, to: 3, change: "nothing")
        #expect(
            try lock.check(third, approved: approvedBreaks(approvals + [late])).map(\.rule) == [
                .needlessApproval
            ])
    }

    @Test func `a damaged lock is an error`() throws {
        let text = ContractLock().adding(first).adding(try set((#""version": 1"#, #""version": 2"#))).text
        let damaged = [
            text.replacing("\"minimum\":0", with: "\"minimum\":1"),
            text.replacing("\"format\": 1", with: "\"format\": 2"),
            text.replacing("silver.future_mbo.sample", with: "silver.future_mbo.other/.."),
            text.replacing("silver.future_mbo.sample", with: "gold.future_mbo.sample"),
            text.replacing("\"version\":2}", with: "\"version\":1}"), text.replacing("[\n", with: "[{},\n"),
            "", "{}", "[]",
            String(text.dropLast(10)),
        ]
        for text in damaged {
            #expect(throws: ContractError.self) {
                try ContractLock(parsing: Array(text.utf8), file: "contracts.lock")
            }
        }
    }
}
