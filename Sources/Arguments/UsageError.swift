/// The command line cannot be understood.
public struct UsageError: Error, Hashable {
    /// What is wrong, without the program's name.
    public var message: String
    /// What to do instead.
    public var advice: String?
    /// The words of the command that was meant, such as `tarn raw add`.
    public var path: [String]
    /// One line that shows how it is used.
    public var usage: String?

    public init(_ message: String, advice: String? = nil) {
        self.message = message
        self.advice = advice
        self.path = []
    }

    func at(_ path: [String], usage: String?) -> UsageError {
        var copy = self
        copy.path = path
        copy.usage = usage
        return copy
    }
}
