/// What a command says about one of its options or arguments. Parsing, usage, help, completion and the
/// manual page are all made from this.
struct Declaration {
    enum Kind {
        /// `--name`, without a value
        case flag
        /// `--name VALUE`
        case option
        /// `VALUE`, recognised by its place
        case positional
    }

    let kind: Kind
    /// Without dashes; empty for a positional argument.
    let name: String
    /// Without dash.
    var short: Character?
    /// What stands for the value in usage.
    var label = ""
    let help: String
    var isRequired = false
    /// Given, it stands for everything that is required; without it nothing changes.
    var replacesRequired = false
    var takesSeveral = false
    /// Between the values of one option that takes several.
    var separator: Character?
    /// Text of the value that holds when nothing is given.
    var defaultText: String?
    /// The variable that is read when the option is not given.
    var variable: String?
    var completion = Completion.nothing

    /// How messages name it: `--symbol` or `FILE`.
    var title: String { kind == .positional ? label : "--\(name)" }

    /// `--symbol S[,S…]`, `FILE…`, `--overwrite`
    var form: String {
        switch kind {
        case .flag: return title
        case .option:
            guard let separator else { return "\(title) \(label)" }
            return "\(title) \(label)[\(separator)\(label)…]"
        case .positional: return takesSeveral ? "\(label)…" : label
        }
    }
}

/// A property of a command that the parser fills: the reference-typed storage behind each wrapper.
///
/// A command is created anew for each parse, so the storage is never shared.
protocol Parameter: AnyObject {
    var declaration: Declaration { get }
    var isGiven: Bool { get }
    /// Takes one value, or the presence of a flag.
    func take(_ text: String) throws(InvalidValue)
}

/// Options that several commands share. A command holds one as a plain property.
public protocol ParameterGroup {
    init()
}

/// The parameters among the stored properties of a command or group, in the order of their declaration.
func parameters(of holder: Any) -> [any Parameter] {
    Mirror(reflecting: holder).children.flatMap { child -> [any Parameter] in
        if let parameter = child.value as? any Parameter { return [parameter] }
        return child.value is any ParameterGroup ? parameters(of: child.value) : []
    }
}
