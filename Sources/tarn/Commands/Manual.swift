import Arguments
import Pipeline

struct Manual: Command {
    static var about: About {
        About(
            "manual", "Print the manual page.",
            examples: [
                Example("tarn manual | man -l -", "shows it"),
                Example("tarn manual > ~/.local/share/man/man1/tarn.1", "for 'man tarn'"),
            ])
    }

    func run(in session: Session) {
        let page = Tarn.program.manual(
            version: Tarn.version,
            sections: [
                .init("EXIT STATUS", ExitStatus.allCases.map { ("\($0.rawValue)", $0.explanation) }),
                .init(
                    "FILES",
                    [
                        (
                            "datasets.yaml",
                            "The registry of a project: which stage makes which tables from which inputs."
                        ),
                        ("contracts/", "What every table is, column by column."),
                        ("lake/", "The lake, where neither --lake nor the registry's lake_root names another."),
                    ]),
            ])
        session.console.result(String(page.dropLast()))
    }
}

extension ExitStatus {
    /// What the code means, in a sentence.
    var explanation: String {
        switch self {
        case .done: "Done, or everything was fresh."
        case .failed: "Tasks failed for different reasons."
        case .usage: "Wrong usage or configuration."
        case .violation: "A contract is violated."
        case .notReady: "Input is missing, or own output is stale without --overwrite."
        case .corrupt: "Input or a partition is corrupt."
        case .transient: "Out of space or I/O; safe to retry."
        case .interrupted: "Interrupted, after cleaning up."
        }
    }
}
