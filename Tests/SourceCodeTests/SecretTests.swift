import Testing

@testable import SourceCode

@Suite("secrets in code")
struct SecretTests {
    private func shown(_ text: String) -> String {
        String(decoding: SourceSecrets.removed(from: Array(text.utf8)), as: UTF8.self)
    }

    @Test(
        "values that look like keys are taken out",
        arguments: [
            ("key = 'AKIA\("IOSFODNN7EXAMPLE")'", "key = '[removed]'"),
            ("t = ghp_\("abcdefghijklmnopqrstuvwxyz0123456789")", "t = [removed]"),
            ("password = \"hunter2\"", "password = \"[removed]\""),
            ("{\"db_password\": \"hunter2\"}", "{\"db_password\": \"[removed]\"}"),
            ("const API_KEY := `abcd1234`", "const API_KEY := `[removed]`"),
            ("'api-key' => 'q8w7'", "'api-key' => '[removed]'"),
            ("conf[\"secret\"] = 'abcd'", "conf[\"secret\"] = '[removed]'"),
            ("https://root:pa55@db.example/x", "https://[removed]@db.example/x"),
            ("x = 'k8Jq2LmX/9vTz4RwYb+7NcPd1HsGf6UeAo3Ki5Zx'", "x = '[removed]'"),
            ("h = d41d8cd98f00b204e9800998ecf8427e;", "h = [removed];"),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nb",
                "a\n[removed]\n\n\n\nb"
            ),
        ]
    )
    func removed(text: String, expected: String) { #expect(self.shown(text) == expected) }

    @Test(
        "code stays code",
        arguments: [
            "password = config.password", "let token: String", "func passwordFieldShouldReturnOnEnterKey2() {}",
            "raise ValueError(\"password: too short\")", "password = \"Enter your new password\"",
            "secret = \"${SECRET}\"", "import Sources/Plugins/Docs/DocumentIndexUpdate2",
            "kCGImageSourceCreateThumbnailFromImageAlways", "token == other.token",
            "0x0000000000000000000000000000000000000000",
            "tokens = [\"a\", \"b\"]", "--------------------------------------------",
            "i18n_utf8_to_utf16_be_2_le_3_conversion",
        ]
    )
    func kept(text: String) { #expect(self.shown(text) == text) }

    @Test("lines stay where they are, and nobody can search for what was taken out")
    func search() throws {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEsecretbody\n-----END PRIVATE KEY-----"
        let folder = try CodeFolder(["a.py": "KEY = '''\(key)'''\npassword = 'hunter2hunter'\ndef after(): pass\n"])
        let index = try folder.indexed()
        #expect(try index.places("MIIEsecret") == [])
        #expect(try index.places("hunter2hun") == [])
        #expect(try index.places("def after") == ["a.py:5"])
        let place = try #require(try index.searchNow(CodeQuery("def after", isLiteral: true)).places.first)
        #expect(place.excerpt?.lines.contains("password = '[removed]'") == true)
    }
}
