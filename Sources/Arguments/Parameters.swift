/// `--name VALUE`, at most once.
@propertyWrapper
public final class Option<Value>: Parameter {
    let declaration: Declaration
    private let read: (String) throws(InvalidValue) -> Value
    private var value: Value?
    private(set) var isGiven = false

    /// An option that must be given.
    public init(_ name: String, short: Character? = nil, _ form: Form<Value>, help: String) {
        declaration = Declaration(
            kind: .option, name: name, short: short, label: form.label, help: help, isRequired: true,
            completion: form.completion)
        read = form.read
    }

    /// An option with a default.
    public init(
        wrappedValue: Value, _ name: String, short: Character? = nil, _ form: Form<Value>,
        defaultText: String? = nil, help: String
    ) {
        declaration = Declaration(
            kind: .option, name: name, short: short, label: form.label, help: help,
            defaultText: defaultText ?? "\(wrappedValue)", completion: form.completion)
        read = form.read
        value = wrappedValue
    }

    /// An option that may be absent.
    ///
    /// - Parameter replacesRequired: with it nothing that is required may be given; the command must not read that.
    /// - Parameter form: how the value is written.
    /// - Parameter help: a sentence.
    /// - Parameter name: without dashes.
    /// - Parameter short: one letter that stands for the name.
    /// - Parameter variable: of the environment, read when the option is not given.
    public init<Wrapped>(
        _ name: String, short: Character? = nil, _ form: Form<Wrapped>, variable: String? = nil,
        replacesRequired: Bool = false, help: String
    ) where Value == Wrapped? {
        declaration = Declaration(
            kind: .option, name: name, short: short, label: form.label, help: help,
            replacesRequired: replacesRequired, variable: variable, completion: form.completion)
        read = { (text) throws(InvalidValue) in try form.read(text) }
        value = .some(nil)
    }

    public var wrappedValue: Value {
        guard let value else {
            preconditionFailure("--\(declaration.name) read before the command was parsed")
        }
        return value
    }

    func take(_ text: String) throws(InvalidValue) {
        guard !isGiven else { throw InvalidValue("given twice") }
        value = try read(text)
        isGiven = true
    }
}

/// `--name VALUE`, any number of times; with a separator also several values at once.
@propertyWrapper
public final class Options<Element>: Parameter {
    let declaration: Declaration
    private let read: (String) throws(InvalidValue) -> Element
    public private(set) var wrappedValue: [Element] = []
    var isGiven: Bool { !wrappedValue.isEmpty }

    public init(
        _ name: String, short: Character? = nil, _ form: Form<Element>, separator: Character? = nil,
        isRequired: Bool = false, help: String
    ) {
        declaration = Declaration(
            kind: .option, name: name, short: short, label: form.label, help: help, isRequired: isRequired,
            takesSeveral: true, separator: separator, completion: form.completion)
        read = form.read
    }

    func take(_ text: String) throws(InvalidValue) {
        guard let separator = declaration.separator else {
            wrappedValue.append(try read(text))
            return
        }
        for part in text.split(separator: separator, omittingEmptySubsequences: false) {
            guard !part.isEmpty else { throw InvalidValue("'\(text)' has an empty part") }
            wrappedValue.append(try read(String(part)))
        }
    }
}

/// `--name`, present or not.
@propertyWrapper
public final class Flag: Parameter {
    let declaration: Declaration
    public private(set) var wrappedValue = false
    var isGiven: Bool { wrappedValue }

    public init(_ name: String, short: Character? = nil, variable: String? = nil, help: String) {
        declaration = Declaration(kind: .flag, name: name, short: short, help: help, variable: variable)
    }

    func take(_ text: String) {
        wrappedValue = true
    }
}

/// A value recognised by its place.
@propertyWrapper
public final class Argument<Value>: Parameter {
    let declaration: Declaration
    private let read: (String) throws(InvalidValue) -> Value
    private var value: Value?
    private(set) var isGiven = false

    /// An argument that must be given.
    public init(_ form: Form<Value>, help: String) {
        declaration = Declaration(
            kind: .positional, name: "", label: form.label, help: help, isRequired: true,
            completion: form.completion)
        read = form.read
    }

    /// An argument that may be absent.
    public init<Wrapped>(_ form: Form<Wrapped>, help: String) where Value == Wrapped? {
        declaration = Declaration(
            kind: .positional, name: "", label: form.label, help: help, completion: form.completion)
        read = { (text) throws(InvalidValue) in try form.read(text) }
        value = .some(nil)
    }

    public var wrappedValue: Value {
        guard let value else {
            preconditionFailure("\(declaration.label) read before the command was parsed")
        }
        return value
    }

    func take(_ text: String) throws(InvalidValue) {
        value = try read(text)
        isGiven = true
    }
}

/// The values after all other arguments.
@propertyWrapper
public final class Arguments<Element>: Parameter {
    let declaration: Declaration
    private let read: (String) throws(InvalidValue) -> Element
    public private(set) var wrappedValue: [Element] = []
    var isGiven: Bool { !wrappedValue.isEmpty }

    public init(_ form: Form<Element>, isRequired: Bool = true, help: String) {
        declaration = Declaration(
            kind: .positional, name: "", label: form.label, help: help, isRequired: isRequired,
            takesSeveral: true, completion: form.completion)
        read = form.read
    }

    func take(_ text: String) throws(InvalidValue) {
        wrappedValue.append(try read(text))
    }
}
