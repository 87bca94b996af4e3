package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Baseline are findings that existed when somebody began to use check.
type Baseline struct {
	Version  int     `json:"version"`
	Findings []Entry `json:"findings"`
}

// Entry is a finding of a baseline. Its fingerprint identifies it, and a finding of a higher
// severity is not known; the other fields are for readers.
type Entry struct {
	Fingerprint string   `json:"fingerprint"`
	Severity    Severity `json:"severity"`
	Rule        string   `json:"rule"`
	Tenants     []string `json:"tenants"`
	Message     string   `json:"message"`
}

const baselineVersion = 1

// ReadBaseline reads a file that WriteBaseline has written.
func ReadBaseline(file string) (*Baseline, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var b Baseline
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, fmt.Errorf("%s: %w: must be what --write-baseline writes", file, err)
	}
	if b.Version != baselineVersion {
		return nil, fmt.Errorf("%s: version: found %d: must be %d, as --write-baseline writes", file, b.Version, baselineVersion)
	}
	for i, e := range b.Findings {
		if e.Fingerprint == "" || e.Severity == 0 || e.Rule == "" {
			return nil, fmt.Errorf("%s: %s: has no fingerprint, no severity, or no rule: must be as --write-baseline writes it", file, object.Index("findings", i))
		}
	}
	return &b, nil
}

// WriteBaseline writes the open findings of a report and the known ones to a file.
func (r *Report) WriteBaseline(file string) error {
	b := Baseline{Version: baselineVersion, Findings: []Entry{}}
	all := slices.Concat(r.Findings, r.Known)
	slices.SortStableFunc(all, compare)
	for _, f := range all {
		b.Findings = append(b.Findings, Entry{f.Fingerprint, f.Severity, f.Rule, append([]string{}, f.Tenants...), f.Message})
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return atomicwrite.File(file, filepath.Dir(file), 0o644, bytes.NewReader(append(text, '\n')))
}

// sort takes the findings of a baseline out of the open ones.
func (b *Baseline) sort(r *Report) {
	if b == nil {
		return
	}
	known := map[string]Severity{}
	for _, e := range b.Findings {
		known[e.Fingerprint] = max(known[e.Fingerprint], e.Severity)
	}
	found := map[string]bool{}
	for _, f := range slices.Concat(r.Findings, r.Accepted) {
		found[f.Fingerprint] = true
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool {
		if f.Severity > known[f.Fingerprint] {
			return false
		}
		r.Known = append(r.Known, f)
		return true
	})
	for _, e := range b.Findings {
		if !found[e.Fingerprint] {
			r.Gone = append(r.Gone, e)
		}
	}
}
