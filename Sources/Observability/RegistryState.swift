/// Everything that a registry knows of its instruments, a value that the registry holds behind a lock.
struct RegistryState: Sendable {
    private struct Family {
        let type: MetricType
        var help: String
        /// The first that was made; its bounds are those of the family.
        var first: (any Instrument)?
        var series: [Labels: any Instrument] = [:]
        /// The labels into which all go that are one too many.
        var other: Labels?
    }

    let bounds: MetricBounds
    private(set) var complaints = Complaints()
    private(set) var sources: [MetricsRegistry.Source] = []
    private var families: [String: Family] = [:]
    private var names: NameTable

    init(bounds: MetricBounds) {
        self.bounds = bounds
        self.names = NameTable(maximumNames: bounds.names, reserved: Scrape.ownNames)
    }

    /// Finds the instrument of these labels, or makes it on the first call.
    ///
    /// What can't be exposed gets an instrument of its own that counts for nobody.
    ///
    /// - Parameters:
    ///   - written: The name as somebody wrote it.
    ///   - help: One sentence for people, or an empty text.
    ///   - labels: The labels, perhaps too many of them.
    ///   - make: Makes one, given the first of the same name.
    /// - Returns: Always an instrument that works.
    mutating func instrument<Wanted: Instrument>(
        _ written: String,
        help: String,
        labels: Labels,
        make: (Wanted?) -> Wanted
    ) -> Wanted {
        let name = Wanted.type.name(written)
        guard self.open(name, Wanted.type, help: help) else { return make(nil) }
        let labels = self.place(of: labels, in: name)
        if let known = self.families[name]?.series[labels] {
            if let known = known as? Wanted { return known }
            self.complaints.refuse(.nameTaken)
            return make(nil)
        }
        let made = make(self.families[name]?.first as? Wanted)
        self.families[name]?.series[labels] = made
        if self.families[name]?.first == nil { self.families[name]?.first = made }
        return made
    }

    /// Makes sure that there is a family of this name and type; false if there can't be.
    private mutating func open(_ name: String, _ type: MetricType, help: String) -> Bool {
        if let refusal = self.names.claim(name, type) {
            self.complaints.refuse(refusal)
            return false
        }
        if self.families[name] == nil { self.families[name] = Family(type: type, help: help) }
        if self.families[name]?.help.isEmpty == true { self.families[name]?.help = help }
        return true
    }

    /// `labels`, or the labels into which they fold.
    private mutating func place(of labels: Labels, in name: String) -> Labels {
        guard let family = self.families[name], family.series[labels] == nil, !labels.isEmpty,
            family.series.count >= self.bounds.labelSets
        else { return labels }
        self.complaints.fold(name)
        let other = family.other ?? labels.folded
        self.families[name]?.other = other
        return other
    }

    mutating func add(_ source: @escaping MetricsRegistry.Source) { self.sources.append(source) }

    mutating func refuse(_ reason: Refusal) { self.complaints.refuse(reason) }

    mutating func merge(_ complaints: Complaints) { self.complaints.merge(complaints) }

    /// All instruments as they read now.
    func scrape() -> Scrape {
        var scrape = Scrape(labelSets: self.bounds.labelSets, names: self.names)
        for (name, family) in self.families {
            var series: [String: Reading] = [:]
            series.reserveCapacity(family.series.count)
            for (labels, instrument) in family.series { series[labels.text] = instrument.reading }
            scrape.families[name] = Scrape.Family(
                type: family.type,
                help: family.help,
                series: series,
                other: family.other?.text
            )
        }
        return scrape
    }
}

/// How much a registry takes.
struct MetricBounds: Sendable {
    /// Label sets of one name, without the one into which more of them fold.
    let labelSets: Int
    let names: Int
}
