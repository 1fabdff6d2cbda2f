import Columnar
import Lake

/// Puts the events of all partitions into the order of the tables, in memory of fixed size: sorted runs go to files
/// of the run's staging directory and are merged while they are read back.
struct TaqSorter: ~Copyable {
    /// Events in memory: 24 MiB.
    private static let capacity = 1 << 18

    private let run: Run
    private let capacity: Int
    private var events: [TaqEvent] = []
    private var files: [TaqRunFile] = []

    /// - Parameter capacity: events that are held in memory.
    init(_ run: Run, capacity: Int = TaqSorter.capacity) {
        self.run = run
        self.capacity = capacity
    }

    mutating func append(_ event: TaqEvent) throws {
        if events.count == capacity { try spill() }
        events.append(event)
    }

    private mutating func spill() throws {
        sort()
        let file = try TaqRunFile(run)
        try file.write(events)
        files.append(file)
        events.removeAll(keepingCapacity: true)
    }

    /// Hands out every event in the order of the tables.
    consuming func drain(_ body: (TaqEvent) throws -> Void) throws {
        sort()
        guard !files.isEmpty else {
            for event in events { try body(event) }
            return
        }
        var heads: [Head] = []
        for index in files.indices {
            if let event = try files[index].next() { heads.append(Head(event: event, file: index)) }
        }
        if let first = events.first { heads.append(Head(event: first, file: files.count)) }
        for index in heads.indices.reversed() { sink(&heads, index) }
        var position = 1
        while let head = heads.first {
            try body(head.event)
            var next: TaqEvent?
            if head.file < files.count {
                next = try files[head.file].next()
            } else if position < events.count {
                next = events[position]
                position += 1
            }
            if let next {
                heads[0].event = next
            } else {
                heads.swapAt(0, heads.count - 1)
                heads.removeLast()
            }
            if !heads.isEmpty { sink(&heads, 0) }
        }
    }

    private struct Head {
        var event: TaqEvent
        let file: Int
    }

    /// Restores the heap below one place. Runs were cut in the order of arrival, so equal events keep it.
    private func sink(_ heads: inout [Head], _ start: Int) {
        func isBefore(_ a: Int, _ b: Int) -> Bool {
            if heads[a].event.precedes(heads[b].event) { return true }
            return !heads[b].event.precedes(heads[a].event) && heads[a].file < heads[b].file
        }
        var at = start
        while true {
            var least = at
            if 2 * at + 1 < heads.count, isBefore(2 * at + 1, least) { least = 2 * at + 1 }
            if 2 * at + 2 < heads.count, isBefore(2 * at + 2, least) { least = 2 * at + 2 }
            if least == at { return }
            heads.swapAt(at, least)
            at = least
        }
    }

    /// Sorts what is in memory. Feeds are nearly in order, which a stable merge sort rewards.
    private mutating func sort() {
        if zip(events, events.dropFirst()).allSatisfy({ !$1.precedes($0) }) { return }
        var keys = events.indices.map { Key(events[$0], at: $0) }
        keys.sort { $0.precedes($1) }
        events = keys.map { events[Int($0.index)] }
    }

    private struct Key {
        let slot: Int32
        let index: Int32
        let tsEvent: Int64
        let seq: Int64

        init(_ event: TaqEvent, at index: Int) {
            slot = event.slot
            tsEvent = event.tsEvent
            seq = event.seq
            self.index = Int32(index)
        }

        @inline(__always)
        func precedes(_ other: Key) -> Bool {
            if slot != other.slot { return slot < other.slot }
            if tsEvent != other.tsEvent { return tsEvent < other.tsEvent }
            if seq != other.seq { return seq < other.seq }
            return index < other.index
        }
    }
}

/// A sorted run of events in a file.
private final class TaqRunFile {
    private static let chunk = 2048

    private let file: File
    private var buffer: [TaqEvent] = []
    private var position = 0

    init(_ run: Run) throws(LakeError) {
        let path = run.lake.path(run.makeFilePath())
        file = try File(path, .readWrite)
        // The space is given back whatever happens.
        try FileSystem.removeFile(path)
    }

    func write(_ events: [TaqEvent]) throws {
        try events.withUnsafeBytes { try file.write($0) }
        try file.rewind()
    }

    func next() throws -> TaqEvent? {
        if position == buffer.count {
            try refill()
            if buffer.isEmpty { return nil }
        }
        position += 1
        return buffer[position - 1]
    }

    private func refill() throws {
        position = 0
        buffer = Array(repeating: TaqEvent(), count: TaqRunFile.chunk)
        let filled = try buffer.withUnsafeMutableBytes { bytes in
            var filled = 0
            while filled < bytes.count {
                let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]))
                if count == 0 { break }
                filled += count
            }
            return filled
        }
        buffer.removeLast(buffer.count - filled / MemoryLayout<TaqEvent>.stride)
    }
}
