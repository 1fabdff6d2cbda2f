import CivilTime
import Lake
import Reference
import Stages

/// Brings source files of reference tables into the lake and publishes what follows from them.
///
/// All files of the day are put together before anything is changed, so that a fault leaves the lake as it was.
public struct ReferenceIntake {
    private let project: Project
    private let site: StageSite
    public let day: ReferenceDay

    /// A file in its place.
    public struct Added: Sendable {
        public let kind: ReferenceKind
        public let file: RawFile
        /// What had the name before; nil: nothing, or the same bytes.
        public let replaced: RawFile?
    }

    /// What came of it.
    public struct Result: Sendable {
        public let added: [Added]
        public let report: RunReport
        public let counts: ReferenceTables.Counts
    }

    /// - Throws: `Failure` for a product without reference tables, and a root whose contract is not known.
    public init(_ project: Project, product: String, symbol: String, date: CivilDate) throws {
        self.project = project
        guard let stage = project.registry.stages.first(where: { $0.name == RefIngest.name }),
            stage.products.contains(product)
        else {
            throw Failure(
                .usage, "there are no reference tables of '\(product)'",
                advice: "products with such are: "
                    + (project.registry[stage: RefIngest.name]?.products.joined(separator: ", ") ?? "none"))
        }
        site = StageSite(lake: project.lake, registry: project.registry, contracts: project.contracts)
        let request = StageRequest(declaration: stage, product: product, symbol: symbol, date: date)
        guard let day = try request.referenceDay(in: site) else {
            throw Failure(.usage, "\(date) is no trading date of \(symbol)")
        }
        self.day = day
    }

    /// The source files that the raw layer holds for the day.
    public func files() throws -> [(kind: ReferenceKind, file: RawFile)] {
        var found: [(kind: ReferenceKind, file: RawFile)] = []
        for kind in ReferenceKind.allCases {
            for file in try RawStore(project.lake).day(day.location(kind))?.files ?? [] { found.append((kind, file)) }
        }
        return found
    }

    /// Adds files: checks them together with those that are there, keeps them, publishes.
    ///
    /// - Parameter settings: parameters of the stages that publish; the tables keep them.
    /// - Parameter sources: whole files.
    /// - Throws: `ReferenceError`, `Failure`, `LakeError`: nothing was changed; but for a failure of the publication,
    ///   which another run makes good.
    public func add(_ sources: [ReferenceSource], settings: [Setting] = []) throws -> Result {
        try add(sources, settings, among: files())
    }

    /// - Parameter present: what was there when the sources were made; if another has come since, nothing is done.
    private func add(
        _ sources: [ReferenceSource], _ settings: [Setting] = [], among present: [(kind: ReferenceKind, file: RawFile)]
    ) throws -> Result {
        let request = RunRequest(
            productType: day.product, layers: [.ref], symbols: [day.symbol],
            dates: DateSelection(day.date), settings: settings, overwrite: .derived, workers: 1)
        var fresh: [(kind: ReferenceKind, source: ReferenceSource)] = []
        for source in sources {
            let kind = try source.kind()
            if let other = fresh.first(where: { $0.kind == kind && $0.source.name.utf8.elementsEqual(source.name.utf8) }
            ) {
                throw Failure(
                    .usage, "\(other.source.file) and \(source.file) have one name, so one would replace the other")
            }
            fresh.append((kind, source))
        }
        let counts = try check(fresh, among: present, for: Planner(project, request))
        let run = try Run(project.lake)
        defer { try? run.end() }
        var added: [Added] = []
        for (kind, source) in fresh {
            let old = present.first { $0.kind == kind && $0.file.name.utf8.elementsEqual(source.name.utf8) }?.file
            let (file, replaced) = try RawStore(project.lake).replace(
                source.path, at: day.location(kind), name: source.name, predecessor: old?.sha256, run: run)
            added.append(Added(kind: kind, file: file, replaced: replaced))
        }
        return Result(added: added, report: try Runner(project).run(request), counts: counts)
    }

    /// Puts the files of the day together as the stages will, with the new ones in the place of those of their names.
    private func check(
        _ fresh: [(kind: ReferenceKind, source: ReferenceSource)],
        among present: [(kind: ReferenceKind, file: RawFile)],
        for planner: Planner
    ) throws -> ReferenceTables.Counts {
        var sources: [ReferenceKind: [ReferenceSource]] = [:]
        for (kind, source) in fresh { sources[kind, default: []].append(source) }
        if let sessions = sources[.sessions] {
            try SessionEntry.checkIDs(
                sessions.flatMap { try SessionEntry.parse($0, of: day) }, of: day, others: sessionsOfOtherDays())
        }
        for (kind, file) in present {
            let isReplaced = fresh.contains { $0.kind == kind && $0.source.name.utf8.elementsEqual(file.name.utf8) }
            if isReplaced { continue }
            if let damage = try RawStore(project.lake).damage(of: file) { throw damage }
            sources[kind, default: []].append(ReferenceSource(raw: file.path, path: project.lake.path(file.path)))
        }
        return try ReferencePreview.tables(sources, of: day, in: site) { stage in
            try planner.overrides(for: stage, on: day.date)
        }.counts
    }
}

extension ReferenceIntake {
    /// The sessions that files give to other days of the product.
    private func sessionsOfOtherDays() throws -> [SessionEntry] {
        let files = try ReferenceIntake.files(in: project, product: day.product)
        return try files.filter { $0.kind == .sessions && $0.day != day }.flatMap { day, _, file in
            try SessionEntry.parse(ReferenceSource(raw: file.path, path: project.lake.path(file.path)), of: day)
        }
    }
}

// MARK: - One at a time

extension ReferenceIntake {
    /// The command file that single commands go into.
    static let commandFile = "commands.csv"

    /// Adds one command to the command file of the day.
    ///
    /// - Throws: as `add(_:)` of files.
    public func add(_ line: CommandLine) throws -> Result {
        let name = ReferenceIntake.commandFile
        let present = try files()
        let file = present.first { $0.kind == .commands && $0.file.name.utf8.elementsEqual(name.utf8) }?.file
        if let file, let damage = try RawStore(project.lake).damage(of: file) { throw damage }
        let predecessor = file.map { ReferenceSource(raw: $0.path, path: project.lake.path($0.path)) }
        let run = try Run(project.lake)
        defer { try? run.end() }
        let draft = try run.writeDraft(line.text(extending: predecessor, of: day))
        return try add([ReferenceSource(file: name, name: name, path: draft)], among: present)
    }
}

// MARK: - Listing

extension ReferenceIntake {
    /// The source files of a lake in ascending order of product and symbol, then kind, then date.
    public static func files(
        in project: Project, product: String? = nil, symbol: String? = nil, dates: [CivilDate]? = nil
    ) throws -> [(day: ReferenceDay, kind: ReferenceKind, file: RawFile)] {
        var found: [(day: ReferenceDay, kind: ReferenceKind, file: RawFile)] = []
        for raw in try RawStore(project.lake).days(RawFilter(source: .ref)) {
            guard let kind = ReferenceKind(rawValue: raw.location.schema),
                let day = ReferenceDay(location: raw.location),
                product.map({ $0 == day.product }) ?? true, symbol.map({ $0 == day.symbol }) ?? true,
                dates?.contains(day.date) ?? true
            else { continue }
            found += raw.files.map { (day, kind, $0) }
        }
        return found
    }
}
