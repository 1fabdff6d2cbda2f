import JSON

/// What a manifest does not say as it should.
struct ManifestError: Error {
    /// Where, as in `inputs[2].sha256`.
    let place: String
    let expected: String
}

/// One object of a manifest, read strictly: each member has its type, and no integer is negative.
struct ManifestReader {
    private let object: JSONObject
    /// Where the object is, and which element of the array there.
    private let place: String
    private let index: Int?

    init(_ json: JSONValue, place: String, index: Int? = nil) throws(ManifestError) {
        guard case .object(let object) = json else {
            throw ManifestError(place: place, expected: "an object")
        }
        self.object = object
        self.place = place
        self.index = index
    }

    func error(_ name: String, _ expected: String) -> ManifestError {
        ManifestError(place: path(name), expected: expected)
    }

    private func path(_ name: String) -> String {
        place.isEmpty ? name : index.map { "\(place)[\($0)].\(name)" } ?? "\(place).\(name)"
    }

    /// Exactly these members, which are given in ascending order, as objects have them.
    func require(members: [String]) throws(ManifestError) {
        if object.members.elementsEqual(members, by: { $0.name.utf8.elementsEqual($1.utf8) }) { return }
        for member in object.members where !members.contains(member.name) {
            throw error(member.name, "no such member")
        }
        throw error(members.first { object[$0] == nil } ?? "", "this member")
    }

    func has(_ name: String) -> Bool { object[name] != nil }

    private func value(_ name: String) throws(ManifestError) -> JSONValue {
        guard let value = object[name] else { throw error(name, "this member") }
        return value
    }

    func text(_ name: String) throws(ManifestError) -> String {
        guard let text = try value(name).stringValue else { throw error(name, "a string") }
        return text
    }

    func boolean(_ name: String) throws(ManifestError) -> Bool {
        guard let flag = try value(name).boolValue else { throw error(name, "true or false") }
        return flag
    }

    func integer(_ name: String) throws(ManifestError) -> Int64 {
        guard let number = try value(name).integerValue, number >= 0 else {
            throw error(name, "an integer from 0")
        }
        return number
    }

    func optionalInteger(_ name: String) throws(ManifestError) -> Int64? {
        try value(name).isNull ? nil : integer(name)
    }

    /// SHA-256 in lowercase hexadecimal digits.
    func digest(_ name: String) throws(ManifestError) -> String {
        let text = try text(name)
        guard isDigest(text) else { throw error(name, "64 lowercase hexadecimal digits") }
        return text
    }

    func optionalDigest(_ name: String) throws(ManifestError) -> String? {
        try value(name).isNull ? nil : digest(name)
    }

    func object(_ name: String, members: [String]) throws(ManifestError) -> ManifestReader {
        let reader = try ManifestReader(value(name), place: path(name))
        try reader.require(members: members)
        return reader
    }

    func array(_ name: String) throws(ManifestError) -> [ManifestReader] {
        guard let elements = try value(name).arrayValue else { throw error(name, "an array") }
        var readers: [ManifestReader] = []
        readers.reserveCapacity(elements.count)
        let place = path(name)
        for (index, element) in elements.enumerated() {
            readers.append(try ManifestReader(element, place: place, index: index))
        }
        return readers
    }

    func counts(_ name: String) throws(ManifestError) -> [String: Int64] {
        let inner = try ManifestReader(value(name), place: path(name))
        var counts: [String: Int64] = [:]
        for member in inner.object.members { counts[member.name] = try inner.integer(member.name) }
        return counts
    }

    func parameters(_ name: String) throws(ManifestError) -> [String: ParameterValue] {
        let inner = try ManifestReader(value(name), place: path(name))
        var parameters: [String: ParameterValue] = [:]
        for member in inner.object.members {
            guard let value = ParameterValue(member.value) else {
                throw inner.error(member.name, "null, a boolean, an integer, a string or a list of strings")
            }
            parameters[member.name] = value
        }
        return parameters
    }
}

/// 64 lowercase hexadecimal digits.
func isDigest(_ text: some StringProtocol) -> Bool {
    text.utf8.count == 64
        && text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
}
