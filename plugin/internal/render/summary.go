package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

// Summary says what a run did or, if it is a dry run, what another would do.
type Summary struct {
	// Tenants are those of the overlays that were rendered; an overlay may have
	// none, such as that of the common base, or several.
	Overlays, Tenants, Objects, Changed, Removed, Failed int
	// Differences are those between the output before and after.
	Differences []Difference
	// Filled is how many overlays were filled into a template, Built how many
	// kustomize built; the rest were unchanged since the last run.
	Filled, Built int
	Took          time.Duration
	// DryRun: nothing is written. Printed: all goes to Out.
	DryRun, Printed bool

	cutShort bool // not all could be printed
}

// Difference is an overlay whose output changed.
type Difference struct {
	Overlay string
	what    what
}

// what became of an output.
type what int

const (
	changed what = iota
	added
	removed
)

// differs notes that an output changed.
func (s *Summary) differs(overlay string, what what) {
	s.Differences = append(s.Differences, Difference{overlay, what})
	if what == removed {
		s.Removed++
	} else {
		s.Changed++
	}
}

// String is one line:
//
//	3 overlays (2 tenants), 82 objects: 1 changed in 2.1s
func (s Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s), %s: ", count(s.Overlays, "overlay"), count(s.Tenants, "tenant"), count(s.Objects, "object"))
	switch {
	case !s.Printed:
		fmt.Fprintf(&b, "%d %s", s.Changed, s.verb(changed))
	case s.cutShort:
		b.WriteString("not all printed")
	case s.Failed == 0:
		b.WriteString("printed")
	default:
		b.WriteString("nothing printed")
	}
	if s.Removed > 0 {
		fmt.Fprintf(&b, ", %d %s", s.Removed, s.verb(removed))
	}
	if s.Failed > 0 {
		fmt.Fprintf(&b, ", %d failed", s.Failed)
	}
	unit := time.Millisecond
	if s.Took > 10*time.Second {
		unit = 100 * time.Millisecond
	}
	fmt.Fprintf(&b, " in %s", s.Took.Round(unit))
	return b.String()
}

// How is what the time went to:
//
//	0 filled in, 1 built
func (s Summary) How() string { return fmt.Sprintf("%d filled in, %d built", s.Filled, s.Built) }

// mostNames is how many overlays are named of each kind of difference.
const mostNames = 20

// Named names the overlays that differ, on one line; "" if none does:
//
//	changed: dev, sales; new: hr
func (s Summary) Named() string {
	names := map[what][]string{}
	for _, d := range slices.SortedFunc(slices.Values(s.Differences), func(a, b Difference) int { return cmp.Compare(a.Overlay, b.Overlay) }) {
		names[d.what] = append(names[d.what], d.Overlay)
	}
	var parts []string
	for _, what := range []what{changed, added, removed} {
		if len(names[what]) == 0 {
			continue
		}
		list := printable.Text(strings.Join(names[what][:min(mostNames, len(names[what]))], ", "))
		if more := len(names[what]) - mostNames; more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, s.verb(what)+": "+list)
	}
	return strings.Join(parts, "; ")
}

// verb says what became, or would become, of an output.
func (s Summary) verb(what what) string {
	if s.DryRun {
		return [...]string{"would change", "would be new", "would be removed"}[what]
	}
	return [...]string{"changed", "new", "removed"}[what]
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
