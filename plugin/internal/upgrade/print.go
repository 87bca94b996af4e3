package upgrade

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

// Format is how reports are printed.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = structured.JSON
	YAML Format = structured.YAML
)

// Print writes reports. Text has the most dangerous first, and shortens long lists.
func Print(w io.Writer, reports []Report, format Format) error {
	if structured.Is(string(format)) {
		return structured.Print(w, string(format), struct {
			Reports []Report `json:"reports"`
		}{reports})
	}
	var out strings.Builder
	for i, r := range reports {
		if i > 0 {
			out.WriteString("\n")
		}
		r.print(&out)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

const width = 138

func (r Report) print(w io.Writer) {
	fmt.Fprintln(w, cut(printable.Text(r.title()), width))
	if r.IsEmpty() {
		fmt.Fprintf(w, "%s: nothing changes, %s\n", printable.Text(r.bases()), count(r.Objects, "object is the same", "objects are the same"))
		return
	}
	fmt.Fprintln(w, cut(printable.Text(r.bases()+": "+r.counts()), width))
	whole := true
	for _, s := range r.sections() {
		if len(s.lines) == 0 {
			continue
		}
		fmt.Fprintln(w, s.title)
		for i, l := range s.lines {
			if i == s.most-1 && i < len(s.lines)-1 {
				fmt.Fprintf(w, "  and %d more\n", items(s.lines[i:]))
				whole = false
				break
			}
			text := cut(l.text, width-2)
			fmt.Fprintln(w, "  "+printable.Text(text))
			whole = whole && !strings.Contains(text, cutMark)
		}
	}
	if !whole {
		fmt.Fprintln(w, "This is shortened: -o json has every field that differs, and render --diff every line.")
	}
}

func (r Report) title() string {
	var tenants []string
	for _, t := range r.Tenants {
		tenants = append(tenants, t.Overlay)
	}
	version := func(b Base) string { return cmp.Or(b.Istio, "of unknown version") }
	istio := "Istio " + version(r.From) + " -> " + version(r.To)
	if r.From.Istio == r.To.Istio {
		istio = "Istio " + version(r.To) + ", as before"
	}
	return shortened(tenants, ", ", 90) + ": " + istio
}

func (r Report) bases() string { return "  " + r.From.Base + " -> " + r.To.Base }

func (r Report) counts() string {
	return fmt.Sprintf("%s, %d change, %d are new; %d are removed", count(r.Objects, "object", "objects"), r.Changed, len(r.Added), len(r.Removed))
}

func valueOf(sign, value string) string {
	if value == "" {
		return ""
	}
	return sign + brief(value, 60)
}

func fromTo(from, to string) string {
	if strings.Contains(from, "\n") || strings.Contains(to, "\n") {
		return lineCounts(from, to)
	}
	return brief(from, 50) + " -> " + brief(to, 50)
}

// brief is a value in at most some characters; a longer text is counted.
func brief(value string, most int) string {
	if lines := strings.Count(strings.TrimSuffix(value, "\n"), "\n"); lines > 0 {
		return fmt.Sprintf("(%d lines)", lines+1)
	}
	if value == "" {
		return `""`
	}
	return cut(value, most)
}

// lineCounts says how many lines of a text come and go.
func lineCounts(from, to string) string {
	counts := map[string]int{}
	for line := range strings.Lines(from) {
		counts[line]++
	}
	added := 0
	for line := range strings.Lines(to) {
		if counts[line]--; counts[line] < 0 {
			added++
		}
	}
	removed := 0
	for _, n := range counts {
		removed += max(n, 0)
	}
	return fmt.Sprintf("+%d -%d lines", added, removed)
}

// cutMark ends what is shortened.
const cutMark = "…"

// cut shortens text, and says so.
func cut(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	lead := text[:len(text)-len(strings.TrimLeft(text, " "))]
	if len(lead)+len(runes) <= most {
		return lead + string(runes)
	}
	return lead + string(runes[:most-len(lead)-1]) + cutMark
}

// wrap breaks a list into lines, of which all but the first are indented.
func wrap(head string, items []string) []line {
	if len(items) == 0 {
		return nil
	}
	var lines []line
	now := line{text: head}
	for i, item := range items {
		if i < len(items)-1 {
			item += ", "
		}
		if len(now.text)+len(item) > width-2 && strings.TrimSpace(now.text) != "" {
			lines = append(lines, now)
			now = line{text: "    "}
		}
		now.text, now.items = now.text+item, now.items+1
	}
	return append(lines, now)
}

// shortened joins a list in about some characters, with a count of what is left out.
func shortened(list []string, separator string, most int) string {
	text := ""
	for i, item := range list {
		if i > 0 && len(text)+len(separator)+len(item) > most {
			return fmt.Sprintf("%s and %d more", text, len(list)-i)
		}
		if i > 0 {
			text += separator
		}
		text += item
	}
	return text
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
