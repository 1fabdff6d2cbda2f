import CivilTime
import Glibc

/// The raw layer: files of vendors under their own names, never changed, each with its SHA-256 beside it in the
/// format of sha256sum(1): `<name>.sha256`.
///
/// The record of the hash commits the file; without it no stage sees the file. What a file holds and where it
/// belongs is for the caller to recognise.
public struct RawStore: Sendable {
    public let lake: Lake

    public init(_ lake: Lake) {
        self.lake = lake
    }

    static let recordSuffix = ".sha256"
    static let noDataName = "_NO_DATA"
    private static let recordLimit = 4096
}

// MARK: - Listing

extension RawStore {
    /// The days of the raw layer in ascending order of source, dataset, schema and date.
    public func days(_ filter: RawFilter = RawFilter()) throws(LakeError) -> [RawDay] {
        var days: [RawDay] = []
        for source in RawLocation.Source.allCases where filter.source == nil || filter.source == source {
            let top = "\(Lake.raw)/source=\(source.rawValue)"
            for dataset in try names("dataset", in: top)
            where filter.dataset == nil || filter.dataset == dataset.value {
                for schema in try names("schema", in: dataset.path)
                where filter.schema == nil || filter.schema == schema.value {
                    for dt in try names("dt", in: schema.path) {
                        guard let date = CivilDate(parsing: dt.value), filter.dates?.contains(date) ?? true
                        else {
                            continue
                        }
                        let location = try RawLocation(
                            source: source, dataset: dataset.value, schema: schema.value, date: date)
                        if let day = try day(location) { days.append(day) }
                    }
                }
            }
        }
        return days.sorted { $0.location < $1.location }
    }

    /// What there is for one location; nil when there is nothing.
    public func day(_ location: RawLocation) throws(LakeError) -> RawDay? {
        let entries = try FileSystem.entries(of: lake.path(location.path)).filter { !$0.isDirectory }
        let present = Set(entries.map(\.name))
        var files: [RawFile] = []
        var unrecorded: [String] = []
        var noData: RawFile?
        for entry in entries where !isRecord(entry.name) {
            let isMark = entry.name == RawStore.noDataName
            guard let name = isMark ? RawStore.noDataName : PathComponent.decode(entry.name[...]) else {
                if !entry.name.hasPrefix(".") { unrecorded.append(entry.name) }
                continue
            }
            guard present.contains(entry.name + RawStore.recordSuffix),
                let file = try recorded(location, name: name, encoded: entry.name)
            else {
                unrecorded.append(entry.name)
                continue
            }
            if isMark { noData = file } else { files.append(file) }
        }
        if files.isEmpty && noData == nil && unrecorded.isEmpty { return nil }
        files.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        // Files that came after the mark was set have the last word.
        return RawDay(
            location: location, files: files, noData: files.isEmpty ? noData : nil, unrecorded: unrecorded)
    }

    private func names(
        _ key: String, in directory: String
    ) throws(LakeError) -> [(value: String, path: String)] {
        try FileSystem.entries(of: lake.path(directory)).compactMap { entry in
            guard entry.isDirectory, entry.name.hasPrefix(key + "="),
                let value = PathComponent.decode(entry.name.dropFirst(key.utf8.count + 1))
            else { return nil }
            return (value, "\(directory)/\(entry.name)")
        }
    }

    func isRecord(_ name: String) -> Bool {
        name.hasSuffix(RawStore.recordSuffix)
    }

    /// The file with the hash that its record states; nil when there is no such record.
    func recorded(_ location: RawLocation, name: String, encoded: String) throws(LakeError) -> RawFile? {
        let path = "\(location.path)/\(encoded)"
        guard let information = try FileSystem.information(lake.path(path)),
            let sha256 = try recordedHash(of: path)
        else { return nil }
        return RawFile(location: location, name: name, bytes: information.size, sha256: sha256, path: path)
    }

    /// The hash that was recorded when the file was added; nil when there is no record.
    func recordedHash(of path: String) throws(LakeError) -> String? {
        let record = lake.path(path + RawStore.recordSuffix)
        guard try FileSystem.information(record)?.isRegular == true else { return nil }
        let bytes = try FileSystem.read(record, atMost: RawStore.recordLimit)
        let sha256 = String(decoding: bytes.prefix(64), as: UTF8.self)
        guard isDigest(sha256), bytes.count == 64 || bytes[64] == UInt8(ascii: " ") else {
            throw .corrupt(path: path + RawStore.recordSuffix, reason: "it does not begin with a SHA-256")
        }
        return sha256
    }
}

// MARK: - Verifying

extension RawStore {
    /// Reads the file and compares its hash with the recorded one; nil when they agree.
    public func damage(of file: RawFile) throws(LakeError) -> LakeError? {
        let found: ContentHash
        do {
            found = try ContentHash(of: File(lake.path(file.path), .read))
        } catch .system(let failure) where failure.code == ENOENT {
            return .missing("\(file.path): the raw file is gone")
        }
        guard found.sha256 != file.sha256 else { return nil }
        return .corrupt(
            path: file.path, reason: "its SHA-256 is \(found.sha256), recorded was \(file.sha256)")
    }
}
