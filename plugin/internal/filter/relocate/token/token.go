// Package token finds and replaces a name in text of any syntax (YAML, JSON,
// shell, DNS names, URLs, PromQL) where it stands as a whole, never where it is
// part of a longer name.
//
// Of "istio-system" in
//
//	zipkin.istio-system:9411  istiod.istio-system.svc  ns/istio-system/sa/default   whole
//	istio-system2  my-istio-system  istio-system.example.com                        part
//
// the first line's are found and the second line's are not.
package token

import "strings"

// Contains says whether s contains name as a whole word.
func Contains(s, name string) bool {
	return next(s, name, 0) >= 0
}

// Replace returns s with every whole name replaced. An empty name is in no text.
func Replace(s, name, by string) string {
	at := next(s, name, 0)
	if at < 0 {
		return s
	}
	var b strings.Builder
	done := 0
	for ; at >= 0; at = next(s, name, done) {
		b.WriteString(s[done:at])
		b.WriteString(by)
		done = at + len(name)
	}
	b.WriteString(s[done:])
	return b.String()
}

// next is the offset of the first whole name in s at or after start, or -1.
func next(s, name string, start int) int {
	if name == "" {
		return -1
	}
	for at := start; ; at++ {
		i := strings.Index(s[at:], name)
		if i < 0 {
			return -1
		}
		at += i
		if begins(s[:at]) && ends(s[at+len(name):]) {
			return at
		}
	}
}

// begins says whether a name may begin after before.
func begins(before string) bool {
	if before == "" || endsInEscape(before) {
		return true
	}
	switch last := before[len(before)-1]; last {
	case '\\', '%': // what follows is, at first, the rest of an escape
		return last == '\\' && !oddBackslashes(before)
	default:
		return !isNameByte(last)
	}
}

// endsInEscape says whether the letters at s's end belong to an escaped
// character, not to a name: "\n" and "\u0026" of JSON, "%2F" of a URL.
func endsInEscape(s string) bool {
	n := len(s)
	switch {
	case n >= 2 && strings.IndexByte("bfnrt", s[n-1]) >= 0 && oddBackslashes(s[:n-1]):
		return true
	case n >= 3 && s[n-3] == '%' && isHex(s[n-2:]):
		return true
	case n >= 6 && s[n-5] == 'u' && isHex(s[n-4:]) && oddBackslashes(s[:n-5]):
		return true
	}
	return false
}

// oddBackslashes says whether s ends in one that is not itself escaped.
func oddBackslashes(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}

// ends says whether a name may end before after. A domain may follow the name
// only where Kubernetes' DNS names, or Istio's, have one: "istio-system" is no
// namespace in istio-system.example.com.
func ends(after string) bool {
	if after == "" {
		return true
	}
	if after[0] != '.' {
		return !isNameByte(after[0])
	}
	label := after[1:]
	for i := range len(label) {
		if !isNameByte(label[i]) {
			label = label[:i]
			break
		}
	}
	switch label {
	case "", "svc", "pod", "global": // global: Istio's multi-cluster names, 1.0 to 1.8
		return true
	}
	return false
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
