import Documents
import Testing

@Suite("questions end at the right section")
struct SearchTests {
    private let folder: DocumentFolder

    init() throws {
        self.folder = try DocumentFolder()
        try self.folder.write(
            """
            ---
            lang: en
            ---
            # Payments

            Cards and vouchers are taken.

            ## Refunds

            Money comes back within 14 days after you returned the goods.

            ## Invoices

            An invoice is sent by mail. The field ticketNumber is yours.
            """,
            to: "payments.md"
        )
        try self.folder.write("# Returns\n\nSend goods back with the label in the parcel.", to: "shop/returns.md")
        try self.folder.write(
            "---\nlang: de\n---\n# Invoices\n\nEine Rechnung kommt per Mail; invoice.",
            to: "de/zahlung.md"
        )
        for number in 0..<20 {
            try self.folder.write("# Filler \(number)\n\nAbout nothing in particular.", to: "f\(number).md")
        }
    }

    @Test("words in any form lead to the section that has them, heading before text")
    func forms() throws {
        let index = try self.folder.indexed()
        #expect(try index.urls("How do I get a refund?").first == "/docs/payments.md#refunds")
        #expect(try index.urls("returning goods").first == "/docs/shop/returns.md#returns")
        #expect(try index.urls("RÜCKNAHME") == [])
        #expect(try index.urls("") == [])
        #expect(try index.urls("?!") == [])
    }

    @Test("a misspelt word and a part of a name are found, with less certainty")
    func misspelt() throws {
        let index = try self.folder.indexed()
        let right = try index.searchNow(DocumentQuery("vouchers")).first
        let misspelt = try index.searchNow(DocumentQuery("vuochers")).first
        #expect(misspelt?.url == right?.url)
        #expect((misspelt?.score ?? 1) < (right?.score ?? 0))
        #expect(try index.urls("ticketnum") == ["/docs/payments.md#invoices"])
        #expect(try index.urls("refnuds").first == "/docs/payments.md#refunds")
    }

    @Test("pages in the visitor's language and near their page come first")
    func preferences() throws {
        let index = try self.folder.indexed()
        #expect(try index.urls("invoice mail", lang: "de-AT").first == "/docs/de/zahlung.md#invoices")
        #expect(try index.urls("invoice mail", lang: "en").first == "/docs/payments.md#invoices")
    }

    @Test("synonyms are found; a one-sided one from its left side alone")
    func synonyms() throws {
        let (synonyms, problems) = Synonyms.read("# ours\nreimbursement, money back, refund\nbill => invoice\n")
        #expect(problems == [])
        let index = try self.folder.indexed(synonyms: synonyms)
        #expect(try index.urls("reimbursements").first == "/docs/payments.md#refunds")
        #expect(try index.urls("I want my money back").first == "/docs/payments.md#refunds")
        #expect(try index.urls("bill").first?.contains("invoice") == true)
    }

    @Test("a synonyms file says where it is wrong, all at once")
    func brokenSynonyms() {
        let problems = Synonyms.read("alone\na, , b\n a => b => c\nfine, words\n").problems
        #expect(
            problems.map { "\($0.line):\($0.column): \($0.problem)" } == [
                "1:1: one phrase alone", "2:3: an empty phrase", "3:9: a second \"=>\"",
            ]
        )
    }

    @Test("what nobody wrote about has a low score, what was asked for a high one")
    func scores() throws {
        let index = try self.folder.indexed()
        #expect(try index.searchNow(DocumentQuery("refund of money")).first.map { $0.score > 0.8 } == true)
        let other = try index.searchNow(DocumentQuery("weather in Paris, with goods")).first
        #expect((other?.score ?? 0) < 0.5)
    }

    @Test(
        "thanks, greetings, yes and no, and questions of function words alone find nothing",
        arguments: [
            "thank you", "yes", "no", "ok", "hello", "great", "who are you?", "how are you today?", "is it you?",
            "danke",
            "sí", "D'accord !", "m", "about",
        ]
    )
    func smallTalk(text: String) throws {
        try self.folder.write(
            "# Thank you\n\nYes, no, ok: hello is great today. Who are you? It is you. Danke, sí, d'accord; m.",
            to: "talk.md"
        )
        #expect(try self.folder.indexed().urls(text) == [])
    }

    @Test("a common word in a text is no answer, in a heading it is, and so is a rare one")
    func thinQuestions() throws {
        for number in 0..<9 { try self.folder.write("# Note \(number)\n\nThe parcel fails.", to: "n\(number).md") }
        try self.folder.write("# Why a parcel fails\n\nBecause of the label.", to: "why.md")
        let index = try self.folder.indexed()
        let hits = try index.searchNow(DocumentQuery("it fails", limit: 20))
        #expect(hits.filter { $0.score >= 0.5 }.map(\.url) == ["/docs/why.md#why-a-parcel-fails"])
        #expect(hits.count == 10)
        #expect(try index.searchNow(DocumentQuery("vouchers")).first.map { $0.score >= 0.5 } == true)
    }

    @Test("the same question has the same answer, also in an index that came about in another order")
    func order() throws {
        let index = try self.folder.indexed()
        let again = try DocumentIndex.open(self.folder.path + "/again.sqlite") { 0 }
        _ = try again.update([self.folder.source])
        for text in ["nothing particular", "goods", "mail invoice parcel", "about"] {
            #expect(try index.urls(text, limit: 9) == again.urls(text, limit: 9))
        }
    }

    @Test(
        "H2: operators of the search and of SQL are words and nothing else",
        arguments: [
            "refund\" OR \"*", "heading: refund", "NEAR(refund money, 2)", "-refund", "refund*", "^refund",
            "refund AND", "(((", "\"",
            "'; DROP TABLE section; --", "{refund} : x", "refund + money", "%", "\u{0}refund\u{E000}", "refund\u{202E}",
        ]
    )
    func operators(text: String) throws {
        let index = try self.folder.indexed()
        let urls = try index.urls(text)
        #expect(urls.first == nil || urls.contains { $0.contains("refunds") }, "\(urls)")
        #expect(try index.size().files == 23)
    }

    @Test("a question without end costs no more than its beginning")
    func longQuestion() throws {
        let index = try self.folder.indexed()
        #expect(
            try index.urls("refund " + String(repeating: "word\u{301} ", count: 100_000)).first
                == "/docs/payments.md#refunds"
        )
        #expect(try index.urls(String(repeating: "x", count: 100_000)) == [])
    }

    @Test("another process's change is found by all")
    func twoProcesses() throws {
        let (first, second) = (try self.folder.indexed(), try self.folder.open())
        try self.folder.write("# New\n\nunheard", to: "new.md")
        _ = try second.update([self.folder.source])
        #expect(try first.urls("unheard") == ["/docs/new.md#new"])
        #expect(try first.update([self.folder.source]).changed == 0)
    }
}
