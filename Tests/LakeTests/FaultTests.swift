import CFaults
import Digest
import Glibc
import Lake
import Testing

/// What happens to a task that replaces one partition and adds another when a system call fails or the process
/// dies at it: every changing call of the run, one after the other.
@Suite(.serialized) struct FaultTests {
    @Test(arguments: [true, false])
    func `a killed run leaves the old generation, the new one or none, and the next run needs no help`(
        isAtomic: Bool
    ) async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [isAtomic] in
            for action in [FAULTS_KILL_BEFORE, FAULTS_KILL_AFTER, FAULTS_LOSE_UNSYNCED, FAULTS_TEAR_UNSYNCED] {
                let matrix = FaultMatrix(isAtomic: isAtomic, action: Int32(action), code: 0)
                let points = try matrix.run()
                print(
                    "fault matrix: \(points) calls, action \(matrix.action), errno \(matrix.code), \(matrix.renaming)"
                )
                #expect(points > 40)
            }
        }
        report(result)
    }

    @Test(arguments: [true, false])
    func `a failing call ends in a typed error, and the next run needs no help`(isAtomic: Bool) async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [isAtomic] in
            for code in [EIO, ENOSPC] {
                let matrix = FaultMatrix(isAtomic: isAtomic, action: Int32(FAULTS_FAIL), code: code)
                let points = try matrix.run()
                print(
                    "fault matrix: \(points) calls, action \(matrix.action), errno \(matrix.code), \(matrix.renaming)"
                )
                #expect(points > 40)
            }
        }
        report(result)
    }
}

extension FaultTests {
    @Test func `a file of a person is the old one or the new one, and adding it again completes it`() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            let faults: [(action: Int32, code: Int32)] = [
                (Int32(FAULTS_FAIL), EIO), (Int32(FAULTS_FAIL), ENOSPC), (Int32(FAULTS_KILL_BEFORE), 0),
                (Int32(FAULTS_KILL_AFTER), 0), (Int32(FAULTS_LOSE_UNSYNCED), 0), (Int32(FAULTS_TEAR_UNSYNCED), 0),
            ]
            for fault in faults {
                let points = try ReplacementMatrix(action: fault.action, code: fault.code).run()
                print("fault matrix: \(points) calls of a replacement, action \(fault.action), errno \(fault.code)")
                #expect(points > 15)
            }
        }
        report(result)
    }
}

/// What the matrix printed: how many points were tried.
private func report(_ result: ExitTest.Result?) {
    for line in String(decoding: result?.standardOutputContent ?? [], as: UTF8.self).split(separator: "\n")
    where line.hasPrefix("fault matrix") {
        print(line)
    }
}

/// Both renames on a file system that knows no flags.
@Test func `publication finds out by itself that a file system has no atomic exchange`() throws {
    let scratch = Scratch()
    let lake = Lake(root: scratch.path + "/lake")
    faults_refuse_rename_flags(true)
    defer { faults_refuse_rename_flags(false) }
    #expect(try publish(lake, [1]) == .published)
    #expect(try publish(lake, [1]) == .alreadyCommitted)
    let seen = try lake.status(of: sampleAddress()).identity
    let outcome = try publish(lake, [2], sampleProvenance(revision: 2), replacing: seen)
    let generation = sampleProvenance().generation(of: sampleAddress())
    #expect(outcome == .replaced(previous: "_history/\(sampleAddress().path)/\(generation)"))
    #expect(try lake.verifyContent(of: sampleAddress()) == nil)
    let location = try RawLocation(source: .csv, dataset: "d", schema: "s", date: sampleDate)
    let run = try Run(lake)
    let source = try scratch.file("a.csv", "one")
    #expect(try RawStore(lake).add(source, to: location, mode: .copy, run: run).placement == .copy)
    #expect(try RawStore(lake).add(source, to: location, mode: .copy, run: run).placement == .present)
    try run.end()
    #expect(try tree(lake.path("_staging")).filter { !$0.hasPrefix(".locks") } == [])
}

/// Runs the task with a fault at its first, second, … changing call until it gets by without.
final class FaultMatrix {
    let renaming: Lake.Renaming
    let action: Int32
    let code: Int32
    private let old = sampleAddress("ESH6")
    private let new = sampleAddress("NQH6")

    init(isAtomic: Bool, action: Int32, code: Int32) {
        renaming = isAtomic ? .atomicIfPossible : .plain
        self.action = action
        self.code = code
    }

    /// Returns the number of points that were tried.
    func run() throws -> Int {
        var point = 0
        while true {
            point += 1
            let scratch = Scratch(inMemory: true)
            let lake = Lake(root: scratch.path + "/lake", renaming: renaming)
            try publish(lake, [1, 2], at: old, sampleProvenance(revision: 1))
            let before = try #require(try lake.status(of: old).identity)
            let status = underFault(point, action, code) { () throws(LakeError) in try self.task(lake, before) }
            if status == 0 { return point - 1 }
            #expect(status == (action == Int32(FAULTS_FAIL) ? 6 : -SIGKILL), "point \(point)")
            try check(lake, before, point)
        }
    }

    private func task(_ lake: Lake, _ before: LiveIdentity) throws(LakeError) {
        try lake.sweep()
        let run = try Run(lake)
        let staged = [
            try stage(run, [3, 4], at: old, sampleProvenance(revision: 2)),
            try stage(run, [5], at: new, sampleProvenance(revision: 2)),
        ]
        _ = try run.publish(staged, replacing: [old: before])
        try run.end()
    }

    private func check(_ lake: Lake, _ before: LiveIdentity, _ point: Int) throws {
        let comment = Comment(rawValue: "point \(point)")
        let newGeneration = sampleProvenance(revision: 2).generation(of: old)
        for address in [old, new] {
            let status = try lake.status(of: address)
            switch status.state {
            case .missing:
                if address == old { #expect(renaming == .plain, comment) }
            case .fresh:
                #expect(try lake.verifyContent(of: address) == nil, comment)
                let revision = status.manifest?.provenance.revision
                #expect(revision == 2 || (address == old && revision == 1), comment)
            case .stale, .corrupt:
                Issue.record("point \(point): \(address) is \(status.state)")
            }
        }

        // The next run: nothing but what every run does.
        try lake.sweep()
        let seen = try lake.status(of: old)
        #expect(seen.state == .fresh, comment)
        let run = try Run(lake)
        let staged = [
            try stage(run, [3, 4], at: old, sampleProvenance(revision: 2)),
            try stage(run, [5], at: new, sampleProvenance(revision: 2)),
        ]
        let replacing = seen.manifest?.generation == newGeneration ? [:] : [old: try #require(seen.identity)]
        _ = try run.publish(staged, replacing: replacing)
        try run.end()
        try lake.sweep()
        for address in [old, new] {
            #expect(try lake.status(of: address).manifest?.provenance.revision == 2, comment)
            #expect(try lake.verifyContent(of: address) == nil, comment)
        }
        let oldGeneration = sampleProvenance(revision: 1).generation(of: old)
        #expect(
            try FileSystem.entries(of: lake.path("_history/\(old.path)")).map(\.name) == [oldGeneration],
            comment)
        #expect(try tree(lake.path("_staging")).filter { !$0.hasPrefix(".locks") } == [], comment)
        #expect(try FileSystem.entries(of: lake.path("_quarantine")).isEmpty, comment)
    }
}

/// The body in a child process, with a fault at its `point`-th changing call. Returns 0 when it got by without one, 6
/// when it failed with a retryable error, the negative signal when it was killed.
private func underFault(
    _ point: Int, _ action: Int32, _ code: Int32, _ body: @escaping () throws(LakeError) -> Void
) -> Int32 {
    final class Task {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }
    let context = Unmanaged.passRetained(
        Task {
            faults_arm(Int32(point), action, code)
            do {
                try body()
            } catch {
                _exit((error as? LakeError)?.category == .transient ? 6 : 7)
            }
            // A fault in what may fail silently has to end somewhere.
            _exit(faults_disarm() >= point ? 6 : 0)
        }
    ).toOpaque()
    return faults_in_child({ Unmanaged<Task>.fromOpaque($0!).takeUnretainedValue().run() }, context)
}

/// What happens to a file of a person that a newer one of its name replaces.
final class ReplacementMatrix {
    private let action: Int32
    private let code: Int32
    private let location = try! RawLocation(
        source: .ref, dataset: "equity_taq/TSLA", schema: "levels", date: sampleDate)

    init(action: Int32, code: Int32) {
        self.action = action
        self.code = code
    }

    /// Returns the number of points that were tried.
    func run() throws -> Int {
        var point = 0
        while true {
            point += 1
            let scratch = Scratch(inMemory: true)
            let lake = Lake(root: scratch.path + "/lake")
            let (old, new) = (try scratch.file("old", "one"), try scratch.file("new", "another"))
            try replace(lake, by: old)
            let status = underFault(point, action, code) { () throws(LakeError) in try self.replace(lake, by: new) }
            if status == 0 { return point - 1 }
            #expect(status == (action == Int32(FAULTS_FAIL) ? 6 : -SIGKILL), "point \(point)")
            try check(lake, new, point)
        }
    }

    private func replace(_ lake: Lake, by source: String) throws(LakeError) {
        try lake.sweep()
        let run = try Run(lake)
        let predecessor = try RawStore(lake).day(location)?.files.first?.sha256
        _ = try RawStore(lake).replace(source, at: location, name: "levels.yaml", predecessor: predecessor, run: run)
        try run.end()
    }

    private func check(_ lake: Lake, _ new: String, _ point: Int) throws {
        let comment = Comment(rawValue: "point \(point)")
        let store = RawStore(lake)
        let content = ["one", "another"].map { Array($0.utf8) }
        let hashes = content.map { SHA256.hex(of: $0) }
        let file = try #require(try store.day(location)?.files.first, comment)
        let bytes = try FileSystem.read(lake.path(file.path), atMost: 100)
        #expect(content.contains(bytes), comment)
        #expect(hashes.contains(file.sha256), comment)
        // Between the file and its record there is a moment; what it leaves is seen and refused.
        let isOfOneKind = SHA256.hex(of: bytes) == file.sha256
        #expect((try store.damage(of: file)?.category) == (isOfOneKind ? nil : .corrupt), comment)

        try replace(lake, by: new)
        let after = try #require(try store.day(location)?.files.first, comment)
        #expect(after.sha256 == hashes[1], comment)
        #expect(try store.damage(of: after) == nil, comment)
        let kept = "\(lake.path("_history"))/\(file.path)/\(hashes[0])"
        #expect(try FileSystem.read(kept, atMost: 100) == content[0], comment)
        #expect(try tree(lake.path("_staging")).filter { !$0.hasPrefix(".locks") } == [], comment)
    }
}
