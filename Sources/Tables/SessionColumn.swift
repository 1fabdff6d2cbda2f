import Columnar

// The column that all tables of the recorder have: whose rows these are.

extension Table where Self: ~Copyable {
    /// Position of session_id.
    package static var sessionColumn: Int {
        guard let index = shape.index(of: Sessions.Columns.sessionId.name) else {
            preconditionFailure("\(Self.self) is no table of the recorder")
        }
        return index
    }

    /// Number of rows by the column session_id: the others may not have been read.
    package var sessionRows: Int {
        withViews { $0[Self.sessionColumn].count }
    }

    /// session_id of a row.
    package borrowing func sessionID(_ row: Int) -> String {
        withSessions { codes, strings in strings[Int(codes[row])] }
    }

    /// The first row from `row` on that is not of the session.
    package borrowing func end(ofSession sessionID: String, from row: Int) -> Int {
        withSessions { codes, strings in
            guard let code = strings.firstIndex(where: { $0.utf8.elementsEqual(sessionID.utf8) }) else { return row }
            var end = row
            while end < codes.count, codes[end] == UInt32(code) { end += 1 }
            return end
        }
    }

    /// The rows of one session, as runs of neighbours.
    package borrowing func runs(of sessionID: String) -> [Range<Int>] {
        withSessions { codes, strings in
            guard let code = strings.firstIndex(where: { $0.utf8.elementsEqual(sessionID.utf8) }) else { return [] }
            var runs: [Range<Int>] = []
            for row in codes.indices where codes[row] == UInt32(code) {
                if let last = runs.last, last.upperBound == row {
                    runs[runs.count - 1] = last.lowerBound..<row + 1
                } else {
                    runs.append(row..<row + 1)
                }
            }
            return runs
        }
    }

    private borrowing func withSessions<R>(_ body: (UnsafeBufferPointer<UInt32>, [String]) -> R) -> R {
        withViews { views in
            guard case .strings(let codes, let strings) = views[Self.sessionColumn].values else {
                preconditionFailure("ids are strings")
            }
            return body(codes, strings)
        }
    }
}
