public import Responders

extension Claude {
    /// The plugin's part of `claude-chat.yaml`.
    public struct Configuration: Decodable, Sendable {
        public var endpoint: String?
        public var allow: [String]?
        public var version: String?
        public var authHeader: AuthHeader?
        public var key: SecretReference
        public var headers: [String: NamedText]?
        public var model: NamedText
        public var maxTokens: Int?
        public var stream: Bool?
        public var cache: Cache?
        public var thinking: String?
        public var effort: Effort?
        public var serviceTier: ServiceTier?
        public var system: String
        public var variables: [String: String]?
        public var history: History?
        public var page: [PageField]?
        public var useNotes: [String]?
        public var tools: [String]?
        public var connect: Duration?
        public var firstChunk: Duration?
        public var nextChunk: Duration?
        public var toolTimeout: Duration?
        public var retries: Int?
        public var budget: Budget?
        public var prices: [String: Price]?
        public var texts: Texts?
        public var whenUnavailable: String?

        /// How the key is shown to the API.
        public enum AuthHeader: String, CaseIterable, Decodable, Sendable {
            case authorization
            case apiKey = "x-api-key"
        }

        /// How long the API keeps the prompt.
        public enum Cache: String, CaseIterable, Decodable, Sendable {
            case off
            case fiveMinutes = "5m"
            case hour = "1h"
        }

        public enum Effort: String, CaseIterable, Decodable, Sendable { case low, medium, high, xhigh, max }

        public enum ServiceTier: String, CaseIterable, Decodable, Sendable {
            case auto
            case standardOnly = "standard_only"
        }

        /// What of the page Claude sees.
        public enum PageField: String, CaseIterable, Decodable, Sendable {
            case path, title, url, vars, errors
            case selectedElement = "selected_element"
        }

        public struct History: Decodable, Sendable {
            public var messages: Int?
            public var tokens: Int?
        }

        public struct Budget: Decodable, Sendable {
            public var ledger: String?
            public var session: Session?
            public var day: Day?

            public struct Session: Decodable, Sendable {
                public var turns: Int?
                public var tokens: Int?
            }

            public struct Day: Decodable, Sendable {
                public var tokens: Int?
                public var spend: Double?
            }
        }

        /// For a million tokens, in the operator's currency.
        public struct Price: Decodable, Sendable {
            public var input: Double
            public var output: Double
            public var cacheWrite: Double?
            public var cacheWriteHour: Double?
            public var cacheRead: Double?
        }

        /// What the visitor reads where Claude's own words are missing or not enough.
        public struct Texts: Decodable, Sendable {
            public var refused: String?
            public var shortened: String?
            public var budgetSpent: String?
        }
    }

    /// A text, or the variable of the environment that has it.
    public enum NamedText: Decodable, Sendable {
        case text(String)
        case environment(String)

        private enum CodingKeys: String, CodingKey { case env }

        public init(from decoder: any Decoder) throws {
            if let container = try? decoder.container(keyedBy: CodingKeys.self) {
                self = .environment(try container.decode(String.self, forKey: .env))
            } else {
                self = .text(try decoder.singleValueContainer().decode(String.self))
            }
        }
    }

    static let sample = """
        # Where requests go. Plain http:// is for this machine ("claude-chat stub") and for the networks of "allow" alone;
        # redirects are not followed.
        endpoint: https://api.anthropic.com
        # Networks that are no part of the public one and may be connected to nevertheless.
        allow: ['10.20.0.0/16']
        # The version of the API that is spoken, and the header that shows the key: authorization or x-api-key.
        version: '2026-10-21'
        auth_header: authorization
        # The key, in a variable ({env: ANTHROPIC_API_KEY}) or in a file that only the server may read.
        key: {file: keys/claude.txt}
        # Further headers, for a gateway; a value may be {env: NAME}.
        headers:
          X-Team: chat
        # The model, or {env: NAME}; the names are those of your account.
        model: claude-haiku-4-5
        # The longest reply, in tokens, from 64.
        max_tokens: 1024
        # Whether the text is shown as it comes.
        stream: true
        # How long the API keeps the prompt, which makes it cheaper: off, 5m or 1h.
        cache: 5m
        # off, adaptive, between_tools, or a number of tokens from 1024 and below max_tokens. Left out: as the model likes.
        # With thinking on, raise first_chunk.
        thinking: 'off'
        # How much the model takes pains: low, medium, high, xhigh or max. Left out: as the model likes.
        effort: medium
        # auto, or standard_only.
        service_tier: auto
        # What Claude is told about your site: a file, from this file's folder, or the text itself behind "|". {{site}} is the
        # site's name; other {{names}} stand in "variables". Nothing secret: a visitor may get Claude to repeat it.
        system: prompts/support.md
        variables:
          shop: ACME
        # The earlier messages that are sent: the last ones that fit into both bounds.
        history: {messages: 20, tokens: 5000}
        # What of the page is sent: path, title, url, vars. All of it counts as written by a stranger.
        page: [path, title]
        # Which responders' notes are sent.
        use_notes: []
        # What Claude may ask for: its own search_history, and what the chain's plugins offer, such as explain_rules.
        tools: [search_history]
        # Until there is a connection; from the request to the first word; from one sign of life to the next; for one tool.
        connect: 5s
        first_chunk: 5s
        next_chunk: 10s
        tool_timeout: 2s
        # How often a request is repeated that got no answer or a passing error, while nothing was shown.
        retries: 2
        # What may be spent; what is left out has no bound. Spent, the next responder is asked. The ledger keeps the sums over
        # a restart. "spend" needs prices.
        budget:
          ledger: data/claude-budget.jsonl
          session: {turns: 30, tokens: 60000}
          day: {tokens: 5000000, spend: 20.00}
        # Your prices for a million tokens, by model, in the currency of "spend". Those of the cache are the input's if left out.
        prices:
          claude-haiku-4-5: {input: 1.00, output: 5.00, cache_write: 1.25, cache_write_hour: 2.00, cache_read: 0.10}
        texts:
          # In place of a reply that the model refuses to give.
          refused: I can't help with that here.
          # Behind a reply that reached max_tokens.
          shortened: (shortened)
          # Once, when the budget of the conversation is spent.
          budget_spent: We have talked a lot. A person can go on from here.
        # pass asks the next responder while Claude can't answer; anything else is the reply.
        when_unavailable: pass
        """
}
