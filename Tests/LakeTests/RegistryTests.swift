import Contracts
import Lake
import Testing

@Suite struct RegistryTests {
    /// Contracts of the repository.
    let contracts = try! ContractSet(directory: "/\(repository)/contracts")

    func registry(_ text: String) throws(RegistryError) -> Registry {
        try Registry(parsing: Array(text.utf8), file: "datasets.yaml", contracts: contracts)
    }

    static func stages(_ text: String) -> String {
        "version: 1\nlake_root: lake\nroots: {ES: {q: 0.25}}\nstages:\n" + text
    }

    @Test func `the registry of the project is whole`() throws {
        let registry = try Registry(path: "/\(repository)/datasets.yaml", contracts: contracts)
        #expect(registry.lakeRoot == "lake")
        #expect(registry.roots["ES"]?.latticeStep == 250_000_000)
        #expect(registry.roots["CL"]?.latticeStep == 10_000_000)
        // Every table of the order-book products that has a contract of its own has a stage.
        let books = ["equity_mbo", "equity_option_mbo", "future_mbo", "future_option_mbo"]
        #expect(Set(registry.products) == Set(books + ["equity_taq"]))
        let tables = contracts.datasets.filter { books.contains($0.product) }
        #expect(!tables.isEmpty && Set(registry.datasets).isSuperset(of: tables))
        let gold = try #require(
            registry.writer(of: DatasetKey(parsing: "gold.future_mbo.physics_surface_1s")!))
        #expect(gold.name == "gold_physics")
        #expect(gold.parameters == ["ema_frame": .text("spot")])
        let book = try #require(registry[stage: "silver_book"])
        #expect(
            book.parameters == [
                "output_start": .text("09:30:00"), "output_end": .text("16:00:00"), "publisher": .null,
                "assume_complete": .boolean(false), "crossed_policy": .text("invalidate"),
            ])
        let days = try #require(registry[stage: "silver_contract_day"])
        #expect(days.reads.map(\.date) == [.untilDate, .untilDate])
        #expect(days.reads.map(\.symbol) == [.contracts, .same])
        #expect(days.reads.map(\.isOptional) == [false, true])
        #expect(registry[stage: "bronze_mbo"]?.reads.map(\.source) == [.raw(schema: "mbo")])
    }

    @Test func `stages come in the order in which data flows`() throws {
        let registry = try registry(
            Self.stages(
                """
                  gold_physics:
                    products: [future_mbo]
                    revision: 1
                    reads: ["silver.{product}.book_snapshot_1s"]
                    writes: ["gold.{product}.physics_surface_1s"]
                  silver_book:
                    products: [future_mbo]
                    revision: 2
                    reads: ["bronze.{product}.mbo"]
                    writes: ["silver.{product}.book_snapshot_1s"]
                  bronze_mbo:
                    products: [future_mbo]
                    revision: 3
                    writes: ["bronze.{product}.mbo"]
                """))
        #expect(registry.stages.map(\.name) == ["bronze_mbo", "silver_book", "gold_physics"])
        #expect(registry.writer(of: DatasetKey(parsing: "bronze.future_mbo.mbo")!)?.revision == 3)
    }

    @Test func `products can share contract files, with units of their own`() throws {
        let registry = try registry(
            Self.stages(
                """
                  silver_state_10s:
                    products: [equity_taq, future_mbo]
                    contracts: equity_taq
                    units: {future_mbo: {shares: contracts}}
                    revision: 1
                    writes: ["silver.{product}.state_10s"]
                """))
        let stage = registry.stages[0]
        let future = DatasetKey(parsing: "silver.future_mbo.state_10s")!
        let contract = try #require(stage.contract(of: future, in: contracts))
        #expect(contract.dataset == future)
        let own = try #require(
            stage.contract(of: DatasetKey(parsing: "silver.equity_taq.state_10s")!, in: contracts))
        #expect(own.units.contains("shares"))
        #expect(!contract.units.contains("shares"))
        #expect(contract.units.contains("contracts"))
    }

    @Test func `products can share contract files of another layer`() throws {
        let registry = try registry(
            Self.stages(
                """
                  silver_book_events:
                    products: [future_mbo]
                    contracts: bronze.equity_taq
                    revision: 1
                    writes: ["silver.{product}.trades"]
                """))
        let dataset = DatasetKey(parsing: "silver.future_mbo.trades")!
        let stage = registry.stages[0]
        #expect(stage.contractDataset(of: dataset) == DatasetKey(parsing: "bronze.equity_taq.trades"))
        #expect(try #require(stage.contract(of: dataset, in: contracts)).dataset == dataset)
        #expect(throws: RegistryError.self) {
            try self.registry(
                Self.stages(
                    """
                      silver_book_events:
                        products: [future_mbo]
                        contracts: metal.equity_taq
                        revision: 1
                        writes: ["silver.{product}.trades"]
                    """))
        }
    }

    static let broken: [(String, RegistryError.Kind, Int, String)] = [
        ("", .wrongType, 1, "empty"),
        ("version: 1\nlake_root: lake\n", .missingKey, 1, "'roots' is missing"),
        ("[1, 2]", .wrongType, 1, "expected a mapping, found a list"),
        ("version: 2\nlake_root: a\nroots: {}\nstages: {}", .invalidValue, 1, "version 1"),
        ("version: one\nlake_root: a\nroots: {}\nstages: {}", .wrongType, 1, "found 'one'"),
        ("version: 1\nlake_root: []\nroots: {}\nstages: {}", .wrongType, 2, "'lake_root'"),
        ("version: 1\nlake_root: a\nroots: {}\nstages: {}\nstage: {}", .unknownKey, 5, "unknown key 'stage'"),
        ("version: 1\nlake_root: a\nroots: {}\nroots: {}\nstages: {}", .duplicateKey, 4, "already in line 3"),
        ("version: 1\nlake_root: a\nroots:\n  ES: {q: 0}\nstages: {}", .invalidValue, 4, "'q' of root ES"),
        (
            "version: 1\nlake_root: a\nroots:\n  ES: {q: 0.2500000001}\nstages: {}", .invalidValue, 4,
            "9 digits"
        ),
        ("version: 1\nlake_root: a\nroots:\n  ES: {q: 1e-2}\nstages: {}", .invalidValue, 4, "decimal"),
        ("version: 1\nlake_root: a\nroots:\n  es: {q: 1}\nstages: {}", .invalidValue, 4, "no root symbol"),
        ("version: 1\nlake_root: &a lake\nroots: {}\nstages: {}", .reference, 2, "anchors"),
        ("version: 1\nlake_root: *a\nroots: {}\nstages: {}", .reference, 2, "aliases"),
        ("version: !!int 1\nlake_root: a\nroots: {}\nstages: {}", .reference, 1, "tags"),
        ("version: 1\n---\nversion: 1", .syntax, 2, "one document"),
        ("version: 1\n\tlake_root: a", .syntax, 2, ""),
        ("version: 1\nlake_root: \"a\nroots: {}", .syntax, 3, ""),
        ("version: [1", .syntax, 2, "while parsing a flow sequence in line 1"),
        ("? {a: 1}\n: 2", .wrongType, 1, "a key must be a word"),
        ("a: \u{1}", .syntax, 1, ""),
        (stages("  silver_book: {}"), .missingKey, 5, "stage silver_book: the key 'products' is missing"),
        (stages("  s:\n    products: future_mbo\n    revision: 1\n    writes: [a]"), .wrongType, 6, "a list"),
        (
            stages("  s:\n    products: []\n    revision: 1\n    writes: [a]"), .invalidValue, 6,
            "needs a product"
        ),
        (stages("  s:\n    products: [a, a]\n    revision: 1\n    writes: [a]"), .duplicateKey, 6, "twice"),
        (stages("  s:\n    products: [A]\n    revision: 1\n    writes: [a]"), .invalidValue, 6, "a word"),
        (
            stages("  s:\n    products: [a]\n    revision: 0\n    writes: [a]"), .invalidValue, 7,
            "counts from 1"
        ),
        (
            stages("  s:\n    products: [a]\n    revision: \"1\"\n    writes: [a]"), .wrongType, 7,
            "an integer"
        ),
        (
            stages("  s:\n    products: [a]\n    revision: 1\n    writes: [a]"), .unknownDataset, 8,
            "'a' is no dataset"
        ),
        (
            stages("  s:\n    products: [a]\n    revision: 1\n    writes: []"), .invalidValue, 5,
            "writes nothing"
        ),
        (
            stages(
                "  s:\n    products: [future_mbo]\n    revision: 1\n    writes:\n      - bronze.{product}.mbx"
            ),
            .unknownDataset, 9, "there is no contract bronze/future_mbo/mbx.avsc"
        ),
        (
            stages(
                "  s:\n    products: [future_mbo]\n    revision: 1\n    reads:\n      - silver.{product}.nothing\n"
                    + "    writes:\n      - bronze.{product}.mbo"), .unknownDataset, 9,
            "which no stage writes"
        ),
        (
            stages(
                "  s:\n    products: [future_mbo]\n    revision: 1\n    writes: [bronze.future_mbo.mbo]\n"
                    + "  t:\n    products: [future_mbo]\n    revision: 1\n    writes: [bronze.future_mbo.mbo]"
            ),
            .twoWriters, 12, "bronze.future_mbo.mbo is written by s and by t"
        ),
        (
            stages(
                "  s:\n    products: [future_mbo]\n    revision: 1\n    reads: [silver.future_mbo.book_snapshot_1s]\n"
                    + "    writes: [bronze.future_mbo.mbo]\n"
                    + "  t:\n    products: [future_mbo]\n    revision: 1\n    reads: [bronze.future_mbo.mbo]\n"
                    + "    writes: [silver.future_mbo.book_snapshot_1s]"),
            .cycle, 5, "s ← t ← s"
        ),
        (
            stages(
                "  s:\n    products: [a]\n    revision: 1\n    reads:\n      - {dataset: raw.mbo, at: noon}\n    writes: [a]"
            ),
            .invalidValue, 9, "'noon' is not one of: same, prior_session, until_date"
        ),
        (
            stages(
                "  s:\n    products: [a]\n    revision: 1\n    reads:\n      - {at: same}\n    writes: [a]"),
            .missingKey, 9, "'dataset' is missing"
        ),
        (
            stages("  s:\n    products: [a]\n    revision: 1\n    reads:\n      - raw.../x\n    writes: [a]"),
            .unknownDataset, 9, "names no schema"
        ),
        (
            stages("  s:\n    products: [a]\n    revision: 1\n    parameters: {a: {b: 1}}\n    writes: [a]"),
            .unknownDataset, 9, ""
        ),
        (
            stages(
                "  s:\n    products: [future_mbo]\n    revision: 1\n    writes: [bronze.future_mbo.mbo]\n    parameters:\n      a: {b: 1}"
            ),
            .wrongType, 10, "expected a value"
        ),
        (
            stages(
                "  s:\n    products: [future_mbo]\n    revision: 1\n    writes: [bronze.future_mbo.mbo]\n    units: {equity_mbo: {a: b}}"
            ),
            .invalidValue, 9, "no product of this stage"
        ),
        ("a: " + String(repeating: "[", count: 40), .tooLarge, 1, "nested deeper"),
        ("a:\n" + String(repeating: "- 1\n", count: 60_000), .tooLarge, 50_000, "values"),
        (String(repeating: "#", count: 1 << 20) + "\n", .tooLarge, 1, "larger than"),
    ]

    @Test(arguments: broken.indices)
    func `an error has its kind, its line and its reason`(index: Int) {
        let (text, kind, line, reason) = Self.broken[index]
        do throws(RegistryError) {
            _ = try registry(text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.kind == kind, "\(error)")
            #expect(error.line == line, "\(error)")
            #expect(reason.isEmpty || error.reason.contains(reason), "\(error)")
            #expect(error.description.hasPrefix("datasets.yaml:\(line): "))
        }
    }

    @Test func `a registry that is not there is an error of its own`() {
        do throws(RegistryError) {
            _ = try Registry(path: "/nowhere/datasets.yaml", contracts: contracts)
            Issue.record("accepted")
        } catch {
            #expect(error.kind == .unreadable)
        }
    }

    @Test func `text given for a parameter takes the kind of its default`() {
        #expect(ParameterValue.boolean(true).parsing("false") == .boolean(false))
        #expect(ParameterValue.boolean(true).parsing("no") == nil)
        #expect(ParameterValue.integer(1).parsing("7") == .integer(7))
        #expect(ParameterValue.integer(1).parsing("7.5") == nil)
        #expect(ParameterValue.text("a").parsing("7") == .text("7"))
        #expect(ParameterValue.null.parsing("7") == .integer(7))
        #expect(ParameterValue.null.parsing("x") == .text("x"))
        #expect(ParameterValue.list([]).parsing("a,b") == .list(["a", "b"]))
    }
}
