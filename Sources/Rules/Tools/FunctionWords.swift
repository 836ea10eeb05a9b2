/// Words that say nothing about what a message is about, English and German ones: no rule is made of them.
enum FunctionWords {
    /// In lower case, those of three letters and more.
    static let all: Set<String> = Set(
        """
        aber about above after again all als also and any anyone anything are aren't auch auf aus because been \
        before bei beim being between bin bitte both but can can't cannot could danke das dass dem den der des \
        dich did didn't die dir does doesn't doing don't done down during each ein eine einem einen einer even \
        everything few for from für get going gonna habe haben had hallo has hat have hello help her here his \
        how i'd i'll i'm i've ich ihr ihre into isn't ist it's its just kann kein keine know können könnt let \
        let's like make mal man many may mich might mir mit more most much muss must nach need needs nicht noch \
        not nothing now nur oder one only onto other our out over own please really same say schon see sehr \
        shall she should sich sie sind some someone something still such tell than thank thanks that that's the \
        them then there there's these they think this those too und under uns unter use very vom von wann want \
        wants war warum was wasn't we're weil well wenn wer werden were what what's when where where's which \
        while who wie will wir wird with won't would yes yet you you're your yours zum zur über
        """
        .split(separator: " ").map(String.init)
    )
}
