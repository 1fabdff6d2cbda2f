import CSV
import Glibc
import Lake

extension ReferenceSource {
    /// What the file is, from its content: Parquet holds labels, a CSV header names the columns of commands or labels,
    /// and the keys of a YAML mapping tell the rest.
    ///
    /// - Throws: when it is none of them, with what was found instead.
    public func kind() throws(ReferenceError) -> ReferenceKind {
        if try isParquet() { return .labels }
        if let header = try header() {
            let tables: [(ReferenceKind, [String])] = [
                (.commands, CommandFile.columns), (.labels, LabelEntry.columns),
            ]
            // At least two names, so that a sentence with a comma in a YAML comment is no header.
            let best = tables.map { (kind: $0.0, known: Set($0.1).intersection(header).count) }
                .max { $0.known < $1.known }!
            if best.known >= 2 { return best.kind }
        }
        let root: YAMLMapping
        do throws(ReferenceError) {
            root = try yaml("the file")
        } catch {
            if case .unreadable = error.kind { throw error }
            throw ReferenceError(
                file, error.line,
                "neither a session, level or marker file (YAML), a command file (CSV), nor a label file (CSV or "
                    + "Parquet): \(error.reason)")
        }
        if root.optional("levels") != nil { return .levels }
        if root.optional("markers") != nil { return .markers }
        if root.optional("sessions") != nil || root.optional("symbol") != nil || root.optional("dt") != nil {
            return .sessions
        }
        let keys = root.members.map(\.key.text).joined(separator: ", ")
        throw ReferenceError(
            file, root.line,
            "neither 'levels', 'markers', nor 'symbol' and 'dt' of a session are among its keys: \(keys)")
    }

    func isParquet() throws(ReferenceError) -> Bool {
        try beginning(4).elementsEqual("PAR1".utf8)
    }

    /// The names in the first line when that is the header of a CSV file; nil when it is none.
    private func header() throws(ReferenceError) -> [String]? {
        let line = try beginning(4096).prefix { $0 != UInt8(ascii: "\n") }
        guard line.contains(UInt8(ascii: ",")) else { return nil }
        do throws(CSVError) {
            return try CSVReader(path: path).header
        } catch {
            if error.fault == .system { throw ReferenceError(error, in: self) }
            return nil
        }
    }

    private func beginning(_ count: Int) throws(ReferenceError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ReferenceError(file, SystemFailure(call: "open", path: path, code: errno))
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let more = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + filled, count - filled) }
            if more < 0, errno == EINTR { continue }
            guard more >= 0 else {
                throw ReferenceError(file, SystemFailure(call: "read", path: path, code: errno))
            }
            if more == 0 { break }
            filled += more
        }
        return Array(bytes.prefix(filled))
    }
}
