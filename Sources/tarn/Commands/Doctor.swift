import Arguments
import Glibc
import JSON
import Lake
import Pipeline
import Terminal

struct Doctor: Command {
    static var about: About {
        About(
            "doctor", "Look whether everything that tarn needs is there.",
            discussion: """
                The project and its contracts, the lake, what its file system can do (found out by trying, in \
                _staging), disk space, and what building and reading take beside the program. Exit code 2 when \
                something is missing without which nothing goes.
                """,
            examples: [
                Example("tarn doctor", "looks at the project and lake at hand"),
                Example("tarn doctor --lake /data/lake --json", "at another lake, for scripts"),
            ])
    }

    func run(in session: Session) throws {
        var findings: [Finding] = []
        let project = examineProject(in: session, &findings)
        if let lake = project?.lake ?? session.globals.lake.map({ Lake(root: $0) }) { examine(lake, &findings) }
        examineTools(&findings)
        if session.isJSON {
            session.emit([
                "sound": .bool(!findings.contains { $0.verdict == .fails }),
                "findings": .array(findings.map(\.json)),
            ])
        } else {
            var table = TextTable([.text(""), .text("what"), .text("finding")])
            for finding in findings {
                table.add([
                    .init(finding.verdict.rawValue, finding.verdict.style), .init(finding.what), .init(finding.text),
                ])
            }
            session.console.result(table)
        }
        let failing = findings.filter { $0.verdict == .fails }
        if let first = failing.first {
            throw Failure(.usage, "\(first.what): \(first.text)", advice: first.advice)
        }
    }

    // MARK: - Looking

    private func examineProject(in session: Session, _ findings: inout [Finding]) -> Project? {
        findings.append(Finding(.good, "program", "tarn \(Tarn.version)"))
        do {
            let project = try session.project()
            let tables = project.registry.datasets.count
            findings.append(
                Finding(
                    .good, "project",
                    "\(project.root): \(Human.plural(project.registry.stages.count, "stage")), "
                        + "\(Human.plural(tables, "table")), contracts as compiled"))
            return project
        } catch {
            findings.append(
                Finding(.fails, "project", error.message, advice: error.advice ?? "'tarn init DIR' makes one"))
            return nil
        }
    }

    private func examine(_ lake: Lake, _ findings: inout [Finding]) {
        guard access(lake.root, F_OK) == 0 else {
            findings.append(Finding(.remark, "lake", "\(lake.root) is not there yet; the first file or run makes it"))
            return
        }
        do throws(LakeError) {
            let abilities = try LakeAbilities(lake)
            findings.append(Finding(.good, "lake", "\(lake.root) can be written"))
            let atomic = abilities.renamesExclusively && abilities.exchanges
            findings.append(
                Finding(
                    atomic ? .good : .remark, "publication",
                    atomic
                        ? "partitions are exchanged in one step"
                        : "no atomic exchange here: readers see a partition missing for a moment while it is replaced"))
            findings.append(
                Finding(
                    abilities.locks ? .good : .fails, "locks",
                    abilities.locks ? "flock works" : "flock does not exclude: two runs could harm each other",
                    advice: "put the lake on a local file system"))
            findings.append(
                Finding(
                    .good, "raw files",
                    abilities.clones
                        ? "are cloned"
                        : abilities.hardLinks ? "are linked where they are on the same disk" : "are copied"))
            findings.append(space(abilities))
        } catch {
            findings.append(Finding(.fails, "lake", "\(error)", advice: "it must be writable"))
        }
    }

    /// A day of one future's surfaces is one to two gigabytes.
    private func space(_ abilities: LakeAbilities) -> Finding {
        let free = Int(clamping: abilities.freeBytes)
        let text =
            "\(Human.bytes(free)) of \(Human.bytes(Int(clamping: abilities.totalBytes))) free"
            + (abilities.totalFiles > 0 ? ", room for \(Human.count(Int(clamping: abilities.freeFiles))) files" : "")
        let isShort = free < 5_000_000_000 || (abilities.totalFiles > 0 && abilities.freeFiles < 10_000)
        return Finding(isShort ? .remark : .good, "disk", isShort ? "only \(text)" : text)
    }

    private func examineTools(_ findings: inout [Finding]) {
        for (what, program, use) in [
            ("building", "swift", "a Swift toolchain builds the program"),
            ("python", "python3", "Python reads the lake"),
        ] {
            let place = Doctor.onPath(program)
            findings.append(
                Finding(
                    place == nil ? .remark : .good, what,
                    place.map { "\($0)" } ?? "no \(program) on the PATH: \(use), tarn itself goes without"))
        }
    }

    private static func onPath(_ program: String) -> String? {
        guard let path = Terminal.variable("PATH") else { return nil }
        return path.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }

    // MARK: - Findings

    private struct Finding {
        enum Verdict: String {
            case good = "ok"
            /// Works, with a drawback.
            case remark = "note"
            case fails = "FAIL"

            var style: Style {
                switch self {
                case .good: .good
                case .remark: .caution
                case .fails: .bad
                }
            }
        }

        let verdict: Verdict
        let what: String
        let text: String
        let advice: String?

        init(_ verdict: Verdict, _ what: String, _ text: String, advice: String? = nil) {
            self.verdict = verdict
            self.what = what
            self.text = text
            self.advice = verdict == .fails ? advice : nil
        }

        var json: JSONValue {
            [
                "what": .string(what), "verdict": .string(verdict == .fails ? "fail" : verdict.rawValue),
                "text": .string(text),
            ]
        }
    }
}
