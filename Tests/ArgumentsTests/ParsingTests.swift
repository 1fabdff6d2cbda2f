import Arguments
import Testing

@Suite struct `Reading a command line` {
    @Test func `options, flags and arguments come in any order`() throws {
        let cook = try cook("soup.txt --heat low pea --dry-run leek")
        #expect(cook.recipe == "soup.txt")
        #expect(cook.dishes == ["pea", "leek"])
        #expect(cook.stove.heat == .low)
        #expect(cook.dryRun)
    }

    @Test func `a value follows a space, an equals sign or a short name`() throws {
        #expect(try cook("x --heat=low --minutes 5").stove.minutes == 5)
        #expect(try cook("x --heat=low --minutes=6").stove.minutes == 6)
        #expect(try cook("x --heat=low -m 7").stove.minutes == 7)
        #expect(try cook("x --heat=low -m8").stove.minutes == 8)
        #expect(try cook("x --heat=low").stove.minutes == 20)
    }

    @Test func `a list is joined by commas or repeated, a value with equals signs stays whole`() throws {
        let cook = try cook("x --heat low --spice salt,pepper --spice=thyme --set a=b=c --set d=1,2")
        #expect(cook.spices == ["salt", "pepper", "thyme"])
        #expect(cook.settings == ["a=b=c", "d=1,2"])
    }

    @Test func `options for all commands stand before or after the command`() throws {
        let (command, before) = try parse("--json -qv wash")
        #expect(command is Wash)
        #expect(before.json && before.quiet && before.verbose)
        #expect(try parse("wash --project p").1.project == "p")
        #expect(try parse("stock add -v").1.verbose)
    }

    @Test func `a variable speaks where the option does not`() throws {
        let variables = ["KITCHEN_PROJECT": "home"]
        #expect(try parse("wash", variables: variables).1.project == "home")
        #expect(try parse("wash --project here", variables: variables).1.project == "here")
        #expect(try parse("wash", variables: ["KITCHEN_PROJECT": ""]).1.project == nil)
    }

    @Test func `after two dashes everything is an argument`() throws {
        #expect(try cook("--heat low -- --dry-run -x").recipe == "--dry-run")
        #expect(try cook("--heat low -- --dry-run -x").dishes == ["-x"])
        #expect(try cook("--heat low -").recipe == "-")
    }

    @Test func `version is asked for without a command`() throws {
        guard case .version = try kitchen.parse(["--version"]) else {
            Issue.record("not understood")
            return
        }
    }
}

@Suite struct `Refusing a command line` {
    @Test(arguments: [
        ("cook x --heat lukewarm", "--heat: 'lukewarm' is not one of low, medium, high"),
        ("cook x --heat low --minutes 0", "--minutes: '0' is not a whole number from 1 to 600"),
        ("cook x --heat low --minutes -5", "--minutes: '-5' is not a whole number from 1 to 600"),
        (
            "cook x --heat low --minutes 99999999999999999999",
            "--minutes: '99999999999999999999' is not a whole number from 1 to 600"
        ),
        ("cook x --heat low --heat high", "--heat: given twice"),
        ("cook x --heat", "--heat needs a value: --heat HEAT"),
        ("cook x --heat --dry-run", "--heat needs a value: --heat HEAT"),
        ("cook x --heat low --dry-run=yes", "--dry-run takes no value"),
        ("cook x --heat low --spice a,,b", "--spice: 'a,,b' has an empty part"),
        ("cook", "missing --heat HEAT, FILE"),
        ("wash plates", "unexpected argument 'plates'"),
        ("stock", "a command is missing"),
        ("", "a command is missing"),
        ("wash -z", "unknown option '-z'"),
        ("cook x --heat high -m 90", "--heat high burns after 60 minutes"),
    ])
    func `what is wrong is said`(line: String, message: String) {
        #expect(complaint(line)?.message == message)
    }

    @Test(arguments: [
        ("cok", "did you mean 'cook'?"),
        ("stock ad", "did you mean 'add'?"),
        ("cook x --haet low", "did you mean '--heat'?"),
        ("cook x -heat low", "did you mean '--heat'?"),
        ("cook x --heat hihg", "did you mean 'high'?"),
        ("wash --jsn", "did you mean '--json'?"),
        ("cook x --heat high -m 90", "use --heat low"),
        ("stock add a --spice", nil),
    ])
    func `what was meant is guessed`(line: String, advice: String?) {
        let complaint = complaint(line)
        #expect(complaint != nil)
        #expect(complaint?.advice == advice)
    }

    @Test func `a stray word after a list says how lists are written`() {
        let complaint = complaint("wash a")
        #expect(complaint?.path == ["kitchen", "wash"])
        let list = Program(About("k", ""), globals: Global.self, entries: [.command(Season.self)])
        let found = #expect(throws: UsageError.self) {
            try list.parse(["season", "--spice", "salt", "pepper"])
        }
        #expect(found?.advice == "several values are joined: --spice A,B")
    }

    @Test func `the complaint shows how the command is used`() {
        #expect(complaint("cook")?.usage == "kitchen cook --heat HEAT [options] FILE [DISH…]")
        #expect(complaint("stock")?.usage == "kitchen stock COMMAND")
    }
}

struct Season: Command {
    static var about: About { About("season", "Season.") }
    @Options("spice", .text, separator: ",", help: "") var spices: [String]
    func run(in environment: Void) {}
}
