extension Lake {
    /// Hashes the files of a live partition; nil when nothing is wrong.
    ///
    /// - Complexity: O(bytes).
    public func verifyContent(of address: PartitionAddress) throws(LakeError) -> LakeError? {
        guard let snapshot = try snapshot(of: address) else { return .missing("\(address) is not there") }
        return try snapshot.damage()
    }
}
