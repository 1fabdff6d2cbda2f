import Arguments
import DBN
import Glibc
import Pipeline

struct Inspect: Command {
    static var about: About {
        About(
            "inspect", "Show what a file holds.",
            discussion: """
                A DBN file, plain or compressed by Zstandard: its header, symbols and instruments, counts and first \
                records. A file is recognised by its content, whatever its name.
                """,
            examples: [
                Example(
                    "tarn inspect glbx-mdp3-20260303.mbo.dbn.zst", "shows header, counts and five records"),
                Example("tarn inspect day.dbn --rows 0 --json", "for scripts"),
            ])
    }

    @Argument(.file, help: "The file.") var file: String
    @Option("rows", short: "n", .integer(in: 0...1000), help: "Number of first rows to show.") var rows = 5

    func run(in session: Session) throws {
        switch try FileKind(of: file) {
        case .dbn:
            let report = try DBNReport(path: file, rows: rows)
            if session.isJSON { session.emit(report.json) } else { report.show(on: session.console) }
            if let damage = report.damage { throw damage }
        }
    }
}

/// What a file is, by its first bytes.
enum FileKind {
    case dbn

    init(of path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(
                errno == ENOENT ? .notReady : .usage, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.usage, "\(path) is not a file")
        }
        var start = [UInt8](repeating: 0, count: 4)
        let count = pread(descriptor, &start, 4, 0)
        guard count >= 0 else { throw Failure(.transient, "\(path): \(String(cString: strerror(errno)))") }
        let isZstandard =
            start == [0x28, 0xB5, 0x2F, 0xFD]
            || (start[0] & 0xF0 == 0x50 && start[1...] == [0x2A, 0x4D, 0x18])
        if start.starts(with: Array("DBN".utf8)) || isZstandard {
            self = .dbn
        } else {
            throw Failure(
                .corrupt,
                "\(path) is not a file that tarn knows: it begins with bytes \(FileKind.hex(start.prefix(count)))",
                advice: "DBN is known, plain or compressed by Zstandard")
        }
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.isEmpty
            ? "none" : bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
