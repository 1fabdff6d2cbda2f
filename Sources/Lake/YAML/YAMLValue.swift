/// One value of a YAML file, to be read as what it must be.
package struct YAMLValue {
    package let node: YAMLNode
    package let file: String
    /// What the value belongs to, for messages: `'revision' of stage silver_book`.
    package let place: String

    package func error(_ kind: RegistryError.Kind, _ reason: String) -> RegistryError {
        RegistryError(kind, file: file, line: node.line, "\(place): \(reason)")
    }

    private func wrongType(_ expected: String) -> RegistryError {
        error(.wrongType, "expected \(expected), found \(node.kind)")
    }

    package func text() throws(RegistryError) -> String {
        guard case .scalar(let text, _) = node.content else { throw wrongType("a word") }
        return text
    }

    /// A plain scalar without quotes; nil for quoted ones.
    private func plain(_ expected: String) throws(RegistryError) -> String {
        guard case .scalar(let text, isPlain: true) = node.content else { throw wrongType(expected) }
        return text
    }

    package func integer() throws(RegistryError) -> Int {
        let text = try plain("an integer")
        guard let number = Int(text) else { throw error(.wrongType, "expected an integer, found '\(text)'") }
        return number
    }

    package func boolean() throws(RegistryError) -> Bool {
        switch try plain("true or false") {
        case "true": return true
        case "false": return false
        case let text: throw error(.wrongType, "expected true or false, found '\(text)'")
        }
    }

    package func list() throws(RegistryError) -> [YAMLValue] {
        guard case .sequence(let elements) = node.content else { throw wrongType("a list") }
        return elements.map { YAMLValue(node: $0, file: file, place: place) }
    }

    package func mapping(_ place: String) throws(RegistryError) -> YAMLMapping {
        try YAMLMapping(node, file: file, place: place)
    }

    /// A finite decimal number, `2`, `-0.5` or `1e-3`, without quotes.
    package func number() throws(RegistryError) -> Double {
        let text = try plain("a number")
        let isDecimal = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
        }
        guard isDecimal, let number = Double(text), number.isFinite else {
            throw error(.wrongType, "expected a number, found '\(text)'")
        }
        return number
    }

    /// Nothing at all, `~` or `null`, without quotes.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = node.content else { return false }
        return ["", "~", "null"].contains(text)
    }

    /// One of the words of an enumeration.
    package func choice<Choice: RawRepresentable & CaseIterable>() throws(RegistryError) -> Choice
    where Choice.RawValue == String {
        let word = try text()
        guard let choice = Choice(rawValue: word) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(.invalidValue, "'\(word)' is not one of: \(words)")
        }
        return choice
    }

    /// Plain `null`, `true`, `false` and integers mean those; everything else is text, as are quoted values.
    package func parameter() throws(RegistryError) -> ParameterValue {
        switch node.content {
        case .scalar(let text, let isPlain):
            guard isPlain else { return .text(text) }
            switch text {
            case "", "~", "null": return .null
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            default: return Int64(text).map { .integer($0) } ?? .text(text)
            }
        case .sequence:
            var texts: [String] = []
            for element in try list() { texts.append(try element.text()) }
            return .list(texts)
        case .mapping:
            throw wrongType("a value or a list of words")
        }
    }
}

/// A mapping of a YAML file, with its keys.
package struct YAMLMapping {
    package let members: [(key: YAMLNode.Key, value: YAMLValue)]
    private let file: String
    package let line: Int
    private let place: String

    package init(_ node: YAMLNode, file: String, place: String) throws(RegistryError) {
        guard case .mapping(let members) = node.content else {
            throw RegistryError(
                .wrongType, file: file, line: node.line, "\(place): expected a mapping, found \(node.kind)")
        }
        self.members = members.map {
            ($0.key, YAMLValue(node: $0.value, file: file, place: "'\($0.key.text)' of \(place)"))
        }
        self.file = file
        self.line = node.line
        self.place = place
    }

    package func error(_ kind: RegistryError.Kind, _ line: Int, _ reason: String) -> RegistryError {
        RegistryError(kind, file: file, line: line, "\(place): \(reason)")
    }

    /// All of `keys`, perhaps some of `optional`, and nothing else.
    package func require(keys: [String], optional: [String] = []) throws(RegistryError) {
        for (key, _) in members where !keys.contains(key.text) && !optional.contains(key.text) {
            let known = (keys + optional).sorted().joined(separator: ", ")
            throw error(.unknownKey, key.line, "unknown key '\(key.text)'; known are: \(known)")
        }
        for key in keys where self.optional(key) == nil {
            throw error(.missingKey, line, "the key '\(key)' is missing")
        }
    }

    package func optional(_ key: String) -> YAMLValue? {
        members.first { $0.key.text == key }?.value
    }

    /// The value of a key that may be left out or be null.
    package func given(_ key: String) -> YAMLValue? {
        optional(key).flatMap { $0.isNull ? nil : $0 }
    }

    package func value(_ key: String) throws(RegistryError) -> YAMLValue {
        guard let value = optional(key) else { throw error(.missingKey, line, "the key '\(key)' is missing") }
        return value
    }
}
