/// Shell completion: a small script for each shell asks the program itself, so that options, files and
/// words of the application (symbols, dates) come from one place and are never out of date.
extension Program {
    /// What may stand where a line of words ends.
    public struct Offer {
        /// Word and explanation.
        public var words: [(word: String, note: String)] = []
        /// The shell should offer paths, too.
        public var paths = Completion.nothing
    }

    /// What fits after some words.
    ///
    /// - Parameters:
    ///   - words: the words before the last one, without the program's name.
    ///   - last: the word being typed, maybe empty.
    ///   - subject: the application's own words for a `Completion.subject`.
    public func offer(after words: [String], typing last: String, subject: (String) -> [String]) -> Offer {
        var place = Place<Environment>.program
        var own = parameters(of: Globals()).map(\.declaration)
        var pending: Declaration?
        var positionals = 0
        for word in words {
            // Bash takes `--name=value` for three words.
            if word == "=", pending != nil { continue }
            if pending != nil {
                pending = nil
            } else if word.hasPrefix("-") {
                pending = own.first {
                    $0.kind == .option && (word == $0.title || word == $0.short.map { "-\($0)" })
                }
            } else if let next = self.place(word, below: place) {
                place = next
                if case .command(let type, _) = next {
                    own = parameters(of: type.init()).map(\.declaration) + own
                }
            } else {
                positionals += 1
            }
        }
        var offer = Offer()
        if let pending {
            offer.add(pending, last == "=" ? "" : last, subject: subject)
        } else if let equals = last.firstIndex(of: "="), last.hasPrefix("--") {
            let name = last[..<equals]
            guard let option = own.first(where: { $0.kind == .option && $0.title == name }) else {
                return offer
            }
            offer.add(option, String(last[last.index(after: equals)...]), subject: subject)
            offer.words = offer.words.map { ("\(name)=\($0.word)", $0.note) }
        } else if last.hasPrefix("-") {
            for option in own where option.kind != .positional && option.title.hasPrefix(last) {
                offer.words.append((option.title, option.help))
            }
            if "--help".hasPrefix(last) { offer.words.append(("--help", "Show this help.")) }
        } else if let choices = choices(at: place) {
            for choice in choices where choice.name.hasPrefix(last) {
                offer.words.append((choice.name, choice.summary))
            }
        } else {
            let places = own.filter { $0.kind == .positional }
            if let argument = positionals < places.count ? places[positionals] : places.last,
                positionals < places.count || argument.takesSeveral
            {
                offer.add(argument, last, subject: subject)
            }
        }
        return offer
    }
}

extension Program.Offer {
    /// Adds the values of one option. Where several are joined by a separator, the last one is completed.
    mutating func add(_ declaration: Declaration, _ typed: String, subject: (String) -> [String]) {
        var head = ""
        var tail = typed
        if let separator = declaration.separator, let cut = typed.lastIndex(of: separator) {
            head = String(typed[...cut])
            tail = String(typed[typed.index(after: cut)...])
        }
        let candidates: [String]
        switch declaration.completion {
        case .nothing: candidates = []
        case .words(let list): candidates = list
        case .subject(let name, let orFiles):
            candidates = subject(name)
            if orFiles { paths = .files }
        case .files, .directories:
            candidates = []
            paths = declaration.completion
        }
        words += candidates.filter { $0.hasPrefix(tail) }.map { (head + $0, "") }
    }
}

/// The shells that completions are made for.
public enum Shell: String, CaseIterable, Sendable {
    case bash, zsh, fish

    /// The script a user sources. It calls `PROGRAM completions --words`, which prints one candidate a line:
    /// word, tab, explanation; a line `:files` or `:directories` asks for paths.
    ///
    /// - Parameter program: name of the command on the path.
    public func script(for program: String) -> String {
        switch self {
        case .bash:
            """
            # bash completion of \(program): source <(\(program) completions bash)
            _\(program)() {
                local line word cur="${COMP_WORDS[COMP_CWORD]}"
                COMPREPLY=()
                while IFS= read -r line; do
                    word="${line%%$'\\t'*}"
                    case "$word" in
                        :files) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur") ;;
                        :directories) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur") ;;
                        *) COMPREPLY+=("$(printf '%q' "$word")") ;;
                    esac
                done < <(\(program) completions --words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
            }
            complete -F _\(program) \(program)

            """
        case .zsh:
            """
            #compdef \(program)
            # zsh completion of \(program): source <(\(program) completions zsh), or put it on the fpath as _\(program)
            _\(program)() {
                local line word note
                local -a described
                while IFS= read -r line; do
                    word="${line%%$'\\t'*}"
                    note="${line#*$'\\t'}"
                    case "$word" in
                        :files) _files ;;
                        :directories) _files -/ ;;
                        *) described+=("${word//:/\\\\:}${note:+:$note}") ;;
                    esac
                done < <(\(program) completions --words -- "${(@)words[2,CURRENT]}" 2>/dev/null)
                (( ${#described} )) && _describe -V '\(program)' described
            }
            if [ "$funcstack[1]" = "_\(program)" ]; then _\(program) "$@"; else compdef _\(program) \(program); fi

            """
        case .fish:
            """
            # fish completion of \(program): \(program) completions fish | source
            function __\(program)_words
                set -l words (commandline -opc) (commandline -ct)
                for line in (\(program) completions --words -- $words[2..-1] 2>/dev/null)
                    switch $line
                        case ':files*'
                            __fish_complete_path (commandline -ct)
                        case ':directories*'
                            __fish_complete_directories (commandline -ct)
                        case '*'
                            echo $line
                    end
                end
            end
            complete -c \(program) -f -a '(__\(program)_words)'

            """
        }
    }
}
