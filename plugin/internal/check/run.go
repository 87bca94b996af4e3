package check

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Options say what to check.
type Options struct {
	snapshot.Options
	// Baseline are findings that are known; nil: none.
	Baseline *Baseline
}

// Report is what was found.
type Report struct {
	// Findings are the open ones, the worst first.
	Findings []Finding
	// Accepted are those that an annotation accepts, and Known those of the baseline.
	Accepted, Known []Finding
	// Gone are findings of the baseline that are no longer found.
	Gone []Entry
	// Errors are the reasons why something that was named could not be checked, one
	// per line.
	Errors []string
	// Tenants, Objects, Overlays and Files are how many were read; Common are the
	// common bases that were read next to the overlays' bases.
	Tenants, Objects, Overlays, Files int
	Common                            []string
}

// Run checks what options name. It returns an error if nothing could be read; the
// report names what else could not be read.
func Run(ctx context.Context, o Options) (*Report, error) {
	reading, err := snapshot.Read(ctx, o.Options)
	if reading == nil {
		return nil, err
	}
	report := Judge(ctx, reading)
	if err != nil {
		report.Errors = append(strings.Split(strings.TrimSpace(err.Error()), "\n"), report.Errors...)
	}
	o.Baseline.sort(report)
	return report, ctx.Err()
}

// Judge checks what was read.
func Judge(ctx context.Context, reading *snapshot.Reading) *Report {
	e, err := newEstate(reading)
	e.opened = e.openedByCluster(ctx)
	r := &Report{Tenants: len(reading.Tenants), Objects: len(reading.Objects), Overlays: reading.Overlays, Files: reading.Files, Common: reading.Common}
	var found []Finding
	for _, rule := range Rules() {
		if rule.find != nil && ctx.Err() == nil {
			of := report{rule: rule}
			rule.find(e, &of)
			found = append(found, of.findings...)
		}
	}
	var reached []Finding
	if err == nil {
		reached, err = ways(ctx, e, found)
	}
	if err != nil {
		r.Errors = append(r.Errors, strings.Split(err.Error(), "\n")...)
	}
	found = append(found, reached...)
	accepted := acceptances(e)
	for i := range found {
		found[i].print()
		found[i].Accepted = accepted.of(&found[i])
	}
	wrong := accepted.findings()
	for i := range wrong {
		wrong[i].print()
	}
	found = append(found, wrong...)
	places := places{overlays: map[string]string{}}
	for _, c := range reading.Configs {
		places.overlays[c.Overlay] = c.File
	}
	for i := range found {
		places.locate(&found[i])
	}
	slices.SortStableFunc(found, compare)
	found = slices.CompactFunc(found, func(a, b Finding) bool { return a.Fingerprint == b.Fingerprint && a.Message == b.Message })
	for _, f := range found {
		if f.Accepted != "" {
			r.Accepted = append(r.Accepted, f)
		} else {
			r.Findings = append(r.Findings, f)
		}
	}
	return r
}

// Count is how many open findings are at least as bad as a severity.
func (r *Report) Count(least Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity >= least {
			n++
		}
	}
	return n
}

// ErrFound says that there are findings that fail a check.
var ErrFound = errors.New("has findings")
