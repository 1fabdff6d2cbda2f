import Arguments
import Testing

@Suite struct `Help` {
    @Test func `a command's help holds everything that is declared`() throws {
        let text = try help("cook --help")
        #expect(text.hasPrefix("Cook dishes.\n\nusage: kitchen cook --heat HEAT [options] FILE [DISH…]\n"))
        for expected in [
            "Dishes are cooked in the order given.", "--heat HEAT ", "[required]", "-m, --minutes N",
            "[default: 20]",
            "--spice S[,S…]", "--set K=V", "[may be repeated]", "--dry-run", "--project DIR",
            "[also KITCHEN_PROJECT]",
            "-h, --help", "examples:\n  kitchen cook --heat low soup\n      cooks a soup slowly",
        ] {
            #expect(text.contains(expected), "\(expected)")
        }
    }

    @Test func `help is found in each way it is asked for`() throws {
        let text = try help("cook -h")
        #expect(try help("help cook") == text)
        #expect(try help("cook --minutes 3 --help") == text)
        #expect(try help("--help").contains("stock  The larder."))
        #expect(try help("stock --help").contains("add  Buy something."))
        #expect(try help("help stock add") == help("stock add -h"))
        #expect(complaint("help cok")?.advice == "did you mean 'cook'?")
    }

    @Test(arguments: [40, 60, 80, 100])
    func `no line is longer than the terminal is wide`(width: Int) throws {
        for line in try help("cook --help", width: width).split(separator: "\n") {
            #expect(line.count <= width, "\(line)")
        }
    }
}

@Suite struct `Completion` {
    func offer(_ words: String..., typing last: String = "") -> [String] {
        kitchen.offer(after: words, typing: last) { $0 == "spices" ? ["salt", "sage", "thyme"] : [] }.words
            .map(\.word)
    }

    @Test func `commands and their groups are offered`() {
        #expect(offer() == ["cook", "wash", "stock"])
        #expect(offer(typing: "co") == ["cook"])
        #expect(offer("stock") == ["add"])
    }

    @Test func `options of the command and of all commands are offered`() {
        #expect(offer("cook", typing: "--m") == ["--minutes"])
        #expect(offer("wash", typing: "--") == ["--json", "--quiet", "--verbose", "--project", "--help"])
    }

    @Test func `values are offered where they are due`() {
        #expect(offer("cook", "--heat") == ["low", "medium", "high"])
        #expect(offer("cook", typing: "--heat=h") == ["--heat=high"])
        #expect(offer("cook", "--heat", "=", typing: "h") == ["high"])
        #expect(offer("cook", "--spice", typing: "s") == ["salt", "sage"])
        #expect(offer("cook", "--spice", typing: "salt,th") == ["salt,thyme"])
        #expect(offer("cook", "--heat", "low", "--minutes") == [])
    }

    @Test func `paths are left to the shell`() {
        let first = kitchen.offer(after: ["cook"], typing: "") { _ in [] }
        #expect(first.paths == .files)
        let second = kitchen.offer(after: ["cook", "recipe"], typing: "") { _ in [] }
        #expect(second.paths == .nothing)
        #expect(kitchen.offer(after: ["--project"], typing: "") { _ in [] }.paths == .directories)
    }
}
