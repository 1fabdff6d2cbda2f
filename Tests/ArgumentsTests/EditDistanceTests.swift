import Arguments
import Testing

@Suite struct `Finding the word that was meant` {
    @Test(arguments: [
        ("symbl", "symbol"), ("smybol", "symbol"), ("symbols", "symbol"), ("overwrit", "overwrite"),
        ("OVERWRITE", "overwrite"),
    ])
    func `a slip of one letter finds its word`(text: String, word: String) {
        #expect(nearest(to: text, among: ["overwrite", "symbol", "set"]) == word)
    }

    @Test func `the beginning of a word finds it`() {
        #expect(nearest(to: "prod", among: ["symbol", "product-type"]) == "product-type")
    }

    @Test func `a word unlike all others finds none`() {
        #expect(nearest(to: "quantum", among: ["symbol", "overwrite"]) == nil)
        #expect(nearest(to: "", among: ["symbol"]) == nil)
    }
}
