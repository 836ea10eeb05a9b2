/// Words of questions that say nothing about what is asked for, and those of small talk, folded as the index folds words.
enum FunctionWords {
    static let all: Set<String> = Set(
        [english, german, french, spanish, smallTalk].flatMap { $0.split { $0.isWhitespace } }.map(String.init)
    )

    private static let english = """
        a about above after all also am an and any are as at be because been before being below between both but by can could
        did do does doing don down during each else ever few for from further get gets getting give given go goes had has
        have having he help her here hers him his how i if in into is isn it its just know let like made make makes me
        mean means might more most must my need needs no nor not now of off on once one only or other our out over own
        please same shall she should show so some something such tell than thank thanks that the their them then there these
        they thing things this those through to too under until up us use used using very want wants was way we were
        what when where whether which while who why will with without work works would you your yours s t ve re ll d m
        """
    private static let german = """
        aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein dem den der des dich die dir
        doch du durch ein eine einem einen einer eines er es etwas fur gibt habe haben hat hatte ich ihr im in ist ja
        kann kannst konnen man mein meine mich mir mit muss nach nicht noch nur ob oder ohne sein sich sie sind so soll
        uber um und uns unter vom von vor war warum was wenn wer werden wie wieso wir wird wo wohin zu zum zur bitte geht
        """
    private static let french = """
        au aux avec ce ces cette comment dans de des donc du elle en est et eux faire fait faut il ils je la le les leur
        lui ma mais me mes mon ne nos notre nous on ou par pas peut peux pour pourquoi puis quand que quel quelle qui sa
        sans se ses son sont sur ta te tes ton tu un une veux vos votre vous y
        """
    private static let spanish = """
        al algo como con cual cuando de del desde donde el ella en era es esa ese eso esta este esto ha hay hacer la las
        le les lo los mas me mi muy no nos o para pero por porque puede puedo que quien se si sin sobre son su sus tengo un
        una unos y ya yo
        """
    /// Greetings, thanks, yes and no, and what else people say before they ask for something.
    private static let smallTalk = """
        hello hi hey morning evening afternoon today bye goodbye later soon ok okay yes yeah yep nope maybe sure great good nice
        cool perfect awesome fine sorry wow lol haha hm hmm somebody anybody everybody someone anyone question questions
        problem problems trouble ask asked wrong understand mind moment many lot lots got see
        hallo moin servus guten morgen abend danke dank vielen nein klar frage fragen hilfe brauche tschuss
        bonjour bonsoir salut merci beaucoup oui non accord revoir
        hola buenos buenas dias tardes gracias si vale adios eres
        """
}
