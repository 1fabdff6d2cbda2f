import Arguments
import Glibc
import JSON
import Pipeline
import Terminal

struct Init: Command {
    static var about: About {
        About(
            "init", "Make a project of one's own: registry, contracts and lake in a directory.",
            discussion: """
                Copies registry and contracts of the project at hand, or of the installed program, so that the lake \
                and what you change lie outside the program's sources. Contracts must stay those that the program was \
                built from; parameters, roots and lake_root in datasets.yaml are yours.
                """,
            examples: [
                Example("tarn init ~/research", "a project with its lake in ~/research/lake"),
                Example("tarn init ~/research --lake /data/lake", "with the lake on another disk"),
            ])
    }

    @Argument(.directory, help: "Directory of the project; made if it is not there.") var directory: String
    @Option("from", .directory, help: "Project to copy; without it the one at hand, then that of the installation.")
    var template: String?

    func run(in session: Session) throws {
        let template = try template ?? Init.template(in: session)
        let contracts = try NewProject.make(at: directory, from: template, lake: session.globals.lake.map(absolute))
        let project = try Project(root: directory)
        if session.isJSON {
            session.emit([
                "project": .string(directory), "lake": .string(project.lake.root),
                "contracts": .integer(Int64(contracts)), "template": .string(template),
            ])
            return
        }
        session.console.result("project  \(directory)")
        session.console.result("lake     \(project.lake.root)")
        session.console.note("\(Human.plural(contracts, "contract")) from \(template)")
        session.console.note("next: cd \(directory) && tarn raw add FILE… && tarn doctor")
    }

    /// The lake of a project at hand is not the new one's.
    private func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let here = realpath(".", nil) else { return path }
        defer { free(here) }
        return "\(String(cString: here))/\(path)"
    }

    private static func template(in session: Session) throws(Failure) -> String {
        if let here = try? session.projectRoot() { return here }
        guard let installed = installedProject() else {
            throw Failure(
                .usage, "there is no project here to copy, and this program was not installed with one",
                advice: "name one with --from DIR")
        }
        return installed
    }

    /// `share/tarn` beside the program's `bin`.
    static func installedProject() -> String? {
        guard let program = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(program) }
        let steps = String(cString: program).split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        let folder = steps.joined(separator: "/") + "/share/tarn"
        return access("\(folder)/datasets.yaml", F_OK) == 0 ? folder : nil
    }
}
