import Lake
import Reference
import Tables

extension StageRequest {
    /// The day that the request's reference tables are of; nil when its root traded no contract on it.
    ///
    /// - Throws: as `contractSymbol`.
    public func referenceDay(in site: StageSite) throws -> ReferenceDay? {
        guard OrderBookProduct(rawValue: product) != nil else {
            return ReferenceDay(product: product, symbol: symbol, date: date)
        }
        guard let symbol = try contractSymbol(for: self, in: site) else { return nil }
        return ReferenceDay(product: product, symbol: symbol, date: date)
    }

    /// The source files of some kinds that the raw layer holds for a day.
    func referenceFiles(
        _ kinds: [ReferenceKind], of day: ReferenceDay, in site: StageSite
    ) throws(LakeError) -> [Input] {
        var inputs: [Input] = []
        for kind in kinds { inputs += try site.raw.day(day.location(kind))?.inputs ?? [] }
        return inputs
    }
}

extension StageContext {
    /// The source files of a task, by kind, each kind in the order of their names.
    func referenceSources(of task: StageTask) throws -> [ReferenceKind: [ReferenceSource]] {
        let paths = task.inputs.compactMap { if case .raw(let path, _) = $0 { path } else { nil } }
        var sources: [ReferenceKind: [ReferenceSource]] = [:]
        for (path, file) in zip(paths, try rawFiles(of: task)) {
            guard let location = RawLocation(pathOfFile: path), location.source == .ref,
                let kind = ReferenceKind(rawValue: location.schema)
            else { preconditionFailure("\(path) is no source file of reference tables") }
            sources[kind, default: []].append(ReferenceSource(raw: path, path: file))
        }
        return sources
    }

    /// The rows of a small table of sessions.
    func sessions(_ address: PartitionAddress, of task: StageTask) throws -> [Sessions.Row] {
        try reader(address, of: task).rows(as: Sessions.self)
    }
}
