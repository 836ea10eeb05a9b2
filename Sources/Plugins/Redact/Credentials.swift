internal import Secrets

/// Passwords and tokens: what stands behind a word that names them, and what has a form that nothing else has.
enum Credentials {
    /// What a password is called, in lower case of ASCII.
    private static let passwordWords = [
        "password", "passwort", "kennwort", "passcode", "passphrase", "passwd", "pwd", "pw", "mot de passe",
        "contraseña", "contraseÑa", "contrasena", "clave", "senha", "كلمة المرور", "كلمة السر",
    ]
    private static let tokenWords = [
        "api key", "api-key", "api_key", "apikey", "access token", "access_token", "auth token", "refresh_token",
        "client secret", "client_secret", "secret key", "secret_key", "private key", "bearer", "token",
    ]
    private static let passwordBytes = Self.passwordWords.map { Array($0.utf8) }
    private static let tokenBytes = Self.tokenWords.map { Array($0.utf8) }

    static func passwords(in text: [UInt8]) -> [Range<Int>] {
        SecretForms.joined(
            NamedSecrets(words: self.passwordBytes).ranges(in: text) + SecretForms.addressPasswords(in: text)
        )
    }

    static func tokens(in text: [UInt8]) -> [Range<Int>] {
        SecretForms.joined(
            NamedSecrets(words: self.tokenBytes).ranges(in: text) + SecretForms.privateKeys(in: text)
                + SecretForms.tokens(in: text)
        )
    }
}
