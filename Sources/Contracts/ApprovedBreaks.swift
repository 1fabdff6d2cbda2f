import JSON

/// Breaking changes that people have agreed to, each with a reason: the file `approved-breaks` beside the
/// lock.
///
///     {"breaks": [{"dataset": "silver.future_mbo.x", "from": 1, "to": 2,
///                  "change": "column a: unit s instead of ms", "reason": "…"}], "format": 1}
///
/// `change` is the change's text as `contracts check` reports it; `"to": 0, "change": "removed"` approves
/// that a contract is gone.
public struct ApprovedBreaks: Sendable {
    public struct Approval: Hashable, Sendable {
        public let dataset: DatasetKey
        public let from: Int
        public let to: Int
        public let change: String
        public let reason: String
    }

    public let approvals: [Approval]
    public let file: String

    /// None.
    public init() {
        approvals = []
        file = "approved-breaks"
    }

    public init(path: String) throws(ContractError) {
        try self.init(parsing: readFile(path, limit: Contract.maximumFileBytes), file: path)
    }

    public init(parsing bytes: [UInt8], file: String) throws(ContractError) {
        let value: JSONValue
        do { value = try JSONValue(parsing: bytes) } catch {
            throw ContractError(.malformed, file: file, place: "line \(error.line)", error.reason)
        }
        let parser = ContractParser(file: file)
        let top = try parser.attributes(of: value, at: "", known: ["format", "breaks"])
        guard try parser.integer(top, "format", at: "") == 1, let list = top["breaks"]?.arrayValue else {
            throw parser.fail(.invalidValue, "", "expected format 1 and a list of breaks")
        }
        var approvals: [Approval] = []
        for element in list {
            approvals.append(try Self.approval(element, at: "break \(approvals.count + 1)", parser))
        }
        self.approvals = approvals
        self.file = file
    }

    private static func approval(
        _ value: JSONValue, at place: String, _ parser: ContractParser
    ) throws(ContractError) -> Approval {
        let attributes = try parser.attributes(
            of: value, at: place, known: ["dataset", "from", "to", "change", "reason"])
        guard let dataset = DatasetKey(parsing: try parser.string(attributes, "dataset", at: place)) else {
            throw parser.fail(.illegalName, place, "not a dataset")
        }
        let reason = try parser.string(attributes, "reason", at: place)
        guard reason.utf8.contains(where: { $0 > 0x20 }) else {
            throw parser.fail(.invalidValue, place, "an approval has a reason")
        }
        return Approval(
            dataset: dataset, from: Int(try parser.integer(attributes, "from", at: place)),
            to: Int(try parser.integer(attributes, "to", at: place)),
            change: try parser.string(attributes, "change", at: place), reason: reason)
    }

    func approval(dataset: DatasetKey, from: Int, to: Int, change: String) -> Approval? {
        approvals.first {
            $0.dataset == dataset && $0.from == from && $0.to == to
                && $0.change.utf8.elementsEqual(change.utf8)
        }
    }
}
