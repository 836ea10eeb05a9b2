/* PCRE2 with 8-bit code units. The width must be set before the header is read. */
#ifndef CLAUDE_CHAT_CPCRE2_SHIM_H
#define CLAUDE_CHAT_CPCRE2_SHIM_H
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif
