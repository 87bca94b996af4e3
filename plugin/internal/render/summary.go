package render

import (
	"fmt"
	"strings"
	"time"
)

// String is one line:
//
//	1000 tenants, 38000 objects: 1000 changed in 2.1s (999 filled in, 1 built)
func (s Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s: %d changed", count(s.Tenants, "tenant"), count(s.Objects, "object"), s.Changed)
	if s.Removed > 0 {
		fmt.Fprintf(&b, ", %d removed", s.Removed)
	}
	if s.Failed > 0 {
		fmt.Fprintf(&b, ", %d failed", s.Failed)
	}
	unit := time.Millisecond
	if s.Took > 10*time.Second {
		unit = 100 * time.Millisecond
	}
	fmt.Fprintf(&b, " in %s (%d filled in, %d built)", s.Took.Round(unit), s.Filled, s.Built)
	return b.String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
