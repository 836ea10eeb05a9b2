/// What the server itself says to visitors, in the language of their page.
public enum ServerTexts: UInt8, Hashable, Sendable, CaseIterable {
    case english, german, french, spanish, arabic

    /// The primary subtag of the language, `de`.
    public var language: String {
        switch self {
        case .english: "en"
        case .german: "de"
        case .french: "fr"
        case .spanish: "es"
        case .arabic: "ar"
        }
    }

    /// The texts of a page's language.
    ///
    /// - Parameter lang: As the page reports it, `de-AT`.
    /// - Returns: English where nothing is known, or another language.
    public static func of(_ lang: String?) -> ServerTexts {
        guard let primary = lang?.prefix(while: { $0 != "-" && $0 != "_" }).lowercased() else { return .english }
        return self.allCases.first { $0.language == primary } ?? .english
    }

    /// Where nobody answered.
    ///
    /// It promises nothing: no responder here is known to store or to forward a message.
    public var unanswered: String {
        switch self {
        case .english: "Sorry, I could not answer that. Please try again in a moment, or ask in other words."
        case .german:
            "Das konnte ich leider nicht beantworten. Bitte versuchen Sie es gleich noch einmal, oder fragen Sie mit anderen Worten."
        case .french: "Désolé, je n’ai pas pu répondre. Réessayez dans un instant, ou posez la question autrement."
        case .spanish:
            "Lo siento, no he podido responder. Inténtelo de nuevo en un momento o pregunte con otras palabras."
        case .arabic: "عذرًا، لم أستطع الإجابة عن ذلك. حاول مرة أخرى بعد قليل، أو اسأل بكلمات أخرى."
        }
    }

    /// Under what people find a message of which a visitor tells them.
    public func reference(_ reference: String) -> String {
        switch self {
        case .english: "Reference: \(reference)."
        case .german: "Kennung: \(reference)."
        case .french: "Référence : \(reference)."
        case .spanish: "Referencia: \(reference)."
        case .arabic: "المرجع: \(reference)."
        }
    }

    /// Where a message is for a person and nobody said so.
    public var forPerson: String {
        switch self {
        case .english: "That is a question for a person."
        case .german: "Das ist eine Frage für einen Menschen."
        case .french: "C’est une question pour une personne."
        case .spanish: "Esa es una pregunta para una persona."
        case .arabic: "هذا سؤال لشخص من الفريق."
        }
    }

    /// To a visitor who repeats the replies.
    public var echoes: String {
        switch self {
        case .english: "You are sending my own words back to me. I will be quiet for a minute."
        case .german: "Sie schicken mir meine eigenen Worte zurück. Ich schweige jetzt eine Minute."
        case .french: "Vous me renvoyez mes propres mots. Je me tais pendant une minute."
        case .spanish: "Me está devolviendo mis propias palabras. Callaré durante un minuto."
        case .arabic: "أنت تعيد إليّ كلماتي. سأصمت لمدة دقيقة."
        }
    }

    /// To a visitor who sends more than anybody types.
    public var flood: String {
        switch self {
        case .english: "Those are more messages than I can answer. I will be quiet for a minute."
        case .german: "Das sind mehr Nachrichten, als ich beantworten kann. Ich schweige jetzt eine Minute."
        case .french: "C’est plus de messages que je ne peux en traiter. Je me tais pendant une minute."
        case .spanish: "Son más mensajes de los que puedo contestar. Callaré durante un minuto."
        case .arabic: "هذه رسائل أكثر مما أستطيع الإجابة عنه. سأصمت لمدة دقيقة."
        }
    }

    /// To a message that finds too many others waiting.
    public var oneMoment: String {
        switch self {
        case .english: "One moment please: your earlier messages are still being answered."
        case .german: "Einen Moment bitte: Ihre früheren Nachrichten werden noch beantwortet."
        case .french: "Un instant, s’il vous plaît : vos messages précédents sont en cours de traitement."
        case .spanish: "Un momento, por favor: todavía se están contestando sus mensajes anteriores."
        case .arabic: "لحظة من فضلك: ما زالت رسائلك السابقة قيد الإجابة."
        }
    }

    /// To a message that nobody answered before the server was stopped.
    public var wasNotAnswered: String {
        switch self {
        case .english: "Sorry, this message wasn't answered. Please ask again if it still matters."
        case .german:
            "Diese Nachricht wurde leider nicht beantwortet. Fragen Sie bitte noch einmal, wenn es noch wichtig ist."
        case .french: "Désolé, ce message est resté sans réponse. Reposez la question si c’est encore important."
        case .spanish: "Lo siento, este mensaje quedó sin respuesta. Pregunte de nuevo si todavía importa."
        case .arabic: "عذرًا، لم تتم الإجابة عن هذه الرسالة. اسأل مرة أخرى إن كان الأمر ما زال مهمًا."
        }
    }

    /// A reply that was promised did not come.
    public var promiseMissed: String {
        switch self {
        case .english: "Sorry, I could not find that out. Please ask again if it still matters."
        case .german:
            "Das konnte ich leider nicht herausfinden. Fragen Sie bitte noch einmal, wenn es noch wichtig ist."
        case .french: "Désolé, je n’ai pas pu le savoir. Reposez la question si c’est encore important."
        case .spanish: "Lo siento, no he podido averiguarlo. Pregunte de nuevo si todavía importa."
        case .arabic: "عذرًا، لم أستطع معرفة ذلك. اسأل مرة أخرى إن كان الأمر ما زال مهمًا."
        }
    }
}

// MARK: People

extension ServerTexts {
    /// Somebody was asked to come.
    public var personAsked: String {
        switch self {
        case .english: "A person has been asked to come."
        case .german: "Eine Person wurde gerufen."
        case .french: "Une personne a été appelée."
        case .spanish: "Se ha avisado a una persona."
        case .arabic: "تم استدعاء شخص من الفريق."
        }
    }

    /// Somebody was asked for, and nobody is there.
    public var nobodyIsHere: String {
        switch self {
        case .english: "Nobody is here at the moment. The assistant is glad to help meanwhile."
        case .german: "Im Moment ist niemand da. Solange hilft Ihnen gern der Assistent."
        case .french: "Personne n’est là pour le moment. L’assistant vous aide volontiers en attendant."
        case .spanish: "Ahora mismo no hay nadie. Mientras tanto, el asistente le ayuda con gusto."
        case .arabic: "لا يوجد أحد الآن. يسعد المساعد أن يساعدك في هذه الأثناء."
        }
    }

    /// How an agent without a name is called.
    public var colleague: String {
        switch self {
        case .english: "A colleague"
        case .german: "Jemand von uns"
        case .french: "Un membre de l’équipe"
        case .spanish: "Alguien del equipo"
        case .arabic: "أحد أفراد الفريق"
        }
    }

    public func joined(_ name: String) -> String {
        switch self {
        case .english: "\(name) joined."
        case .german: "\(name) ist jetzt da."
        case .french: "\(name) a rejoint la conversation."
        case .spanish: "\(name) se ha unido a la conversación."
        case .arabic: "انضم \(name) إلى المحادثة."
        }
    }

    public func left(_ name: String) -> String {
        switch self {
        case .english: "\(name) has left. \(self.assistantAnswers)"
        case .german: "\(name) ist gegangen. \(self.assistantAnswers)"
        case .french: "\(name) a quitté la conversation. \(self.assistantAnswers)"
        case .spanish: "\(name) se ha ido. \(self.assistantAnswers)"
        case .arabic: "غادر \(name). \(self.assistantAnswers)"
        }
    }

    public func closed(by name: String) -> String {
        switch self {
        case .english: "\(name) closed the conversation."
        case .german: "\(name) hat das Gespräch beendet."
        case .french: "\(name) a terminé la conversation."
        case .spanish: "\(name) ha cerrado la conversación."
        case .arabic: "أنهى \(name) المحادثة."
        }
    }

    /// Nobody came.
    ///
    /// - Parameter reference: Under which people find what the visitor said.
    /// - Returns: That nobody is free, where the messages are, and who answers now.
    public func nobodyIsFree(_ reference: String?) -> String {
        let (free, saved) =
            switch self {
            case .english: ("Nobody is free at the moment.", "Your messages are here under")
            case .german: ("Im Moment ist niemand frei.", "Ihre Nachrichten finden wir unter")
            case .french: ("Personne n’est libre pour le moment.", "Vos messages sont ici sous")
            case .spanish: ("Nadie está libre ahora mismo.", "Sus mensajes están aquí con la referencia")
            case .arabic: ("لا أحد متاح الآن.", "رسائلك محفوظة هنا بالرقم")
            }
        return [free, reference.map { "\(saved) \($0)." }, self.assistantAnswers].compactMap(\.self)
            .joined(separator: " ")
    }

    /// The conversation is over since nobody spoke.
    public var closedInSilence: String {
        switch self {
        case .english: "The conversation was closed, since nothing was said for long."
        case .german: "Das Gespräch wurde beendet, da lange nichts gesagt wurde."
        case .french: "La conversation a été fermée, car rien n’a été dit depuis longtemps."
        case .spanish: "La conversación se ha cerrado porque hace tiempo que nadie escribe."
        case .arabic: "أُغلقت المحادثة لأنه لم يُكتب شيء منذ وقت طويل."
        }
    }

    private var assistantAnswers: String {
        switch self {
        case .english: "The assistant answers again."
        case .german: "Jetzt antwortet wieder der Assistent."
        case .french: "L’assistant répond de nouveau."
        case .spanish: "El asistente vuelve a responder."
        case .arabic: "سيجيب المساعد من جديد."
        }
    }
}
