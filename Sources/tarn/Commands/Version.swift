import Arguments
import JSON

struct Version: Command {
    static var about: About { About("version", "Print the version.") }

    func run(in session: Session) {
        if session.isJSON {
            session.emit(["version": .string(Tarn.version)])
        } else {
            session.console.result("tarn \(Tarn.version)")
        }
    }
}
