import CivilTime
import DBN
import Glibc
import Sample
import Testing

/// The generated days against a book kept naively from their records.
struct SampleTests {
    /// A folder that goes with the test.
    final class Folder {
        let path: String
        init() {
            var template = Array("/tmp/tarn-sample-XXXXXX".utf8CString)
            mkdtemp(&template)
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        deinit {
            guard let directory = opendir(path) else { return }
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                unlink("\(path)/\(name)")
            }
            closedir(directory)
            rmdir(path)
        }
    }

    /// What went wrong in a file of orders, and what was seen.
    struct Replay {
        struct Book {
            var orders: [UInt64: (side: UInt8, price: Int64, size: Int)] = [:]
            var depth: [UInt8: [Int64: Int]] = [UInt8(ascii: "B"): [:], UInt8(ascii: "A"): [:]]
        }

        var books: [UInt32: Book] = [:]
        var actions: [UInt8: Int] = [:]
        var crossed: [Int64] = []
        var problems: [String] = []
        var refills = 0
        var volume: [UInt32: Int] = [:]
        var tradeTimes: [UInt32: [Int64]] = [:]
        private var filled: [UInt64: Int] = [:]
        private var lastReceived: UInt64 = 0
        private var aggressor: UInt64 = 0

        mutating func follow(_ record: MboRecord) {
            let id = record.header.instrumentID
            var book = books.removeValue(forKey: id) ?? Book()
            actions[record.action, default: 0] += 1
            if record.tsRecv < lastReceived { problems.append("capture time runs back") }
            lastReceived = record.tsRecv
            let size = Int(record.size)
            func change(_ side: UInt8, _ price: Int64, _ size: Int) {
                book.depth[side]![price, default: 0] += size
                if book.depth[side]![price] == 0 { book.depth[side]![price] = nil }
            }
            switch record.action {
            case UInt8(ascii: "A"):
                if book.orders[record.orderID] != nil || size == 0 || record.price <= 0 {
                    problems.append("bad add")
                }
                book.orders[record.orderID] = (record.side, record.price, size)
                change(record.side, record.price, size)
            case UInt8(ascii: "C"):
                guard let order = book.orders[record.orderID], size <= order.size, order.side == record.side,
                    order.price == record.price
                else {
                    problems.append("cancel of \(record.orderID)")
                    break
                }
                change(order.side, order.price, -size)
                book.orders[record.orderID] =
                    size == order.size ? nil : (order.side, order.price, order.size - size)
            case UInt8(ascii: "M"):
                guard let order = book.orders[record.orderID], size > 0, record.price > 0 else {
                    problems.append("modify of \(record.orderID)")
                    break
                }
                if let done = filled[record.orderID], done == order.size, record.price == order.price {
                    refills += 1
                }
                change(order.side, order.price, -order.size)
                book.orders[record.orderID] = (record.side, record.price, size)
                change(record.side, record.price, size)
            case UInt8(ascii: "R"): book = Book()
            case UInt8(ascii: "T"):
                aggressor = record.orderID
                volume[id, default: 0] += size
                tradeTimes[id, default: []].append(Int64(record.header.tsEvent))
            case UInt8(ascii: "F"):
                guard let order = book.orders[record.orderID], size <= order.size else {
                    problems.append("fill of \(record.orderID)")
                    break
                }
                if record.orderID != aggressor { filled[record.orderID, default: 0] += size }
            default: problems.append("action \(record.action)")
            }
            if record.flags & RecordFlag.last != 0 {
                filled.removeAll()
                // Comparing every price of both sides is slow: only the touched book, and only its best
                // prices.
                if let bid = book.depth[UInt8(ascii: "B")]!.keys.max(),
                    let ask = book.depth[UInt8(ascii: "A")]!.keys.min(),
                    bid >= ask
                {
                    crossed.append(Int64(record.header.tsEvent))
                }
            }
            books[id] = book
        }
    }

    static func records(_ path: String) throws(DBNError) -> [MboRecord] {
        var file = try DBNFile(path: path)
        var records: [MboRecord] = []
        while try file.nextBlock() {
            let block = file.block
            block.forEach { _, offset, _ in records.append(block.load(MboRecord.self, at: offset)) }
        }
        return records
    }

    static func replay(_ path: String) throws(DBNError) -> Replay {
        var replay = Replay()
        for record in try records(path) { replay.follow(record) }
        return replay
    }

    static let dates = Sample.defaultDates
    static let sample = Sample(recordsPerDay: 12_000)

    @Test func `futures follow the venue's conventions and cross only before the evening's auction`() throws {
        let folder = Folder()
        let files = try Self.sample.write([.futureMbo], into: folder.path)
        #expect(
            files.map(\.name) == [
                "glbx-mdp3-20260302.mbo.dbn.zst", "glbx-mdp3-20260302.definition.dbn.zst",
                "glbx-mdp3-20260302.statistics.dbn.zst", "glbx-mdp3-20260303.mbo.dbn.zst",
                "glbx-mdp3-20260303.definition.dbn.zst", "glbx-mdp3-20260303.statistics.dbn.zst",
            ])
        for date in Self.dates {
            let digits = "\(date)".filter { $0 != "-" }
            let replay = try Self.replay("\(folder.path)/glbx-mdp3-\(digits).mbo.dbn.zst")
            #expect(replay.problems.isEmpty, "\(replay.problems.prefix(3))")
            let preopen = NewYork.utcNanoseconds(of: date, secondOfDay: 17 * 3600 + 45 * 60)
            let opening = NewYork.utcNanoseconds(of: date, secondOfDay: 18 * 3600)
            #expect(!replay.crossed.isEmpty)
            #expect(replay.crossed.allSatisfy { $0 >= preopen && $0 < opening })
            // Two snapshots for each of two contracts.
            #expect(replay.actions[UInt8(ascii: "R")] == 4)
            for action in "ACMTF" {
                #expect(replay.actions[action.asciiValue!, default: 0] > 20, "\(action)")
            }
            #expect(replay.refills > 0)
            // The contract selection needs a trade of each contract between 5:00 and 8:30, and a clear
            // favourite.
            let early = NewYork.utcNanoseconds(of: date, secondOfDay: 5 * 3600)
            let late = NewYork.utcNanoseconds(of: date, secondOfDay: 8 * 3600 + 1800)
            #expect(replay.tradeTimes.count == 2)
            for times in replay.tradeTimes.values { #expect(times.contains { $0 >= early && $0 < late }) }
            let volumes = replay.volume.sorted { $0.key < $1.key }.map(\.value)
            #expect(volumes[0] > 2 * volumes[1])
        }
    }

    @Test func `the next day's snapshot is the book that the day before left`() throws {
        let folder = Folder()
        _ = try Self.sample.write([.futureMbo], into: folder.path)
        let evening = try Self.replay("\(folder.path)/glbx-mdp3-20260302.mbo.dbn.zst")
        var morning = Replay()
        for record in try Self.records("\(folder.path)/glbx-mdp3-20260303.mbo.dbn.zst") {
            guard record.flags & RecordFlag.snapshot != 0 else { break }
            morning.follow(record)
        }
        #expect(morning.books.count == 2)
        for (id, book) in morning.books {
            #expect(book.orders.count > 100)
            #expect(book.depth == evening.books[id]?.depth)
            #expect(Set(book.orders.keys) == Set(evening.books[id]!.orders.keys))
        }
    }

    @Test func `options on futures are listed, quoted around their worth and never crossed`() throws {
        let folder = Folder()
        let files = try Self.sample.write([.futureOptionMbo], into: folder.path)
        #expect(
            files.map(\.name).prefix(2) == [
                "glbx-mdp3-20260302.mbo.es-opt.dbn.zst", "glbx-mdp3-20260302.definition.es-opt.dbn.zst",
            ])
        let replay = try Self.replay("\(folder.path)/glbx-mdp3-20260303.mbo.es-opt.dbn.zst")
        #expect(replay.problems.isEmpty, "\(replay.problems.prefix(3))")
        #expect(replay.crossed.isEmpty)
        #expect(replay.books.count == 72)
        var definitions = try DBNFile(path: "\(folder.path)/glbx-mdp3-20260303.definition.es-opt.dbn.zst")
        let date = Self.dates[1]
        var today = 0
        while try definitions.nextBlock() {
            let block = definitions.block
            for index in 0..<block.count {
                let definition = try block.definition(at: index * block.stride)
                #expect(definition.underlying == "ESH6")
                #expect("CP".utf8.contains(definition.instrumentClass))
                #expect(definition.strikePrice % 5_000_000_000 == 0)
                if NewYork.date(ofUTC: Int64(definition.expiration)) == date { today += 1 }
                #expect(
                    definitions.symbology.symbol(of: definition.instrumentID, on: date)
                        == definition.rawSymbol)
            }
        }
        #expect(today == 58)
    }

    @Test func `the fund's orders, quotes and trades agree`() throws {
        let folder = Folder()
        let files = try Self.sample.write([.equityMbo, .equityTaq], into: folder.path)
        #expect(files.count == 10)
        let replay = try Self.replay("\(folder.path)/xnas-itch-20260303.mbo.dbn.zst")
        #expect(replay.problems.isEmpty, "\(replay.problems.prefix(3))")
        #expect(replay.crossed.isEmpty)
        #expect(replay.actions[UInt8(ascii: "M")] == nil)
        var quotes = try DBNFile(path: "\(folder.path)/xnas-itch-20260303.mbp-1.dbn.zst")
        var trades = 0
        var last: BidAskLevel?
        while try quotes.nextBlock() {
            let block = quotes.block
            for index in 0..<block.count {
                let quote = block.load(Mbp1Record.self, at: index * block.stride)
                if quote.update.action == UInt8(ascii: "T") {
                    trades += 1
                    #expect(quote.level == last)
                }
                #expect(
                    quote.level.bidPrice == Undefined.price || quote.level.bidPrice < quote.level.askPrice)
                last = quote.level
            }
        }
        // And two prints that are no business of the book.
        #expect(trades == replay.actions[UInt8(ascii: "T")]! + 2)
        let book = replay.books.values.first!
        #expect(last?.bidPrice == book.depth[UInt8(ascii: "B")]!.keys.max())
        #expect(last?.askPrice == book.depth[UInt8(ascii: "A")]!.keys.min())
        #expect(Int(last!.bidSize) == book.depth[UInt8(ascii: "B")]![last!.bidPrice])
        #expect(files.first { $0.name == "xnas-itch-20260303.trades.dbn.zst" }?.records == trades)
    }

    @Test func `the fund's options are quoted without crossing`() throws {
        let folder = Folder()
        _ = try Self.sample.write([.equityOptionMbo], into: folder.path)
        var quotes = try DBNFile(path: "\(folder.path)/opra-pillar-20260303.cmbp-1.dbn.zst")
        var seen: Set<UInt32> = []
        var withoutBid = 0
        while try quotes.nextBlock() {
            let block = quotes.block
            for index in 0..<block.count {
                let quote = block.load(Cmbp1Record.self, at: index * block.stride)
                seen.insert(quote.header.instrumentID)
                if quote.level.bidSize == 0 {
                    withoutBid += 1
                } else {
                    #expect(quote.level.bidPrice < quote.level.askPrice)
                }
                #expect(quotes.symbology.symbol(of: quote.header.instrumentID, on: Self.dates[1]) != nil)
            }
        }
        #expect(seen.count == 148)
        #expect(withoutBid > 0)
    }

    @Test(arguments: ["2026-03-13", "2026-07-01", "2025-12-15", "2024-02-29"], [1, 7])
    func `other dates, seeds and sizes keep the rules`(date: String, seed: UInt64) throws {
        let folder = Folder()
        let date = CivilDate(parsing: date)!
        let sample = Sample(seed: seed, dates: [date], recordsPerDay: 1500)
        let files = try sample.write(SampleProduct.allCases, into: folder.path)
        let preopen = NewYork.utcNanoseconds(of: date, secondOfDay: 17 * 3600 + 45 * 60)
        let opening = NewYork.utcNanoseconds(of: date, secondOfDay: 18 * 3600)
        for file in files where file.schema == .mbo {
            let replay = try Self.replay("\(folder.path)/\(file.name)")
            #expect(replay.problems.isEmpty, "\(file.name): \(replay.problems.prefix(3))")
            #expect(replay.crossed.allSatisfy { $0 >= preopen && $0 < opening }, "\(file.name)")
            // Friday's evening is quiet.
            #expect(date.weekday != 5 || replay.crossed.isEmpty)
        }
    }

    @Test func `in the week before expiration business is in the next contract`() throws {
        let folder = Folder()
        let date = CivilDate(parsing: "2026-03-13")!
        _ = try Sample(dates: [date], recordsPerDay: 6000).write([.futureMbo], into: folder.path)
        let replay = try Self.replay("\(folder.path)/glbx-mdp3-20260313.mbo.dbn.zst")
        let volumes = replay.volume.sorted { $0.key < $1.key }.map(\.value)
        #expect(volumes[1] > 2 * volumes[0])
    }

    @Test func `the same parameters give the same bytes, whatever else is written, and another seed others`()
        throws
    {
        let (one, two, other) = (Folder(), Folder(), Folder())
        let small = Sample(dates: [Self.dates[1]], recordsPerDay: 3000)
        let files = try small.write(SampleProduct.allCases, into: one.path)
        for product in SampleProduct.allCases.reversed() { _ = try small.write([product], into: two.path) }
        _ = try Sample(seed: 2, dates: [Self.dates[1]], recordsPerDay: 3000).write(
            SampleProduct.allCases, into: other.path)
        #expect(files.count == 14)
        for file in files {
            let bytes = Self.read("\(one.path)/\(file.name)")
            #expect(bytes == Self.read("\(two.path)/\(file.name)"), "\(file.name)")
            if file.schema == .mbo || file.schema == .cmbp1 {
                #expect(bytes != Self.read("\(other.path)/\(file.name)"))
            }
        }
    }

    @Test func `dates that are no trading days are refused`() {
        let saturday = CivilDate(parsing: "2026-03-07")!
        #expect(throws: SampleError.self) { try Sample(dates: [saturday]).write([.futureMbo], into: "/tmp") }
        #expect(throws: SampleError.self) {
            try Sample(dates: Self.dates.reversed()).write([.futureMbo], into: "/tmp")
        }
        #expect(throws: SampleError.self) { try Sample().write([.futureMbo], into: "/nonexistent") }
    }

    @Test(.enabled(if: getenv("TARN_INTEROP_DIR") != nil, "TARN_INTEROP_DIR is not set"))
    func `a sample for the vendor's package`() throws {
        let folder = String(cString: getenv("TARN_INTEROP_DIR")) + "/sample"
        mkdir(folder, 0o755)
        let files = try Sample(recordsPerDay: 30_000).write(SampleProduct.allCases, into: folder)
        let lines = files.map { "\($0.name) \($0.dataset) \($0.schema.name) \($0.records)\n" }.joined()
        let list = fopen("\(folder)/files.txt", "w")!
        fputs(lines, list)
        fclose(list)
    }

    private static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { return bytes }
            bytes += piece[0..<count]
        }
    }
}
