import CZstd
import Glibc

/// Writes a DBN file of version 3: metadata, then records in the order given.
///
/// Compression is one Zstandard frame with a content checksum, by one thread at a fixed level, so the same
/// records give the same bytes with the same library.
public struct DBNWriter: ~Copyable {
    public enum Compression: Hashable, Sendable {
        case none
        case zstd(level: Int)
    }

    /// Records written.
    public private(set) var recordCount = 0
    private let path: String
    private let descriptor: Int32
    private let context: OpaquePointer?
    private var pending: [UInt8] = []
    private var output: [UInt8]
    private static let pendingBytes = 1 << 17

    /// Creates the file, replacing one that is there.
    ///
    /// - Throws: `notEncodable` for metadata that does not fit or is not of version 3, `system` for the file.
    public init(
        path: String, metadata: Metadata, compression: Compression = .zstd(level: 3)
    ) throws(DBNError) {
        guard metadata.version == 3, !metadata.tsOut else {
            throw DBNError(
                .notEncodable, file: path, expected: "metadata of version 3 without send times",
                found: metadata.tsOut ? "send times" : "version \(metadata.version)")
        }
        let prelude = try metadata.encoded(file: path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw DBNWriter.systemFault(path, "a writable file") }
        self.path = path
        self.descriptor = descriptor
        output = []
        switch compression {
        case .none: context = nil
        case .zstd(let level):
            context = ZSTD_createCCtx()!
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
            ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
            output = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())
        }
        pending.reserveCapacity(DBNWriter.pendingBytes + RecordFraming.longestRecord)
        pending += prelude
    }

    deinit {
        close(descriptor)
        if let context { ZSTD_freeCCtx(context) }
    }

    /// Appends a record whose header is complete.
    public mutating func append(_ record: some FixedRecord) throws(DBNError) {
        precondition(
            Int(record.header.length) * 4 == MemoryLayout.size(ofValue: record), "length byte of the header")
        withUnsafeBytes(of: record) { pending.append(contentsOf: $0) }
        try countRecord()
    }

    /// Appends a definition in version 3.
    public mutating func append(_ definition: Definition) throws(DBNError) {
        pending += try definition.encoded(file: path)
        try countRecord()
    }

    /// Appends a statistic in version 3.
    public mutating func append(_ statistic: Statistic) throws(DBNError) {
        pending += statistic.encoded()
        try countRecord()
    }

    /// Completes the file; it is not synchronised to the disk.
    public consuming func finish() throws(DBNError) {
        try flush(isLast: true)
    }

    private mutating func countRecord() throws(DBNError) {
        recordCount += 1
        if pending.count >= DBNWriter.pendingBytes { try flush(isLast: false) }
    }

    private mutating func flush(isLast: Bool) throws(DBNError) {
        guard let context else {
            try write(pending.span.bytes)
            pending.removeAll(keepingCapacity: true)
            return
        }
        var taken = 0
        var isDone = false
        while !isDone {
            var produced = 0
            var hint = 0
            pending.withUnsafeBytes { pending in
                output.withUnsafeMutableBytes { output in
                    var source = ZSTD_inBuffer(src: pending.baseAddress, size: pending.count, pos: taken)
                    var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                    hint = ZSTD_compressStream2(
                        context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue)
                    taken = source.pos
                    produced = target.pos
                }
            }
            guard ZSTD_isError(hint) == 0 else {
                throw DBNError(
                    .system, file: path, expected: "to compress",
                    found: String(cString: ZSTD_getErrorName(hint)))
            }
            try write(output.span.bytes.extracting(first: produced))
            isDone = isLast ? hint == 0 : taken == pending.count
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// write(2) of everything, again when a signal interrupts it.
    private func write(_ bytes: RawSpan) throws(DBNError) {
        try bytes.withUnsafeBytes { (bytes) throws(DBNError) in
            var rest = bytes
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw DBNWriter.systemFault(path, "to write the file") }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }

    private static func systemFault(_ path: String, _ expected: String) -> DBNError {
        DBNError(.system, file: path, expected: expected, found: String(cString: strerror(errno)))
    }
}
