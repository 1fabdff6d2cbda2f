/// How the text of one value is written on a command line and read from it.
///
/// A form is a value, not a conformance, so that a type of a lower room can be read without that room
/// knowing about command lines: `Form("D", reading: DateSelection.init(parsing:))`.
public struct Form<Value> {
    /// What stands for the value in usage and help, such as `FILE`.
    public let label: String
    /// What a shell offers after the option.
    public let completion: Completion
    let read: (String) throws(InvalidValue) -> Value

    public init(
        _ label: String, completion: Completion = .nothing,
        reading read: @escaping (String) throws(InvalidValue) -> Value
    ) {
        self.label = label
        self.completion = completion
        self.read = read
    }

    /// The same form under another label or with other completions.
    public func labelled(_ label: String, completion: Completion? = nil) -> Form {
        Form(label, completion: completion ?? self.completion, reading: read)
    }
}

/// What a shell offers where a value is due.
public enum Completion: Hashable, Sendable {
    case nothing
    case words([String])
    case files
    case directories
    /// Words only the application knows, such as the symbols of a lake; asked for by this subject.
    case subject(String, orFiles: Bool = false)
}

/// A value's text was not understood. The message completes the sentence "--option: …".
public struct InvalidValue: Error, Hashable {
    public let message: String
    public let advice: String?

    public init(_ message: String, advice: String? = nil) {
        self.message = message
        self.advice = advice
    }
}

extension Form where Value == String {
    /// Any text but the empty one.
    public static var text: Form { .text(label: "TEXT") }

    public static func text(label: String, completion: Completion = .nothing) -> Form {
        Form(label, completion: completion) { (text) throws(InvalidValue) in
            guard !text.isEmpty else { throw InvalidValue("the value is empty") }
            return text
        }
    }

    /// The path of a file.
    public static var file: Form { .text(label: "FILE", completion: .files) }

    /// The path of a directory.
    public static var directory: Form { .text(label: "DIR", completion: .directories) }
}

extension Form where Value == Int {
    /// A decimal number within bounds.
    public static func integer(_ label: String = "N", in range: ClosedRange<Int>) -> Form {
        Form(label) { (text) throws(InvalidValue) in
            guard let number = Int(text), range.contains(number) else {
                throw InvalidValue(
                    "'\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }
}

extension Form where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of the raw values of an enumeration.
    public static func choice(_ label: String) -> Form {
        let words = Value.allCases.map(\.rawValue)
        return Form(label, completion: .words(words)) { (text) throws(InvalidValue) in
            guard let value = Value(rawValue: text) else { throw .notOneOf(words, text) }
            return value
        }
    }
}

extension InvalidValue {
    /// The text is none of a closed set of words.
    public static func notOneOf(_ words: [String], _ text: String) -> InvalidValue {
        InvalidValue(
            "'\(text)' is not one of \(words.joined(separator: ", "))",
            advice: nearest(to: text, among: words).map { "did you mean '\($0)'?" })
    }
}
