internal import CPCRE2

/// What a search found.
enum SearchOutcome {
    case matched
    case unmatched
    case limit(MatchLimit)

    /// The outcome, where no limit ended the search.
    var certain: SearchOutcome? { if case .limit = self { nil } else { self } }

    /// What PCRE2 returned.
    init(_ result: Int32) {
        // 0 is a match with more groups than pairs: fine where only the match itself is asked for.
        self = result >= 0 ? .matched : result == PCRE2_ERROR_NOMATCH ? .unmatched : .limit(MatchLimit(result))
    }
}
