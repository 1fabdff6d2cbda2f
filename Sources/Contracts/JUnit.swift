/// Reports in the XML that CI systems read as test results. Without times and hosts, so equal results are
/// equal bytes.
public enum JUnit {
    public struct Suite: Sendable {
        public let name: String
        public let cases: [Case]

        public init(name: String, cases: [Case]) {
            self.name = name
            self.cases = cases
        }
    }

    public struct Case: Sendable {
        public let group: String
        public let name: String
        public let failure: Failure?

        public init(group: String, name: String, failure: Failure?) {
            self.group = group
            self.name = name
            self.failure = failure
        }
    }

    public struct Failure: Sendable {
        public let message: String
        public let details: [String]

        public init(message: String, details: [String]) {
            self.message = message
            self.details = details
        }
    }

    /// The suites as one document.
    public static func xml(_ suites: [Suite]) -> String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text += "<testsuites\(counts(suites.flatMap(\.cases)))>\n"
        for suite in suites {
            text += "  <testsuite name=\"\(escaped(suite.name))\"\(counts(suite.cases))>\n"
            for item in suite.cases { text += xml(item) }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    private static func counts(_ cases: [Case]) -> String {
        " tests=\"\(cases.count)\" failures=\"\(cases.count { $0.failure != nil })\" errors=\"0\""
    }

    private static func xml(_ item: Case) -> String {
        let head = "    <testcase classname=\"\(escaped(item.group))\" name=\"\(escaped(item.name))\""
        guard let failure = item.failure else { return head + "/>\n" }
        let details = failure.details.map(escaped).joined(separator: "\n")
        return head
            + ">\n      <failure message=\"\(escaped(failure.message))\">\(details)</failure>\n    </testcase>\n"
    }

    /// Text for XML content and attributes; characters that XML 1.0 cannot hold become U+FFFD.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            default:
                let isAllowed = scalar.value >= 0x20 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
                result.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
            }
        }
        return result
    }
}
