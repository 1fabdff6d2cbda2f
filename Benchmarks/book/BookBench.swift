import CZstd
import Columnar
import Glibc
import OrderBook

/// Nanoseconds per record of the book with one-second flows, from memory, and check sums of all rows.
///
///     swift run -c release bench-book FILE.mbo.dbn.zst [rounds] [events.bin] [seconds]
///     swift run -c release bench-book memory ORDERS
///
/// With a third argument that is not empty the records are also written as a flat file, from which the C++ twin in
/// Benchmarks/cpp replays the same events and prints the same check sums. Seconds are those of the output windows, up to
/// 15:35 UTC; without them from 14:30 on. The second form measures what one more option with so many orders costs in
/// memory.
@main
struct BookBench {
    static func main() {
        guard CommandLine.arguments.count > 1 else {
            print("usage: bench-book FILE.mbo.dbn.zst [rounds] [events.bin]")
            exit(2)
        }
        if CommandLine.arguments[1] == "memory" {
            optionMemory(orders: CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 0 : 0)
            return
        }
        let rounds = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 5 : 5
        let events = readEvents(CommandLine.arguments[1])
        var ids: [UInt32] = []
        for index in 0..<events.count where !ids.contains(events[index].instrumentID) {
            ids.append(events[index].instrumentID)
        }
        for id in ids {
            var own = Buffer<BookEvent>()
            for index in 0..<events.count where events[index].instrumentID == id { own.append(events[index]) }
            if CommandLine.arguments.count > 3, !CommandLine.arguments[3].isEmpty {
                write(own, to: CommandLine.arguments[3] + ".\(id)")
            }
            var best = Double.infinity
            var sums = CheckSums()
            let parameters = parameters(
                for: own, seconds: CommandLine.arguments.count > 4 ? Int64(CommandLine.arguments[4]) ?? 0 : 3_900)
            for _ in 0..<rounds {
                sums = CheckSums()
                let start = now()
                replay(own, parameters, into: &sums)
                best = min(best, Double(now() - start) / Double(own.count))
            }
            print("\(id): \(own.count) records, \(best) ns per record, \(sums.description)")
        }
    }

    /// So many seconds up to 15:35 UTC of the file's first date.
    static func parameters(
        for events: borrowing Buffer<BookEvent>, seconds: Int64
    ) -> (BookParameters, firstTime: Int64?) {
        do {
            var scan = PartitionScan(isSingleInstrument: true)
            try scan.scan(events.span)
            let day: Int64 = 86_400_000_000_000
            let midnight = (scan.firstTime ?? 0) / day * day
            return (
                BookParameters(
                    outputStart: midnight + (56_100 - seconds) * 1_000_000_000,
                    outputEnd: midnight + 56_100_000_000_000,
                    assumeComplete: false, latticeStep: 250_000_000, halfWidth: 200), scan.firstTime
            )
        } catch {
            print("\(error)")
            exit(1)
        }
    }

    static func replay(
        _ events: borrowing Buffer<BookEvent>, _ parameters: (BookParameters, firstTime: Int64?),
        into sums: inout CheckSums
    ) {
        do {
            var engine = try MboEngine(parameters.0, firstTime: parameters.firstTime)
            var rows = WindowRows()
            var index = 0
            while try engine.process(events.span, from: &index, into: &rows) == .rowsFull {
                sums.drain(&rows)
            }
            try engine.finish(into: &rows) { sums.drain(&$0) }
            sums.finish()
        } catch {
            print("\(error)")
            exit(1)
        }
    }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func write(_ events: borrowing Buffer<BookEvent>, to path: String) {
        guard let file = fopen(path, "wb") else { return }
        events.withUnsafeElements { events in
            _ = fwrite(events.baseAddress, MemoryLayout<BookEvent>.stride, events.count, file)
        }
        fclose(file)
    }

    /// Prints the bytes that one more option costs: idle after one refused record, or with orders on its book.
    static func optionMemory(orders: Int) {
        let count: UInt32 = 40_000
        let instruments = (1...count).map {
            OptionInstrument(instrumentID: $0, right: OptionRight.call, strikePrice: 6_000_000_000_000)
        }
        var events = Buffer<BookEvent>()
        for id in 1...count {
            for order in 0..<max(1, orders) {
                events.append(
                    BookEvent(
                        tsRecv: 1, tsEvent: 1, orderID: UInt64(id) * 1000 + UInt64(order),
                        price: 1_000_000_000 + Int64(order / 2) * 50_000_000, size: orders == 0 ? 0 : 5,
                        instrumentID: id, publisherID: 1, flags: BookFlags.last, action: BookAction.add,
                        side: order % 2 == 0 ? BookSide.bid : BookSide.ask))
            }
        }
        let hour: Int64 = 3_600_000_000_000
        let parameters = OptionParameters(
            outputStart: hour, outputEnd: hour, assumeComplete: true, strikeStep: 5_000_000_000,
            halfWidth: 10,
            tick: 250_000_000)
        do {
            var rows = OptionWindowRows()
            var engine = try OptionMboEngine(
                parameters, instruments: instruments, underlying: [], firstTime: 1)
            let before = residentBytes()
            var index = 0
            _ = try engine.process(events.span, from: &index, into: &rows)
            let after = residentBytes()
            print("option with \(orders) orders: \((after - before) / Int(count)) bytes")
            let start = now()
            _ = try engine.pass(to: engine.outputEnd, into: &rows)
            print("two windows of \(count) options: \(Double(now() - start) / 2e6) ms each")
        } catch {
            print("\(error)")
        }
    }

    static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [UInt8](repeating: 0, count: 128)
        let length = fread(&line, 1, line.count, file)
        let fields = String(decoding: line[..<length], as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }

    static func readEvents(_ path: String) -> Buffer<BookEvent> {
        guard let file = fopen(path, "rb") else {
            print("cannot open \(path)")
            exit(2)
        }
        var input: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let n = fread(&part, 1, part.count, file)
            if n == 0 { break }
            input.append(contentsOf: part[..<n])
        }
        fclose(file)
        let stream = ZSTD_createDStream()
        var bytes: [UInt8] = []
        input.withUnsafeBytes { source in
            var from = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
            var isFull = false
            while from.pos < from.size || isFull {
                part.withUnsafeMutableBytes { target in
                    var to = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    _ = ZSTD_decompressStream(stream, &to, &from)
                    bytes.append(contentsOf: target[..<to.pos])
                    isFull = to.pos == to.size
                }
            }
        }
        ZSTD_freeDStream(stream)
        var events = Buffer<BookEvent>()
        bytes.withUnsafeBytes { raw in
            var at = 8 + Int(raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            while at + 16 <= raw.count {
                let length = Int(raw[at]) * 4
                guard length >= 16, at + length <= raw.count else { break }
                if raw[at + 1] == 160 {
                    events.append(event(UnsafeRawBufferPointer(rebasing: raw[at..<at + length])))
                }
                at += length
            }
        }
        return events
    }

    static func event(_ r: UnsafeRawBufferPointer) -> BookEvent {
        func time(_ offset: Int) -> Int64 {
            let value = r.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            return value == .max ? BookEvent.undefinedTime : Int64(bitPattern: value)
        }
        let action: UInt8 =
            switch r[38] {
            case UInt8(ascii: "A"): BookAction.add
            case UInt8(ascii: "C"): BookAction.cancel
            case UInt8(ascii: "M"): BookAction.modify
            case UInt8(ascii: "R"): BookAction.clear
            case UInt8(ascii: "T"): BookAction.trade
            case UInt8(ascii: "F"): BookAction.fill
            default: BookAction.none
            }
        return BookEvent(
            tsRecv: time(40), tsEvent: time(8), orderID: r.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
            price: r.loadUnaligned(fromByteOffset: 24, as: Int64.self),
            size: r.loadUnaligned(fromByteOffset: 32, as: UInt32.self),
            instrumentID: r.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
            publisherID: r.loadUnaligned(fromByteOffset: 2, as: UInt16.self), flags: r[36], action: action,
            side: r[39] == UInt8(ascii: "A")
                ? BookSide.ask : r[39] == UInt8(ascii: "B") ? BookSide.bid : BookSide.none)
    }
}

/// Sums over all rows, in the order of the rows; the twin prints the same.
struct CheckSums: ~Copyable {
    var flowRows = 0
    var windows = 0
    var hash: UInt64 = 0
    var windowRows = Buffer<WindowSums>()

    mutating func mix(_ value: Int64) {
        hash = (hash ^ UInt64(bitPattern: value)) &* 0x9E37_79B9_7F4A_7C15
    }

    mutating func drain(_ rows: inout WindowRows) {
        flowRows += rows.flows.count
        windows += rows.quality.count
        for index in 0..<rows.flows.count {
            let row = rows.flows[index]
            // One multiplication a row, so that the check costs next to nothing.
            mix(
                row.price &+ row.depthStart &* 3 &+ row.depthEnd &* 5 &+ row.depthRest &* 7 &+ row.added &* 11
                    &+ row.pulled &* 13 &+ row.pulledAtRest &* 17 &+ row.filled &* 19 &+ Int64(
                        row.relTicksSide) &* 23)
        }
        for index in 0..<rows.quality.count {
            windowRows.append(
                WindowSums(
                    offGrid: rows.quality[index].offGridQuantity,
                    records: rows.quality[index].counters.records,
                    bestBid: rows.snapshots[index].bestBidPrice ?? 0,
                    bestAskQuantity: rows.snapshots[index].bestAskQuantity))
        }
        rows.removeAll()
    }

    /// The windows' own rows come after all flow rows, so that the sum does not depend on when rows are drained.
    mutating func finish() {
        for index in 0..<windowRows.count {
            let row = windowRows[index]
            mix(row.offGrid)
            mix(row.records)
            mix(row.bestBid)
            mix(row.bestAskQuantity)
        }
    }

    struct WindowSums: BitwiseCopyable {
        var offGrid: Int64
        var records: Int64
        var bestBid: Int64
        var bestAskQuantity: Int64
    }

    var description: String {
        "\(windows) windows, \(flowRows) flow rows, check sum \(String(hash, radix: 16))"
    }
}
