import CivilTime
import Glibc
import JSON
import Synchronization

/// One run of the pipeline as the lake sees it: a directory in `_staging` that nobody else touches while the run
/// lives, and a name for what it leaves in `_quarantine` and `_runs`.
///
/// The run lives as long as it holds the lock of its directory, so a killed run is recognised at once and
/// whatever its age: the next run sweeps it. Safe to use from several threads.
public final class Run: Sendable {
    public let lake: Lake
    public let id: String
    private let lock: FileLock
    private let history: HistoryLock
    private let slots = Atomic<Int>(0)

    /// Begins a run in `lake`, which is made when it is not there.
    ///
    /// - Parameter id: a name of letters, digits, `-` and `.` that no other run has; see `makeID()`.
    /// - Parameter lake: that the run works on.
    public init(_ lake: Lake, id: String = Run.makeID()) throws(LakeError) {
        guard PathComponent.encode(id) == id, id.utf8.count <= 100 else {
            throw .usage("the run id '\(id.prefix(100))' may hold letters, digits, '-', '_' and '.'")
        }
        self.lake = lake
        self.id = id
        try FileSystem.makeRoot(lake.root)
        self.history = try HistoryLock.shared(lake)
        self.lock = try Run.claim(lake.path("\(Lake.staging)/\(id)"))
    }

    /// Makes and locks a new staging directory. A sweeper may find it between the two steps, take it for an
    /// abandoned one and remove it; then it is made again.
    private static func claim(_ directory: String) throws(LakeError) -> FileLock {
        guard try FileSystem.makeDirectory(directory) else {
            throw .usage("\(directory): there is already a run of this id")
        }
        while true {
            do {
                if let lock = try FileLock("\(directory)/\(Lake.owner)", isWaiting: false) { return lock }
                usleep(1000)
            } catch .system(let failure) where failure.code == ENOENT {
                try FileSystem.makeDirectory(directory)
            }
        }
    }

    /// A new name: the time, the process and some random digits. Only names that never enter a partition
    /// are made this way.
    public static func makeID() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let seconds = Int64(now.tv_sec)
        let date = "\(CivilDate(utcNanoseconds: seconds * 1_000_000_000))"
        let time = String(
            1_000_000 + seconds % 86_400 / 3600 * 10_000 + seconds / 60 % 60 * 100 + seconds % 60)
        let random = String(UInt32.random(in: 0...UInt32.max) | 1 << 31, radix: 16)
        return "\(date)T\(time.dropFirst())Z-\(getpid())-\(random)"
    }

    /// The staging directory, relative to the lake.
    var directory: String { "\(Lake.staging)/\(id)" }

    /// Makes a directory for a partition that is meant to become `generation`. The name tells a later sweep
    /// whether what lies in it is this one, unpublished, or an older one that it has displaced.
    func makeSlot(generation: String) throws(LakeError) -> String {
        let number = slots.add(1, ordering: .relaxed).newValue
        let slot = "\(directory)/\(number)-\(generation)"
        try FileSystem.makeDirectory(lake.path(slot))
        return slot
    }

    /// A path in the staging directory for a file.
    package func makeFilePath() -> String {
        "\(directory)/\(slots.add(1, ordering: .relaxed).newValue)-file"
    }

    /// Writes a text into the staging directory; its path.
    public func writeDraft(_ text: String) throws(LakeError) -> String {
        let path = lake.path(makeFilePath())
        try FileSystem.create(path, Array(text.utf8))
        return path
    }

    /// Ends the run: what it has built and not published goes, what it has displaced goes to `_history`.
    /// A run that is not ended leaves that to the next one.
    public func end() throws(LakeError) {
        try lake.clear(run: id)
    }

    /// Writes `_runs/<run>.json`, replacing an earlier report of this run.
    public func writeReport(_ report: JSONValue) throws(LakeError) {
        try FileSystem.makeDirectories(Lake.runs, below: lake.root)
        let draft = lake.path(makeFilePath())
        try FileSystem.create(draft, report.serializedBytes(.pretty) + [UInt8(ascii: "\n")])
        try FileSystem.rename(draft, to: lake.path("\(Lake.runs)/\(id).json"))
        try FileSystem.synchronizeDirectory(lake.path(Lake.runs))
    }
}
