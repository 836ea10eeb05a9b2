#!/usr/bin/env python3
"""Writes Sources/Rules/Matching/FoldingTable.swift: for each character the one that stands for all its cases.

    script/generate-folding.py > Sources/Rules/Matching/FoldingTable.swift

The classes are those of the installed PCRE2 (libpcre2-8.so.0), asked pair by pair, and those that newer versions
of Unicode bring: a table that equates more than PCRE2 is harmless, one that equates less loses matches.
"""
import ctypes
import unicodedata

UTF, CASELESS = 0x00080000, 0x00000008
pcre2 = ctypes.CDLL("libpcre2-8.so.0")
for name in ("compile", "match_data_create", "get_ovector_pointer"):
    getattr(pcre2, f"pcre2_{name}_8").restype = ctypes.c_void_p
pcre2.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)

# Pairs of Unicode 15.1, 16 and 17 that an older PCRE2 doesn't know: (first, last, first of the other case).
NEWER = (
    (0x0390, 0x0390, 0x1FD3), (0x03B0, 0x03B0, 0x1FE3), (0xFB05, 0xFB05, 0xFB06), (0x1C89, 0x1C89, 0x1C8A),
    (0xA7CB, 0xA7CB, 0x0264), (0xA7CC, 0xA7CC, 0xA7CD), (0xA7CE, 0xA7CE, 0xA7CF), (0xA7D2, 0xA7D2, 0xA7D3),
    (0xA7D4, 0xA7D4, 0xA7D5), (0xA7DA, 0xA7DA, 0xA7DB), (0xA7DC, 0xA7DC, 0x019B), (0x10D50, 0x10D65, 0x10D70),
    (0x16EA0, 0x16EB8, 0x16EBB))


def candidates():
    """Characters that may have another case: letters, letter numbers, marks and symbols with one."""
    for code in range(0x80, 0x110000):
        character = chr(code)
        if unicodedata.category(character) in ("Lu", "Ll", "Lt") or character.lower() != character.upper():
            yield character


def pcre2_classes():
    """Lists of characters that PCRE2 holds equal."""
    characters = [chr(code) for code in range(0x80) if chr(code).isalpha()] + list(candidates())
    text = "".join(characters).encode()
    data = ctypes.c_void_p(pcre2.pcre2_match_data_create_8(1, None))
    error, offset = ctypes.c_int(), ctypes.c_size_t()
    for character in characters:
        pattern = character.encode()
        code = ctypes.c_void_p(pcre2.pcre2_compile_8(
            pattern, ctypes.c_size_t(len(pattern)), UTF | CASELESS, ctypes.byref(error), ctypes.byref(offset), None))
        pcre2.pcre2_jit_compile_8(code, 1)
        found, start = [], 0
        while pcre2.pcre2_match_8(code, text, ctypes.c_size_t(len(text)), ctypes.c_size_t(start), 0, data, None) > 0:
            ends = pcre2.pcre2_get_ovector_pointer_8(data)
            found.append(text[ends[0]:ends[1]].decode())
            start = ends[1]
        pcre2.pcre2_code_free_8(code)
        yield found


def folding():
    """Code point to representative, for all that aren't their own."""
    classes = {}
    newer = [[chr(first + i), chr(other + i)] for first, last, other in NEWER for i in range(last - first + 1)]
    for members in list(pcre2_classes()) + newer:
        joined = set().union(*(classes.get(member, {member}) for member in members))
        for member in joined:
            classes[member] = joined
    table = {}
    for members in classes.values():
        # The small letter, where that is no longer than the others: folded text never grows.
        shortest = min(len(member.encode()) for member in members)
        short = sorted(member for member in members if len(member.encode()) == shortest)
        representative = min(short, key=lambda member: (
            unicodedata.category(member) != "Ll", member.upper().lower() != member, member))
        for member in members:
            if member != representative:
                table[ord(member)] = ord(representative)
    return table


def runs(table):
    """(first, last, step, offset) of characters at equal distances that fold by the same offset."""
    result = []
    for code in sorted(table):
        offset = table[code] - code
        if result:
            first, last, step, previous = result[-1]
            distance = code - last
            if previous == offset and distance in (1, 2) and (first == last or distance == step):
                result[-1] = (first, code, distance, offset)
                continue
        result.append((code, code, 1, offset))
    return result


def main():
    table = folding()
    print(f"""// Written by script/generate-folding.py; edit that instead.

extension Folding {{
    /// Characters at equal distances whose representative is at the same offset from them.
    struct Run {{
        var first: Int
        var last: Int
        var step: Int
        var offset: Int
    }}

    /// All {len(table)} characters that are not their own representative, in the order of their numbers.
    static let runs: [Run] = [""")
    for first, last, step, offset in runs(table):
        print(f"        Run(first: 0x{first:04X}, last: 0x{last:04X}, step: {step}, offset: {offset}),")
    print("    ]\n}")


main()
