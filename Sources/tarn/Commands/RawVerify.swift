import Arguments
import JSON
import Lake
import Pipeline
import Terminal

struct RawVerify: Command {
    static var about: About {
        About(
            "verify", "Read raw files again and compare their hashes with the recorded ones.",
            examples: [Example("tarn raw verify --dt 2026-03-03", "checks the files of one date")])
    }

    var selection = RawSelection()

    func run(in session: Session) throws {
        let store = RawStore(try session.project().lake)
        let files = try selection.days(of: store).flatMap(\.files)
        let total = files.reduce(0) { $0 + Int($1.bytes) }
        var done = 0
        var failures: [Failure] = []
        for file in files {
            session.console.progress(Progress(label: file.name, done: done, total: total, unit: "B"))
            if let damage = try store.damage(of: file) {
                let failure = Failure(explaining: damage)
                session.console.error(failure.message)
                failures.append(failure)
            } else {
                session.console.detail("\(file.path): agrees")
            }
            done += Int(file.bytes)
        }
        session.console.endProgress()
        session.report(
            [
                "files": .integer(Int64(files.count)), "bytes": .integer(Int64(total)),
                "failures": .array(failures.map(\.json)),
            ],
            failures.isEmpty
                ? "\(Human.plural(files.count, "file")), \(Human.bytes(total)): all as recorded" : nil)
        guard failures.isEmpty else {
            throw Failure(
                .combining(failures.map(\.status)),
                "\(Human.count(failures.count)) of \(Human.plural(files.count, "file")) \(failures.count == 1 ? "is" : "are") damaged",
                advice: "get the vendor's file again, remove the damaged one, and add it with 'tarn raw add'")
        }
    }
}
