import JSON

/// Attribute by attribute: each of these either gives a value of the right kind or says where it is missing.
extension ContractParser {
    func fail(_ kind: ContractError.Kind, _ place: String, _ reason: String) -> ContractError {
        ContractError(kind, file: file, place: place, reason)
    }

    /// The members of an object that has no others than the known ones.
    func attributes(
        of value: JSONValue, at place: String, known: Set<String>
    ) throws(ContractError) -> JSONObject {
        guard let object = value.objectValue else {
            throw fail(.invalidValue, place, "expected an object, found \(value.kind)")
        }
        for name in object.names where !known.contains(name) {
            throw fail(.unknownAttribute, place, "nobody has defined the attribute \(shown(name))")
        }
        return object
    }

    func required(_ object: JSONObject, _ name: String, at place: String) throws(ContractError) -> JSONValue {
        guard let value = object[name] else {
            throw fail(.missingAttribute, place, "the attribute \(name) is missing")
        }
        return value
    }

    func string(_ object: JSONObject, _ name: String, at place: String) throws(ContractError) -> String {
        let value = try required(object, name, at: place)
        guard let text = value.stringValue else {
            throw fail(.invalidValue, at(place, name), "expected a string, found \(value.kind)")
        }
        return text
    }

    func integer(_ object: JSONObject, _ name: String, at place: String) throws(ContractError) -> Int64 {
        let value = try required(object, name, at: place)
        guard let integer = value.integerValue else {
            throw fail(.invalidValue, at(place, name), "expected a whole number, found \(value.kind)")
        }
        return integer
    }

    func optionalString(
        _ object: JSONObject, _ name: String, at place: String
    ) throws(ContractError) -> String? {
        object[name] == nil ? nil : try string(object, name, at: place)
    }

    /// An optional string that says something when it is there.
    func nonEmpty(_ object: JSONObject, _ name: String, at place: String) throws(ContractError) -> String? {
        let text = try optionalString(object, name, at: place)
        if text == "" { throw fail(.invalidValue, at(place, name), "the text is empty") }
        return text
    }

    /// Avro names: a letter or `_`, then letters, digits and `_`.
    func requireAvroName(_ name: String, at place: String) throws(ContractError) {
        func isLetter(_ byte: UInt8) -> Bool {
            let lowercase = byte | 0x20
            return lowercase >= UInt8(ascii: "a") && lowercase <= UInt8(ascii: "z")
                || byte == UInt8(ascii: "_")
        }
        func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
        guard let first = name.utf8.first, isLetter(first), name.utf8.count <= 200,
            name.utf8.allSatisfy({ isLetter($0) || isDigit($0) })
        else {
            throw fail(
                .illegalName, place,
                "\(shown(name)) is not a name of letters, digits and _, not beginning with a digit")
        }
    }

    /// A text of the file for a message: quoted, escaped and not longer than a line.
    func shown(_ text: String, quoted: Bool = true) -> String {
        let brief =
            text.utf8.count <= 80 ? text : String(text.unicodeScalars.prefix(60).map(Character.init)) + "…"
        let escaped = JSONValue.string(brief).serialized()
        return quoted ? escaped : String(escaped.dropFirst().dropLast())
    }

    private func at(_ place: String, _ attribute: String) -> String {
        place.isEmpty ? attribute : "\(place), \(attribute)"
    }
}
