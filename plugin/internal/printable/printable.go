// Package printable writes texts of others, such as the names of objects, so that they stay
// on their line and show what is in them:
//
//	"x\n::error::y\x1b[2J"   ->   x\n::error::y\x1b[2J
package printable

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text is a text in which every character that is no letter, mark, number, sign or
// space is written as an escape sequence of Go, such as a newline, an escape or a
// change of the direction of writing. Bytes that are not UTF-8 are written as such
// sequences, too.
func Text(text string) string {
	if isPrintable(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(text[0])+0x100, 16)[1:])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

func isPrintable(text string) bool {
	for i, r := range text {
		if !strconv.IsPrint(r) || r == utf8.RuneError && text[i] != "\uFFFD"[0] {
			return false
		}
	}
	return true
}
