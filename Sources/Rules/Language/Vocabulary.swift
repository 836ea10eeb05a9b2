internal import Diagnostics

/// The words and macros of all files, and who may use which.
struct Vocabulary {
    /// A word list or macro, by the file that defines it.
    struct Term: Hashable {
        var file: Int
        var name: String
    }

    /// What a term stands for, local changes included.
    enum Meaning {
        case words(WordList)
        case macro(WrittenPattern)
    }

    let files: [RuleFile]
    private(set) var meanings: [Term: Meaning] = [:]
    private(set) var places: [Term: Place] = [:]
    /// For each file the names that its patterns may use.
    private(set) var visible: [[String: Term]] = []
    /// For each file whether a part of its vocabulary could not be read.
    private(set) var isIncomplete: [Bool] = []
    /// The terms that a rule uses, directly or by a macro.
    private(set) var used: Set<Term> = []
    /// Macros with a mistake of their own; nothing is said about the rules that use them.
    private var broken: Set<Term> = []
    /// What was written out before, without mistakes.
    private var written: [Use: WrittenOut] = [:]

    /// A term where a pattern uses it.
    private struct Use: Hashable {
        var term: Term
        var isBare: Bool
    }

    private struct WrittenOut {
        var text: String
        /// The term itself and those that it uses.
        var terms: Set<Term>
    }

    init(_ files: [RuleFile], into findings: inout Findings) {
        self.files = files
        for file in files where !file.isLocal { self.define(file, into: &findings) }
        for file in files where file.isLocal { self.change(by: file, into: &findings) }
        let includes = Includes(files, into: &findings)
        for file in files {
            self.isIncomplete.append(includes.reach(of: file.index).contains { files[$0].isUnreadable })
            self.visible.append(self.names(of: file, includes, into: &findings))
        }
        for term in self.meanings.keys.sorted(by: { ($0.file, $0.name) < ($1.file, $1.name) }) {
            if case .macro(let pattern) = self.meanings[term] { self.check(pattern, of: term, into: &findings) }
        }
        // Only a rule's use counts, and the check has used every macro.
        self.used = []
    }

    // MARK: Definitions

    private mutating func define(_ file: RuleFile, into findings: inout Findings) {
        for entry in file.words {
            guard case .list(let words, let endings) = entry.content else { continue }
            let meaning = Meaning.words(WordList(words: words, endings: endings))
            self.define(entry.name, in: file, meaning, into: &findings)
        }
        for entry in file.macros { self.define(entry.name, in: file, .macro(entry.pattern), into: &findings) }
    }

    private mutating func define(
        _ name: Written<String>,
        in file: RuleFile,
        _ meaning: Meaning,
        into findings: inout Findings
    ) {
        let term = Term(file: file.index, name: name.value)
        if let first = self.places[term] {
            return findings.error(
                "duplicate-name",
                at: name.place,
                "\"\(name.value)\" is also defined at \(first)",
                hint: "rename one of them"
            )
        }
        self.meanings[term] = meaning
        self.places[term] = name.place
    }

    /// Applies a local file to the shipped terms of the same names, and adds its own.
    private mutating func change(by file: RuleFile, into findings: inout Findings) {
        let shipped = self.meanings.keys.filter { !self.files[$0.file].isLocal }
        for entry in file.words {
            let terms = shipped.filter { $0.name == entry.name.value }
            switch entry.content {
            case .list(let words, let endings):
                let meaning = Meaning.words(WordList(words: words, endings: endings))
                if terms.isEmpty { self.define(entry.name, in: file, meaning, into: &findings) }
                for term in terms { self.replace(term, by: meaning, at: entry.name.place, into: &findings) }
            case .change(let add, let remove):
                if terms.isEmpty { findings.unknownWordList(entry.name, known: shipped.map(\.name)) }
                for term in terms { self.change(term, add: add, remove: remove, entry.name, into: &findings) }
            }
        }
        for entry in file.macros {
            let terms = shipped.filter { $0.name == entry.name.value }
            if terms.isEmpty { self.define(entry.name, in: file, .macro(entry.pattern), into: &findings) }
            for term in terms { self.replace(term, by: .macro(entry.pattern), at: entry.name.place, into: &findings) }
        }
    }

    private mutating func replace(_ term: Term, by meaning: Meaning, at place: Place, into findings: inout Findings) {
        switch (self.meanings[term], meaning) {
        case (.words, .words), (.macro, .macro): self.meanings[term] = meaning
        default:
            let first = self.places[term].map { " at \($0)" } ?? ""
            let problem = "\"\(term.name)\" is something else\(first): one is a word list and one a macro"
            findings.error("duplicate-name", at: place, problem, hint: "use another name")
        }
    }

    private mutating func change(
        _ term: Term,
        add: [String],
        remove: [Written<String>],
        _ name: Written<String>,
        into findings: inout Findings
    ) {
        guard case .words(var list) = self.meanings[term] else {
            let problem = "\"\(term.name)\" is a macro, which has no words to add or remove"
            return findings.error("wrong-value", at: name.place, problem, hint: "write it under macros")
        }
        for word in remove {
            if list.remove(word.value) { continue }
            let problem = "\"\(word.value)\" is not in \"\(term.name)\""
            findings.error(
                "unknown-word",
                at: word.place,
                problem,
                hint: suggestion(for: word.value, among: list.words)
            )
        }
        list.words += add
        if list.words.isEmpty {
            findings.error(
                "wrong-value",
                at: name.place,
                "no word of \"\(term.name)\" is left",
                hint: "leave one in it"
            )
        }
        self.meanings[term] = .words(list)
    }

    /// The names that the patterns of `file` may use: its own, and those of the files that it includes.
    private mutating func names(of file: RuleFile, _ includes: Includes, into findings: inout Findings) -> [String:
        Term]
    {
        var names: [String: Term] = [:]
        for index in includes.reach(of: file.index) {
            for term in self.meanings.keys.filter({ $0.file == index }).sorted(by: { $0.name < $1.name }) {
                guard let other = names.updateValue(term, forKey: term.name), other != term else { continue }
                let first = self.places[other] ?? file.start
                let problem = "\"\(term.name)\" is defined at \(first) and at \(self.places[term] ?? file.start)"
                let place = index == file.index ? self.places[term] : file.includes.first?.place
                findings.error("duplicate-name", at: place ?? file.start, problem, hint: "rename one of them")
            }
        }
        // A local change is seen by the file that makes it, too.
        for name in file.words.map(\.name.value) + file.macros.map(\.name.value) where names[name] == nil {
            names[name] = self.meanings.keys.filter { $0.name == name }.min { $0.file < $1.file }
        }
        return names
    }

    // MARK: Use

    /// The pattern with its words and macros written out, or nothing where one of them has a mistake.
    mutating func expand(_ pattern: WrittenPattern, into findings: inout Findings) -> ExpandedPattern? {
        self.expand(pattern, inside: [], into: &findings)
    }

    private mutating func expand(
        _ pattern: WrittenPattern,
        inside outer: [Term],
        into findings: inout Findings
    ) -> ExpandedPattern? {
        var expanded = ExpandedPattern()
        var isWhole = true
        for piece in pattern.pieces {
            switch piece {
            case .text(let text, let offset):
                expanded.append(text, from: offset)
                guard let braces = PatternPiece.unclosedBraces(in: text) else { continue }
                findings.unclosedBraces(at: pattern.node.place(ofScalar: offset + braces))
                isWhole = false
            case .reference(let reference):
                if let text = self.text(of: reference, in: pattern, inside: outer, into: &findings) {
                    expanded.append(text, inPlaceOf: reference)
                } else {
                    isWhole = false
                }
            }
        }
        return isWhole ? expanded : nil
    }

    /// What `{{name}}` stands for.
    private mutating func text(
        of reference: PatternPiece.Reference,
        in pattern: WrittenPattern,
        inside outer: [Term],
        into findings: inout Findings
    ) -> String? {
        guard let term = self.visible[pattern.file][reference.name], let meaning = self.meanings[term] else {
            guard !self.isIncomplete[pattern.file] else { return nil }
            let place = pattern.node.place(ofScalar: reference.offset)
            findings.unknownReference(reference, at: place, known: Array(self.visible[pattern.file].keys))
            return nil
        }
        if case .words = meaning, reference.isInClass {
            findings.refuseWordsInClass(reference, in: pattern)
            return nil
        }
        let use = Use(term: term, isBare: reference.isBare)
        if case .words = meaning, reference.isBare, outer.isEmpty { findings.warnOfBareWords(reference, in: pattern) }
        // What could be written out has no cycle, so none of its terms is among the outer ones.
        if let known = self.written[use] {
            self.used.formUnion(known.terms)
            return known.text
        }
        let before = self.used
        self.used = [term]
        let text = self.text(of: use, meaning, in: pattern, inside: outer, into: &findings)
        if let text { self.written[use] = WrittenOut(text: text, terms: self.used) }
        self.used.formUnion(before)
        return text
    }

    /// What a term stands for that wasn't written out before.
    private mutating func text(
        of use: Use,
        _ meaning: Meaning,
        in pattern: WrittenPattern,
        inside outer: [Term],
        into findings: inout Findings
    ) -> String? {
        let term = use.term
        switch meaning {
        case .words(let list): return list.pattern(withEdges: !use.isBare)
        case .macro(let macro):
            if outer.contains(term) {
                let way = (outer.drop { $0 != term } + [term]).map(\.name).joined(separator: ", ")
                let place = self.places[outer[0]] ?? pattern.node.place
                let problem = "the macro uses itself: \(way)"
                findings.error("macro-cycle", at: place, problem, hint: "write one of them out")
                self.broken.formUnion(outer)
                return nil
            }
            guard !self.broken.contains(term) else { return nil }
            // Read the same way in every rule: the flag `extended` doesn't reach into a macro.
            guard let text = self.expand(macro, inside: outer + [term], into: &findings)?.text else { return nil }
            guard text.utf8.count <= Self.maximumLength else {
                let problem = "the macro \"\(term.name)\" is longer than 32 KiB when written out"
                let place = self.places[term] ?? macro.node.place
                findings.error("pattern-too-large", at: place, problem, hint: "shorten it")
                self.broken.formUnion(outer + [term])
                return nil
            }
            return "(?-x:\(text))"
        }
    }

    /// How long a macro may be with all that it uses, in bytes: one that uses another one twice doubles it.
    private static let maximumLength = 32_768

    /// Reports the mistakes of a macro where it stands, and not in each rule that uses it.
    private mutating func check(_ pattern: WrittenPattern, of term: Term, into findings: inout Findings) {
        guard !self.broken.contains(term), !self.isIncomplete[pattern.file] else { return }
        guard let expanded = self.expand(pattern, inside: [term], into: &findings) else {
            self.broken.insert(term)
            return
        }
        if !PatternCheck.isUsableMacro(expanded, of: pattern, name: term.name, into: &findings) {
            self.broken.insert(term)
        }
    }

    /// Warns of word lists that no rule uses.
    func warnOfUnusedWords(into findings: inout Findings) {
        for (term, meaning) in self.meanings where !self.used.contains(term) {
            guard case .words = meaning, let place = self.places[term] else { continue }
            let problem = "word list \"\(term.name)\" is used by no rule"
            findings.warn("unused-words", at: place, problem, hint: "remove it, or write {{\(term.name)}} in a pattern")
        }
    }
}

extension RuleFile {
    /// The first character.
    var start: Place { Place(file: self.path) }
}

extension Findings {
    fileprivate mutating func unclosedBraces(at place: Place) {
        let hint = #"write {{name}} for words or a macro, or \{{ for braces"#
        self.error("pattern-syntax", at: place, "\"{{\" is not closed", hint: hint)
    }

    fileprivate mutating func refuseWordsInClass(_ reference: PatternPiece.Reference, in pattern: WrittenPattern) {
        let place = pattern.node.place(ofScalar: reference.offset)
        let problem = "\(reference.written) stands between brackets, where its words are no more than letters"
        self.error("pattern-syntax", at: place, problem, hint: "write it outside of [ and ]")
    }

    fileprivate mutating func unknownWordList(_ name: Written<String>, known: [String]) {
        let problem = "\"\(name.value)\" is no shipped word list, so nothing can be added or removed"
        self.error("unknown-word", at: name.place, problem, hint: suggestion(for: name.value, among: Set(known)))
    }

    fileprivate mutating func unknownReference(
        _ reference: PatternPiece.Reference,
        at place: Place,
        known: [String]
    ) {
        let problem = "\(reference.written) is no word list and no macro of this file"
        let nearest = suggestion(for: reference.name, among: known)
        let hint = known.isEmpty ? "define it under words, or write include: [words.yaml]" : nearest
        self.error("unknown-word", at: place, problem, hint: hint)
    }

    fileprivate mutating func warnOfBareWords(_ reference: PatternPiece.Reference, in pattern: WrittenPattern) {
        let place = pattern.node.place(ofScalar: reference.offset)
        let problem = "\(reference.written) also matches inside longer words"
        self.warn("bare-words", at: place, problem, hint: "write {{\(reference.name)}} for whole words")
    }
}
