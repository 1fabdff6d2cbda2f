import Contracts

/// The stages of a registry as a graph, to be checked: every dataset has a contract and at most one writer, every
/// input has a writer, and nothing is made from itself.
struct StageGraph {
    let file: String
    /// In the order of the file.
    let stages: [StageDeclaration]

    init(file: String, _ stages: [StageDeclaration]) {
        self.file = file
        self.stages = stages
    }

    private func error(_ kind: RegistryError.Kind, _ line: Int, _ reason: String) -> RegistryError {
        RegistryError(kind, file: file, line: line, reason)
    }

    /// The stage that writes each dataset, by position.
    func writers(_ contracts: ContractSet) throws(RegistryError) -> [DatasetKey: Int] {
        var writers: [DatasetKey: Int] = [:]
        for (position, stage) in stages.enumerated() {
            for product in stage.products {
                for (dataset, line) in zip(stage.writes(for: product), stage.writeLines) {
                    let defining = stage.contractDataset(of: dataset)
                    guard contracts[defining] != nil else {
                        throw error(
                            .unknownDataset, line,
                            "stage \(stage.name) writes \(dataset), but there is no contract \(defining.path).avsc"
                        )
                    }
                    if let other = writers.updateValue(position, forKey: dataset) {
                        throw error(
                            .twoWriters, line,
                            "\(dataset) is written by \(stages[other].name) and by \(stage.name)")
                    }
                }
            }
        }
        return writers
    }

    /// Tables of `ref` are supplied by people; all others need a stage.
    func checkReads(_ writers: [DatasetKey: Int], _ contracts: ContractSet) throws(RegistryError) {
        for stage in stages {
            for read in stage.reads {
                guard case .table(let template) = read.source else { continue }
                let products = read.products ?? stage.products
                for dataset in products.map({ template.dataset(for: $0) }) where writers[dataset] == nil {
                    if dataset.layer == .ref, contracts[dataset] != nil { continue }
                    throw error(
                        .unknownDataset, read.line,
                        "stage \(stage.name) reads \(dataset), which no stage writes")
                }
            }
        }
    }

    /// Producers before consumers; among those that are free to go, the order of the file.
    func ordered(_ writers: [DatasetKey: Int]) throws(RegistryError) -> [StageDeclaration] {
        let needs = stages.map { stage in producers(of: stage, writers) }
        var done: Set<Int> = []
        var order: [StageDeclaration] = []
        while order.count < stages.count {
            guard
                let free = stages.indices.first(where: { !done.contains($0) && needs[$0].isSubset(of: done) })
            else {
                let left = stages.indices.filter { !done.contains($0) }
                let circle = circle(from: left[0], needs, among: Set(left))
                throw error(
                    .cycle, stages[circle[0]].line,
                    "stages need each other in a circle: \(circle.map { stages[$0].name }.joined(separator: " ← "))"
                )
            }
            done.insert(free)
            order.append(stages[free])
        }
        return order
    }

    /// What a stage reads of an earlier session may be its own work, or that of stages after it.
    private func producers(of stage: StageDeclaration, _ writers: [DatasetKey: Int]) -> Set<Int> {
        var producers: Set<Int> = []
        for read in stage.reads {
            guard case .table(let template) = read.source else { continue }
            for product in read.products ?? stage.products {
                guard let writer = writers[template.dataset(for: product)] else { continue }
                if read.date == .priorSession { continue }
                producers.insert(writer)
            }
        }
        return producers
    }

    /// Follows needs that cannot be met until a stage comes up again.
    private func circle(from start: Int, _ needs: [Set<Int>], among left: Set<Int>) -> [Int] {
        var path = [start]
        while true {
            let next = needs[path.last!].intersection(left).min()!
            if let first = path.firstIndex(of: next) { return Array(path[first...]) + [next] }
            path.append(next)
        }
    }
}
