import CSV
import Testing

@Suite struct `Comma-separated values` {
    @Test func `are quoted as RFC 4180 says, and only then`() {
        var csv = CSVWriter(header: ["a", "%_at_ask", "c,d"])
        csv.append([.string("plain"), .string("say \"no\", or"), .string("two\nlines")])
        #expect(csv.text == "a,%_at_ask,\"c,d\"\nplain,\"say \"\"no\"\", or\",\"two\nlines\"\n")
    }

    @Test func `write null as nothing, an empty text as quotes, numbers by their shortest digits`() {
        var csv = CSVWriter(header: ["a", "b", "c", "d", "e"])
        csv.append([.null, .string(""), .double(0.1), .integer(-9_007_199_254_740_993), .bool(true)])
        #expect(csv.text == "a,b,c,d,e\n,\"\",0.1,-9007199254740993,true\n")
    }
}
