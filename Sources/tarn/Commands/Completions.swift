import Arguments
import Lake
import Terminal

struct Completions: Command {
    static var about: About {
        About(
            "completions", "Print the completion script of a shell.",
            discussion: """
                The script asks tarn itself for what fits, so products, tables, symbols and dates are those of the \
                project and lake at hand.
                """,
            examples: [
                Example("source <(tarn completions bash)", "completes in this shell; a line for .bashrc"),
                Example("tarn completions zsh > ~/.zfunc/_tarn", "with ~/.zfunc on the fpath"),
                Example(
                    "tarn completions fish > ~/.config/fish/completions/tarn.fish", "for every fish to come"),
            ])
    }

    @Flag("words", help: "Print what may stand where these words end; used by the scripts.") var words
    @Arguments(
        .anything("SHELL", completion: .words(Shell.allCases.map(\.rawValue))), help: "bash, zsh or fish.")
    var arguments: [String]

    func validate() throws(UsageError) {
        if !words, arguments.count != 1 || Shell(rawValue: arguments[0]) == nil {
            throw UsageError("one of \(Shell.allCases.map(\.rawValue).joined(separator: ", ")) is wanted")
        }
    }

    func run(in session: Session) {
        guard words else {
            session.console.result(Shell(rawValue: arguments[0])!.script(for: "tarn"))
            return
        }
        let offer = Tarn.program.offer(after: arguments.dropLast(), typing: arguments.last ?? "") { subject in
            vocabulary(of: subject, in: session)
        }
        for (word, note) in offer.words { session.console.result("\(word)\t\(note)") }
        if offer.paths == .files { session.console.result(":files\t") }
        if offer.paths == .directories { session.console.result(":directories\t") }
    }

    /// The words of the project that a subject stands for; none where there is no project.
    private func vocabulary(of subject: String, in session: Session) -> [String] {
        guard let subject = Subject(rawValue: subject) else { return [] }
        let words: Set<String>? =
            switch subject {
            case .product: (try? session.contracts()).map { Set($0.datasets.map(\.product)) }
            case .table: (try? session.contracts()).map { Set($0.datasets.map(\.table)) }
            case .dataset: (try? session.contracts()).map { Set($0.datasets.map(\.description)) }
            case .symbol: (try? session.project().lake.partitions()).map { Set($0.map(\.symbol)) }
            case .date:
                (try? session.project().lake).map { lake in
                    let raw = (try? RawStore(lake).days())?.map(\.location.date) ?? []
                    return Set((((try? lake.partitions())?.map(\.date) ?? []) + raw).map { "\($0)" })
                }
            }
        return (words ?? []).sorted()
    }
}

/// What completions ask the project for: names of the contracts, and what is in the lake.
enum Subject: String {
    case product, table, dataset, symbol, date

    var completion: Completion { .subject(rawValue) }
    var completionOrFiles: Completion { .subject(rawValue, orFiles: true) }
}

extension Form where Value == String {
    /// Any text, even the empty one.
    static func anything(_ label: String, completion: Completion) -> Form {
        Form(label, completion: completion) { (text) throws(InvalidValue) in text }
    }

    static var product: Form { .text(label: "P", completion: Subject.product.completion) }
    static var table: Form { .text(label: "T", completion: Subject.table.completion) }
    static var dataset: Form { .text(label: "DATASET", completion: Subject.dataset.completion) }
}
