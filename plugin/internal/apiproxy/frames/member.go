package frames

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
)

// Member is a member of a JSON object: its name, and its value's text.
type Member struct {
	Name  string
	Value []byte
}

// ErrSyntax is the error for text that is not a JSON object, or not an array.
var ErrSyntax = errors.New("is no JSON object")

// Members yields the members of a JSON object. Values are skipped, not checked:
// of a text that is no JSON they are anything.
func Members(object []byte) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		elements(object, '{', '}', func(text []byte) (int, bool, error) {
			end := skip(text)
			name, err := unquote(text[:end])
			if err != nil {
				return 0, yield(Member{}, err), err
			}
			colon := end + space(text[end:])
			if colon >= len(text) || text[colon] != ':' {
				return 0, yield(Member{}, ErrSyntax), ErrSyntax
			}
			from := colon + 1 + space(text[colon+1:])
			to := from + skip(text[from:])
			if to == from {
				return 0, yield(Member{}, ErrSyntax), ErrSyntax
			}
			return to, yield(Member{name, text[from:to:to]}, nil), nil
		}, func() { yield(Member{}, ErrSyntax) })
	}
}

// Items yields the elements of a JSON array; null has none.
func Items(array []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if string(bytes.TrimSpace(array)) == "null" {
			return
		}
		elements(array, '[', ']', func(text []byte) (int, bool, error) {
			end := skip(text)
			if end == 0 {
				return 0, yield(nil, ErrSyntax), ErrSyntax
			}
			return end, yield(text[:end:end], nil), nil
		}, func() { yield(nil, ErrSyntax) })
	}
}

// elements calls one at the beginning of each element between open and close,
// for its length and whether to go on; and wrong, unless one has said so, where
// the text is none of that.
func elements(text []byte, open, close byte, one func([]byte) (int, bool, error), wrong func()) {
	i := space(text)
	if i >= len(text) || text[i] != open {
		wrong()
		return
	}
	i++
	for first := true; ; first = false {
		i += space(text[i:])
		switch {
		case i >= len(text):
			wrong()
			return
		case text[i] == close:
			return
		case !first:
			if text[i] != ',' {
				wrong()
				return
			}
			i++
			i += space(text[i:])
		}
		n, more, err := one(text[i:])
		if err != nil || !more {
			return
		}
		i += n
	}
}

// space is how many bytes of white space text begins with.
func space(text []byte) int {
	for i, c := range text {
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return i
		}
	}
	return len(text)
}

// skip is the length of the value that text begins with; 0 if there is none, or
// no end of it.
func skip(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	switch text[0] {
	case '"':
		return skipString(text)
	case '{', '[':
		return skipNested(text)
	}
	for i, c := range text {
		switch c {
		case ',', ':', '}', ']', '{', '[', '"', ' ', '\n', '\r', '\t':
			return i
		}
	}
	return len(text)
}

func skipNested(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			n := skipString(text[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		}
	}
	return 0
}

func skipString(text []byte) int {
	for i := 1; i < len(text); {
		quote := bytes.IndexByte(text[i:], '"')
		if quote < 0 {
			return 0
		}
		i += quote
		escapes := 0
		for text[i-1-escapes] == '\\' { // ends at the quote that text begins with
			escapes++
		}
		i++
		if escapes%2 == 0 {
			return i
		}
	}
	return 0
}

// unquote is the string that a JSON text is.
func unquote(text []byte) (string, error) {
	if len(text) < 2 || text[0] != '"' {
		return "", fmt.Errorf("found %.20q: must be a string", text)
	}
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text[1 : len(text)-1]), nil
	}
	var s string
	err := json.Unmarshal(text, &s)
	return s, err
}
