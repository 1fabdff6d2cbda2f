/// Memory for about a mebibyte of whole records, handed from the producer to the reader and back.
///
/// Only one of the two holds it at a time; the queue between them orders their accesses.
final class Block: @unchecked Sendable {
    let memory: UnsafeMutableRawBufferPointer
    /// Bytes of whole records, from the start of `memory`.
    var byteCount = 0
    var recordCount = 0
    /// Index of the first record in the file.
    var firstRecord = 0
    /// Position of the first record in the decompressed stream.
    var byteOffset = 0
    /// Bytes from record to record when all records have one type and length, else 0.
    var stride = 0
    /// What follows these records.
    var ending = Ending.more

    enum Ending {
        case more
        case clean
        /// Allowed by the reader's options.
        case truncated
        case failed(DBNError)
    }

    init(bytes: Int) {
        memory = .allocate(byteCount: bytes, alignment: 64)
    }

    deinit {
        memory.deallocate()
    }
}

/// Finds the whole records at the start of a run of bytes. Knows no files.
enum RecordFraming {
    /// The longest record: 255 words.
    static let longestRecord = 1020

    struct Frames {
        var bytes = 0
        var count = 0
        /// Bytes from record to record when all have one type and length, else 0.
        var stride = 0
        /// Set when the record after them has a length that its type never has.
        var fault: (length: Int, rtype: UInt8)?
    }

    /// - Parameter sendTime: 8 when the file's records carry a send time, else 0.
    static func frame(_ bytes: UnsafeRawBufferPointer, sendTime: Int) -> Frames {
        var frames = Frames()
        guard bytes.count >= 2 else { return frames }
        let first = bytes.loadUnaligned(as: UInt16.self)
        let length = Int(bytes[0]) * 4
        if permitted(sendTime)[Int(first)], length <= bytes.count {
            // Most files hold one kind of record, and the comparisons do not depend on one another.
            var offset = length
            let last = bytes.count - length
            while offset <= last, bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self) == first {
                offset += length
            }
            frames = Frames(bytes: offset, count: offset / length, stride: length)
        }
        return walk(bytes, from: frames, sendTime: sendTime)
    }

    private static func permitted(_ sendTime: Int) -> [Bool] {
        sendTime == 0 ? RecordLayout.permitted : RecordLayout.permittedWithSendTime
    }

    /// "56 bytes", "64 or 80 bytes", "at least 16 bytes": what a record of the type must have.
    static func lengths(rtype: UInt8, sendTime: Int) -> String {
        let sizes = RecordLayout.sizes(rtype: rtype).map { "\($0 + sendTime)" }
        guard let last = sizes.last else { return "at least \(MemoryLayout<RecordHeader>.size + sendTime) bytes" }
        let others = sizes.dropLast().joined(separator: ", ")
        return others.isEmpty ? "\(last) bytes" : "\(others) or \(last) bytes"
    }

    /// Continues record by record.
    private static func walk(_ bytes: UnsafeRawBufferPointer, from start: Frames, sendTime: Int) -> Frames {
        var frames = start
        let permitted = permitted(sendTime)
        while bytes.count - frames.bytes >= 2 {
            let beginning = bytes.loadUnaligned(fromByteOffset: frames.bytes, as: UInt16.self)
            let length = Int(beginning & 0xFF) * 4
            guard permitted[Int(beginning)] else {
                frames.fault = (length, UInt8(beginning >> 8))
                break
            }
            guard length <= bytes.count - frames.bytes else { break }
            frames.bytes += length
            frames.count += 1
            frames.stride = 0
        }
        return frames
    }
}
