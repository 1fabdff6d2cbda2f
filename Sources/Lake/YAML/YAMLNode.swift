import CYAML

/// A YAML text as a tree in which every value knows its line: libyaml's events, put together.
///
/// Hostile texts stay bounded: anchors, aliases and tags are refused (nothing can be repeated by reference),
/// nesting and the number of values are limited, a text holds one document, and no mapping has a key twice.
package struct YAMLNode {
    package let content: Content
    /// 1-based.
    package let line: Int

    package enum Content {
        /// `isPlain`: without quotes, so it may mean a number, a boolean or null.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the order of the text.
        case mapping([(key: Key, value: YAMLNode)])
    }

    package struct Key {
        package let text: String
        package let line: Int
    }

    package static let maximumBytes = 1 << 20
    static let maximumDepth = 16
    static let maximumValues = 50_000

    /// What the value is, for messages.
    package var kind: String {
        switch content {
        case .scalar: "a scalar"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

extension YAMLNode {
    package static func parse(_ bytes: [UInt8], file: String) throws(RegistryError) -> YAMLNode {
        guard bytes.count <= YAMLNode.maximumBytes else {
            throw RegistryError(.tooLarge, file: file, line: 1, "larger than \(YAMLNode.maximumBytes) bytes")
        }
        return try bytes.withUnsafeBufferPointer { (buffer) throws(RegistryError) in
            var composer = YAMLComposer(buffer, file: file)
            return try composer.document()
        }
    }
}

/// Puts the events of libyaml's parser together.
private struct YAMLComposer: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let file: String
    private var values = 0

    /// - Parameter bytes: must outlive the composer.
    init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) {
        // All of self is set at once: the compiler releases members that are not set yet when calls come in between.
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        precondition(yaml_parser_initialize(parser) == 1, "out of memory")
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        self.parser = parser
        self.file = file
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    private func error(_ kind: RegistryError.Kind, _ line: Int, _ reason: String) -> RegistryError {
        RegistryError(kind, file: file, line: line, reason)
    }

    mutating func document() throws(RegistryError) -> YAMLNode {
        try expect(YAML_STREAM_START_EVENT)
        try expect(YAML_DOCUMENT_START_EVENT)
        let root = try node(try next(), depth: 1)
        try expect(YAML_DOCUMENT_END_EVENT)
        try expect(YAML_STREAM_END_EVENT)
        return root
    }

    private mutating func expect(_ type: yaml_event_type_t) throws(RegistryError) {
        let event = try next()
        switch event.kind {
        case .structure(let found) where found == type: return
        case .structure(YAML_STREAM_END_EVENT): throw error(.wrongType, event.line, "the file is empty")
        default: throw error(.syntax, event.line, "one document was expected, here begins another")
        }
    }

    private mutating func node(_ event: Event, depth: Int) throws(RegistryError) -> YAMLNode {
        values += 1
        guard values <= YAMLNode.maximumValues else {
            throw error(.tooLarge, event.line, "more than \(YAMLNode.maximumValues) values")
        }
        guard depth <= YAMLNode.maximumDepth else {
            throw error(.tooLarge, event.line, "nested deeper than \(YAMLNode.maximumDepth) levels")
        }
        switch event.kind {
        case .scalar(let text, let isPlain):
            return YAMLNode(content: .scalar(text, isPlain: isPlain), line: event.line)
        case .structure(YAML_SEQUENCE_START_EVENT):
            return YAMLNode(content: .sequence(try sequence(depth: depth)), line: event.line)
        case .structure(YAML_MAPPING_START_EVENT):
            return YAMLNode(content: .mapping(try mapping(depth: depth)), line: event.line)
        case .structure:
            throw error(.syntax, event.line, "a value was expected")
        }
    }

    private mutating func sequence(depth: Int) throws(RegistryError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let event = try next()
            if case .structure(YAML_SEQUENCE_END_EVENT) = event.kind { return elements }
            elements.append(try node(event, depth: depth + 1))
        }
    }

    private mutating func mapping(depth: Int) throws(RegistryError) -> [(key: YAMLNode.Key, value: YAMLNode)] {
        var members: [(key: YAMLNode.Key, value: YAMLNode)] = []
        var seen: [String: Int] = [:]
        while true {
            let event = try next()
            if case .structure(YAML_MAPPING_END_EVENT) = event.kind { return members }
            guard case .scalar(let key, _) = event.kind else {
                throw error(.wrongType, event.line, "a key must be a word")
            }
            if let first = seen.updateValue(event.line, forKey: key) {
                throw error(.duplicateKey, event.line, "the key '\(key)' is already in line \(first)")
            }
            members.append(
                (YAMLNode.Key(text: key, line: event.line), try node(try next(), depth: depth + 1)))
        }
    }
}

// MARK: - Events

extension YAMLComposer {
    /// What the tree needs of one event of libyaml.
    struct Event {
        enum Kind {
            case scalar(String, isPlain: Bool)
            case structure(yaml_event_type_t)
        }

        let kind: Kind
        /// 1-based.
        let line: Int
    }

    fileprivate mutating func next() throws(RegistryError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { yaml_event_delete(&event) }
        let line = Int(event.start_mark.line) + 1
        switch event.type {
        case YAML_ALIAS_EVENT:
            throw error(.reference, line, "aliases are not allowed here; write the value out")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try refuse(anchor: scalar.anchor, tag: scalar.tag, line)
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return Event(kind: .scalar(String(decoding: bytes, as: UTF8.self), isPlain: isPlain), line: line)
        case YAML_SEQUENCE_START_EVENT:
            try refuse(anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag, line)
        case YAML_MAPPING_START_EVENT:
            try refuse(anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag, line)
        default:
            break
        }
        return Event(kind: .structure(event.type), line: line)
    }

    private func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?, _ line: Int
    ) throws(RegistryError) {
        if anchor != nil { throw error(.reference, line, "anchors are not allowed here") }
        if tag != nil { throw error(.reference, line, "tags are not allowed here") }
    }

    private func problem() -> RegistryError {
        let problem = parser.pointee
        var reason = problem.problem.map { String(cString: $0) } ?? "out of memory"
        if let context = problem.context {
            reason += " \(String(cString: context)) in line \(problem.context_mark.line + 1)"
        }
        return error(.syntax, Int(problem.problem_mark.line) + 1, reason)
    }
}
