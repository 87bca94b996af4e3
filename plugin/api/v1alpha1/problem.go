package v1alpha1

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// problem is one mistake in a configuration: where, and what would be right.
type problem struct {
	path, message string
}

// problems are all mistakes of one configuration.
type problems []problem

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, problem{path, fmt.Sprintf(format, args...)})
}

// with adds the problems of more that are not at or below the path of one that
// is known: they would only repeat it.
func (p problems) with(more problems) problems {
	known := slices.Clone(p)
	for _, q := range more {
		below := func(k problem) bool {
			rest, found := strings.CutPrefix(q.path, k.path)
			return found && (k.path == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
		}
		if !slices.ContainsFunc(known, below) {
			p = append(p, q)
		}
	}
	return p
}

// err is nil without problems; otherwise its message has one line per
// problem, in the order of the field paths, each beginning with object.
func (p problems) err(object string) error {
	if len(p) == 0 {
		return nil
	}
	sorted := slices.Clone(p)
	slices.SortStableFunc(sorted, func(a, b problem) int {
		return strings.Compare(orderKey(a.path), orderKey(b.path))
	})
	lines := make([]string, len(sorted))
	for i, q := range sorted {
		if q.path != "" {
			q.path += ": "
		}
		lines[i] = object + ": " + q.path + q.message
	}
	return errors.New(strings.Join(slices.Compact(lines), "\n"))
}

var index = regexp.MustCompile(`\[\d+\]`)

// orderKey makes [2] sort before [10].
func orderKey(path string) string {
	return index.ReplaceAllStringFunc(path, func(s string) string {
		return fmt.Sprintf("[%12s", s[1:])
	})
}

// show is a value as JSON on one line, shortened where it is long.
func show(value any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(value))
	}
	const most = 80
	text := []rune(strings.TrimSuffix(b.String(), "\n"))
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}

// list is words as a sentence has them: a, b or c.
func list[T any](words []T) string {
	var text []string
	for _, w := range words {
		text = append(text, fmt.Sprint(w))
	}
	if n := len(text) - 1; n > 0 {
		return strings.Join(text[:n], ", ") + " or " + text[n]
	}
	return strings.Join(text, "")
}
