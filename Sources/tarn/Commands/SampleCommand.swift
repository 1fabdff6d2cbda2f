import Arguments
import CivilTime
import DBN
import Glibc
import JSON
import Pipeline
import Sample
import Terminal

struct SampleCommand: Command {
    static var about: About {
        About(
            "sample", "Write generated market days in the vendor's format.",
            discussion: """
                DBN files of two consecutive dates, compressed by Zstandard: order books with snapshots, trades, \
                reserve orders, an auction and a clear, and definitions. The same options give the same bytes on every \
                machine. Nothing of it is market data. For equity_taq there are session, level, marker, command and \
                label files, too, for 'tarn ref add'.
                """,
            examples: [
                Example("tarn sample days", "writes futures into the directory 'days'"),
                Example("tarn raw add days/*.dbn.zst", "puts them into the lake"),
                Example(
                    "tarn sample days --product-type all --dt 2026-03-03 --records 50000",
                    "one smaller day of everything"),
            ])
    }

    @Argument(.directory, help: "Directory for the files; made if it is not there.") var directory: String
    @Options(
        "product-type", short: "p", .sampleProduct, separator: ",",
        help: "Products, or all; without it future_mbo.")
    var products: [[SampleProduct]]
    @Option("dt", short: "d", .dates, help: "Weekdays; without it 2026-03-02 and 2026-03-03.") var dates: DateSelection?
    @Option(
        "records", .integer(in: 1000...50_000_000),
        help: "Records of the front future's day; others in proportion.")
    var records = 300_000
    @Option("seed", .integer(in: 0...Int.max), help: "Another seed, other days.") var seed = 1

    func run(in session: Session) throws {
        guard mkdir(directory, 0o777) == 0 || errno == EEXIST else {
            throw Failure(.usage, "\(directory): \(String(cString: strerror(errno)))")
        }
        let chosen = products.isEmpty ? [SampleProduct.futureMbo] : products.flatMap { $0 }
        let sample = Sample(
            seed: UInt64(seed), dates: dates?.dates ?? Sample.defaultDates, recordsPerDay: records)
        let files: [SampleFile]
        do throws(SampleError) {
            files = try sample.write(chosen, into: directory)
        } catch {
            switch error {
            case .noTradingDay: throw Failure(.usage, "\(error)")
            case .file(let error): throw Failure(explaining: error)
            }
        }
        let references = chosen.contains(.equityTaq) ? sample.references() : []
        for reference in references {
            try SmallFile.replace("\(directory)/\(reference.name)", by: reference.text)
        }
        show(files, references, in: session)
    }

    private func show(_ files: [SampleFile], _ references: [SampleReference], in session: Session) {
        if session.isJSON {
            session.emit([
                "directory": .string(directory),
                "files": .array(
                    files.map { file in
                        [
                            "name": .string(file.name), "dataset": .string(file.dataset),
                            "schema": .string(file.schema.name), "dt": .string("\(file.date)"),
                            "records": .integer(Int64(file.records)),
                        ]
                    }),
                "references": .array(
                    references.map { file in
                        [
                            "name": .string(file.name), "kind": .string(file.kind), "symbol": .string(file.symbol),
                            "dt": .string("\(file.date)"),
                        ]
                    }),
            ])
            return
        }
        var table = TextTable([
            .text("file"), .text("dataset"), .text("schema"), .text("date"), .number("records"),
        ])
        for file in files {
            table.add([
                .init(file.name), .init(file.dataset), .init(file.schema.name), "\(file.date)",
                .init(Human.count(file.records)),
            ])
        }
        for file in references {
            table.add([.init(file.name), "reference", .init(file.kind), "\(file.date)", ""])
        }
        session.console.result(table)
    }
}

extension Form where Value == [SampleProduct] {
    static var sampleProduct: Form {
        let names = SampleProduct.allCases.map(\.rawValue) + ["all"]
        return Form("P", completion: .words(names)) { (text) throws(InvalidValue) in
            if text == "all" { return SampleProduct.allCases }
            guard let product = SampleProduct(rawValue: text) else { throw .notOneOf(names, text) }
            return [product]
        }
    }
}
