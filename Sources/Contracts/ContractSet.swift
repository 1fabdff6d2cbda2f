import Glibc

/// The contracts of a directory `contracts/<layer>/<product>/<table>.avsc`, in the order of their keys.
public struct ContractSet: Sendable {
    /// Ascending by dataset.
    public let contracts: [Contract]
    private let positions: [DatasetKey: Int]

    /// - Precondition: no dataset twice.
    public init(_ contracts: [Contract]) {
        self.contracts = contracts.sorted { $0.dataset < $1.dataset }
        positions = Dictionary(uniqueKeysWithValues: self.contracts.enumerated().map { ($1.dataset, $0) })
    }

    /// Loads every contract below `directory`.
    ///
    /// - Throws: the first error in the order of the paths; `load(directory:)` gives all of them.
    public init(directory: String) throws(ContractError) {
        let (set, errors) = try Self.load(directory: directory)
        if let first = errors.first { throw first }
        self = set
    }

    /// The contracts that can be read and the errors of those that cannot.
    public static func load(
        directory: String
    ) throws(ContractError) -> (set: ContractSet, errors: [ContractError]) {
        var contracts: [Contract] = []
        var errors: [ContractError] = []
        for path in try contractPaths(in: directory) {
            do throws(ContractError) {
                contracts.append(try load(path, in: directory))
            } catch {
                errors.append(error)
            }
        }
        return (ContractSet(contracts), errors)
    }

    private static func load(_ path: String, in directory: String) throws(ContractError) -> Contract {
        let bytes = try readFile("\(directory)/\(path)", limit: Contract.maximumFileBytes)
        let contract = try Contract(parsing: bytes, file: path)
        guard contract.dataset.path + ".avsc" == path else {
            throw ContractError(
                .misplaced, file: path, place: "namespace",
                "\(contract.namespace) belongs to \(contract.dataset.path).avsc")
        }
        return contract
    }

    public subscript(dataset: DatasetKey) -> Contract? {
        positions[dataset].map { contracts[$0] }
    }

    public var datasets: [DatasetKey] { contracts.map(\.dataset) }
    public var count: Int { contracts.count }
}

// MARK: - Files

/// Paths below `directory` of all `.avsc` files, ascending by bytes. Hidden entries are not looked at.
public func contractPaths(in directory: String) throws(ContractError) -> [String] {
    var paths: [String] = []
    var pending = [(path: "", depth: 0)]
    while let (folder, depth) = pending.popLast() {
        for entry in try entries(of: folder.isEmpty ? directory : "\(directory)/\(folder)") {
            let path = folder.isEmpty ? entry.name : "\(folder)/\(entry.name)"
            if entry.isDirectory {
                guard depth < 8 else {
                    throw ContractError(.unreadable, file: path, "nested deeper than 8 folders")
                }
                pending.append((path, depth + 1))
            } else if path.hasSuffix(".avsc") {
                paths.append(path)
            }
        }
    }
    return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

private func entries(of directory: String) throws(ContractError) -> [(name: String, isDirectory: Bool)] {
    guard let stream = opendir(directory) else {
        throw ContractError(.unreadable, file: directory, String(cString: strerror(errno)))
    }
    defer { closedir(stream) }
    var result: [(String, Bool)] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name.hasPrefix(".") { continue }
        var status = stat()
        guard stat("\(directory)/\(name)", &status) == 0 else {
            throw ContractError(.unreadable, file: "\(directory)/\(name)", String(cString: strerror(errno)))
        }
        result.append((name, status.st_mode & S_IFMT == S_IFDIR))
    }
    return result
}

/// The bytes of a file of at most `limit` bytes.
func readFile(_ path: String, limit: Int) throws(ContractError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw ContractError(.unreadable, file: path, String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &block, block.count)
        if count == 0 { return bytes }
        if count < 0 {
            if errno == EINTR { continue }
            throw ContractError(.unreadable, file: path, String(cString: strerror(errno)))
        }
        bytes.append(contentsOf: block[..<count])
        guard bytes.count <= limit else {
            throw ContractError(.unreadable, file: path, "larger than \(limit) bytes")
        }
    }
}
