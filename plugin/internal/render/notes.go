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

// reason keeps why kustomize built an overlay.
func (r *run) reason(j *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	why := "built by itself: " + j.why
	r.reasons[why] = append(r.reasons[why], j.arg)
}

// warn prints each note, and each reason, once, however many overlays it is about.
func (r *run) warn() {
	each(r.notes, r.Warn)
	if r.Explain != nil {
		each(r.reasons, r.Explain)
	}
}

func each(about map[string][]string, tell func(line string)) {
	for _, line := range slices.Sorted(maps.Keys(about)) {
		overlays := about[line]
		slices.Sort(overlays)
		names := overlays[0]
		if more := len(overlays) - 1; more > 0 {
			names = fmt.Sprintf("%s and %d more", names, more)
		}
		tell(names + ": " + line)
	}
}
