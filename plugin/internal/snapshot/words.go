package snapshot

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// Place says where in a text a word is, as far as this shows what the word means.
type Place uint8

const (
	// Anywhere is a place that shows nothing about the meaning.
	Anywhere Place = 0
	// Whole is a value that consists of the word only.
	Whole Place = 1
	// Namespace is where Istio or Kubernetes name a namespace: in "web.NAME.svc",
	// "ns/NAME/sa/web", "NAME/gateway" and "namespace: NAME".
	Namespace Place = 2
)

// placeBits is how many bits of a word's entry are its place.
const placeBits = 2

// words are numbers for words that may be the name of a namespace.
type words struct {
	mu      sync.RWMutex
	numbers map[string]uint32
}

func (w *words) number(word string) uint32 {
	w.mu.RLock()
	n, known := w.numbers[word]
	w.mu.RUnlock()
	if known {
		return n
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n, known := w.numbers[word]; known {
		return n
	}
	n = uint32(len(w.numbers)) //nolint:gosec // words of YAML that fits in memory
	word = strings.Clone(word)
	w.numbers[word] = n
	return n
}

// wordReader collects the words of one object after the other. It is one goroutine's.
type wordReader struct {
	all   *words
	known map[string]uint32
	lines map[string][]uint32 // the entries of a line of text, which many texts have alike
	found []uint32            // entries of this object
	seen  map[uint32]int      // where a word is in found

	// marked are texts with a mark, which is no word of theirs; see shape.
	mark   string
	marked []string
}

func newWordReader(all *words) *wordReader {
	return &wordReader{all: all, known: map[string]uint32{}, lines: map[string][]uint32{}, seen: map[uint32]int{}}
}

// take returns what was read since the last call.
func (r *wordReader) take() []uint32 {
	found := slices.Clone(r.found)
	r.found = r.found[:0]
	clear(r.seen)
	return found
}

func (r *wordReader) add(entry uint32) {
	number := entry >> placeBits
	if at, again := r.seen[number]; again {
		r.found[at] |= entry
		return
	}
	r.seen[number] = len(r.found)
	r.found = append(r.found, entry)
}

// mostLines bounds what is kept of lines.
const mostLines = 20_000

// lineByLine reads a long text, most of whose lines other texts have, too.
func (r *wordReader) lineByLine(text []byte) {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		if r.mark != "" && bytes.Contains(line, []byte(r.mark)) {
			r.marked = append(r.marked, string(line))
			continue
		}
		entries, known := r.lines[string(line)]
		if !known {
			entries = r.entries(string(line))
			if len(r.lines) < mostLines {
				r.lines[strings.Clone(string(line))] = entries
			}
		}
		for _, entry := range entries {
			r.add(entry)
		}
	}
}

// text reads a value.
func (r *wordReader) text(value string) {
	if r.mark != "" && strings.Contains(value, r.mark) {
		r.marked = append(r.marked, value)
		return
	}
	for _, entry := range r.entries(value) {
		r.add(entry)
	}
}

// entries are the words of a text that may name a namespace.
func (r *wordReader) entries(text string) (entries []uint32) {
	for at := 0; at < len(text); {
		if !isWordByte(text[at]) {
			at++
			continue
		}
		end := at + 1
		for end < len(text) && isWordByte(text[end]) {
			end++
		}
		word := text[at:end]
		if mayBeNamespace(word) {
			number, known := r.known[word]
			if !known {
				number = r.all.number(word)
				r.known[strings.Clone(word)] = number
			}
			entries = append(entries, number<<placeBits|uint32(place(text, at, end)))
		}
		at = end
	}
	return entries
}

// enough is how much before a word says that a namespace follows.
const enough = 16

func place(text string, at, end int) Place {
	before, after := text[:at], text[end:]
	switch {
	case before == "" && after == "":
		return Whole
	case strings.HasPrefix(after, ".svc"), strings.HasSuffix(before, "ns/"), strings.HasPrefix(after, "/") && (before == "" || !strings.HasSuffix(before, "/")),
		strings.HasSuffix(strings.ToLower(strings.TrimRight(before[max(0, len(before)-enough):], ` :="'`)), "namespace"):
		return Namespace
	case strings.TrimLeft(before, ` -"'`) == "" && strings.TrimRight(after, `"', `) == "":
		return Whole
	}
	return Anywhere
}

func isWordByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-' || b == '_'
}

// longest is how long the name of a namespace may be.
const longest = 63

func mayBeNamespace(word string) bool {
	if strings.HasPrefix(word, v1alpha1.BaseNamespace) {
		return true
	}
	if len(word) > longest || word[0] == '-' || word[len(word)-1] == '-' {
		return false
	}
	letter := false
	for i := range len(word) {
		switch c := word[i]; {
		case 'a' <= c && c <= 'z':
			letter = true
		case c == '_' || 'A' <= c && c <= 'Z':
			return false
		}
	}
	return letter
}
