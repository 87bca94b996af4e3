package render

import (
	"fmt"
	"maps"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
)

// note keeps what a build printed beside its output.
func (r *run) note(j *job, printed string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	said := diagnostic.Read(printed)
	lines := slices.Concat(said.Errors, said.Warnings, said.Others)
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		r.notes[line] = append(r.notes[line], j.arg)
	}
}

// warn prints each note once, however many overlays it is about.
func (r *run) warn() {
	for _, line := range slices.Sorted(maps.Keys(r.notes)) {
		overlays := r.notes[line]
		slices.Sort(overlays)
		about := overlays[0]
		if more := len(overlays) - 1; more > 0 {
			about = fmt.Sprintf("%s and %d more", about, more)
		}
		r.Warn(about + ": " + line)
	}
}
