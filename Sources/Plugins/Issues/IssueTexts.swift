internal import Tracker

/// What visitors read about their reports, in one language.
struct IssueTexts: Sendable {
    /// The words on the buttons, which are what a visitor says by pressing them.
    enum Press: CaseIterable, Sendable { case send, notNow, same, other }

    let lang: String
    let send: String
    let notNow: String
    let same: String
    let other: String
    /// `{title}` and `{reference}`.
    let known: String
    let preview: String
    let page: String
    /// `{reference}` and `{number}`.
    let noted: String
    /// `{reference}`: a tracker on another machine will name it later.
    let queued: String
    /// `{reference}` and `{issue}`: that tracker has named it.
    let filed: String
    let joined: String
    let declined: String
    let failed: String
    let tooMany: String
    let none: String
    let standing: String
    /// `{reference}` and `{state}`.
    let news: String
    /// `{reference}`, before the comment.
    let comment: String
    let phases: [IssueState.Phase: String]

    func label(_ press: Press) -> String {
        switch press {
        case .send: self.send
        case .notNow: self.notNow
        case .same: self.same
        case .other: self.other
        }
    }

    /// The texts of a page's language; English where there are none.
    static func of(_ lang: String?) -> IssueTexts {
        let primary = lang?.lowercased().prefix { $0 != "-" && $0 != "_" }
        return self.all.first { $0.lang == primary.map(String.init) } ?? self.english
    }

    /// What a text presses, in any of the languages; nothing of a text that is no button's.
    static func press(_ text: String) -> Press? {
        guard text.utf8.count <= 80 else { return nil }
        return self.presses[self.folded(text)]
    }

    private static func folded(_ text: String) -> String {
        text.lowercased().filter { $0.isLetter || $0.isNumber }
    }

    private static let presses: [String: Press] = Dictionary(
        Self.all.flatMap { texts in Press.allCases.map { (Self.folded(texts.label($0)), $0) } }
    ) { first, _ in first }

    static let all = [english, german, french, spanish, arabic]
}

extension IssueTexts {
    static let english = IssueTexts(
        lang: "en",
        send: "Send",
        notNow: "Not now",
        same: "Yes, add me",
        other: "No, new report",
        known: "This looks known: “{title}” ({reference}). Is it the same?",
        preview: "This is what will be sent:",
        page: "Page: {page}",
        noted: "Noted as {reference} (#{number}). You will hear of it here.",
        queued: "Noted as {reference}. You will hear of it here.",
        filed: "Your report {reference} is filed as {issue}.",
        joined: "You are added to {reference} (#{number}). You will hear of it here.",
        declined: "Nothing was sent.",
        failed: "Nothing was saved: reports can't be taken at the moment. Please try again in a few minutes.",
        tooMany: "You have reported a lot in a short time. Please send or wait with what is there first.",
        none: "There is no report of yours in this conversation.",
        standing: "Your reports:",
        news: "Your report {reference} is now: {state}.",
        comment: "News of your report {reference}:",
        phases: [.open: "open", .inProgress: "in progress", .resolved: "resolved", .closed: "closed"]
    )

    static let german = IssueTexts(
        lang: "de",
        send: "Senden",
        notNow: "Jetzt nicht",
        same: "Ja, ich auch",
        other: "Nein, neue Meldung",
        known: "Das scheint bekannt zu sein: „{title}“ ({reference}). Ist es dasselbe?",
        preview: "Das wird gesendet:",
        page: "Seite: {page}",
        noted: "Notiert als {reference} (#{number}). Neues dazu steht dann hier.",
        queued: "Notiert als {reference}. Neues dazu steht dann hier.",
        filed: "Ihre Meldung {reference} ist jetzt {issue}.",
        joined: "Sie sind bei {reference} (#{number}) dabei. Neues dazu steht dann hier.",
        declined: "Es wurde nichts gesendet.",
        failed:
            "Es wurde nichts gespeichert: Meldungen gehen im Moment nicht. Bitte versuchen Sie es in ein paar Minuten "
            + "noch einmal.",
        tooMany: "Das waren viele Meldungen in kurzer Zeit. Bitte senden Sie erst, was schon da ist, oder warten Sie "
            + "etwas.",
        none: "In diesem Gespräch gibt es keine Meldung von Ihnen.",
        standing: "Ihre Meldungen:",
        news: "Ihre Meldung {reference} ist jetzt: {state}.",
        comment: "Neues zu Ihrer Meldung {reference}:",
        phases: [.open: "offen", .inProgress: "in Arbeit", .resolved: "gelöst", .closed: "geschlossen"]
    )

    static let french = IssueTexts(
        lang: "fr",
        send: "Envoyer",
        notNow: "Pas maintenant",
        same: "Oui, moi aussi",
        other: "Non, nouveau signalement",
        known: "Cela semble déjà connu : « {title} » ({reference}). Est-ce la même chose ?",
        preview: "Voici ce qui sera envoyé :",
        page: "Page : {page}",
        noted: "Noté sous {reference} (n° {number}). Les nouvelles paraîtront ici.",
        queued: "Noté sous {reference}. Les nouvelles paraîtront ici.",
        filed: "Votre signalement {reference} est enregistré sous {issue}.",
        joined: "Vous êtes ajouté à {reference} (n° {number}). Les nouvelles paraîtront ici.",
        declined: "Rien n'a été envoyé.",
        failed: "Rien n'a été enregistré : les signalements ne passent pas en ce moment. Réessayez dans quelques "
            + "minutes.",
        tooMany: "Cela fait beaucoup de signalements en peu de temps. Envoyez d'abord ceux qui attendent, ou "
            + "patientez.",
        none: "Il n'y a aucun signalement de votre part dans cette conversation.",
        standing: "Vos signalements :",
        news: "Votre signalement {reference} est maintenant : {state}.",
        comment: "Des nouvelles de votre signalement {reference} :",
        phases: [.open: "ouvert", .inProgress: "en cours", .resolved: "résolu", .closed: "fermé"]
    )

    static let spanish = IssueTexts(
        lang: "es",
        send: "Enviar",
        notNow: "Ahora no",
        same: "Sí, a mí también",
        other: "No, nuevo aviso",
        known: "Esto parece conocido: «{title}» ({reference}). ¿Es lo mismo?",
        preview: "Esto es lo que se enviará:",
        page: "Página: {page}",
        noted: "Anotado como {reference} (n.º {number}). Las novedades aparecerán aquí.",
        queued: "Anotado como {reference}. Las novedades aparecerán aquí.",
        filed: "Su aviso {reference} está registrado como {issue}.",
        joined: "Se le ha añadido a {reference} (n.º {number}). Las novedades aparecerán aquí.",
        declined: "No se ha enviado nada.",
        failed: "No se ha guardado nada: ahora mismo no se pueden tomar avisos. Inténtelo de nuevo en unos "
            + "minutos.",
        tooMany: "Son muchos avisos en poco tiempo. Envíe primero los que esperan, o espere un poco.",
        none: "No hay ningún aviso suyo en esta conversación.",
        standing: "Sus avisos:",
        news: "Su aviso {reference} está ahora: {state}.",
        comment: "Novedades de su aviso {reference}:",
        phases: [.open: "abierto", .inProgress: "en curso", .resolved: "resuelto", .closed: "cerrado"]
    )

    static let arabic = IssueTexts(
        lang: "ar",
        send: "إرسال",
        notNow: "ليس الآن",
        same: "نعم، أضفني",
        other: "لا، بلاغ جديد",
        known: "يبدو أن هذا معروف: «{title}» ({reference}). هل هو الأمر نفسه؟",
        preview: "هذا ما سيُرسل:",
        page: "الصفحة: {page}",
        noted: "سُجّل برقم {reference} (#{number}). ستصلك الأخبار هنا.",
        queued: "سُجّل برقم {reference}. ستصلك الأخبار هنا.",
        filed: "سُجّل بلاغك {reference} برقم {issue}.",
        joined: "أُضفت إلى {reference} (#{number}). ستصلك الأخبار هنا.",
        declined: "لم يُرسل شيء.",
        failed: "لم يُحفظ شيء: لا يمكن استلام البلاغات الآن. يرجى المحاولة بعد بضع دقائق.",
        tooMany: "بلاغات كثيرة في وقت قصير. يرجى إرسال ما ينتظر أولاً أو الانتظار قليلاً.",
        none: "لا يوجد بلاغ منك في هذه المحادثة.",
        standing: "بلاغاتك:",
        news: "بلاغك {reference} الآن: {state}.",
        comment: "جديد بشأن بلاغك {reference}:",
        phases: [.open: "مفتوح", .inProgress: "قيد المعالجة", .resolved: "تم الحل", .closed: "مغلق"]
    )
}
