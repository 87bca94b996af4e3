package render

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

// Options say what to render, and where to.
type Options struct {
	// Overlays are directories; see the help of the command.
	Overlays []string
	// Output is a directory that has one directory per overlay; "": all go to Out.
	Output string
	// Split writes one file per object.
	Split bool
	// Prune removes the output of overlays that no longer exist.
	Prune bool
	// Adopt lets an overlay that has moved take over the output that it had before.
	Adopt bool
	// Check and Diff write nothing. Diff prints to Out what would change.
	Check, Diff bool
	// Verify builds every overlay with kustomize, and compares.
	Verify bool
	// Allow is what overlays may run and fetch in addition to this program's
	// functions.
	Allow allow.List
	// Executable is this program's file; "": that on PATH, which kustomize would run.
	Executable string
	// Out may be nil if there is an Output, and no Diff.
	Out io.Writer
	// Warn gets what kustomize and its functions print in addition to the objects.
	// Progress gets, one call at a time, how many overlays are done. Both may be nil.
	Warn     func(line string)
	Progress func(done, all int)
	// Explain gets the reasons why kustomize built overlays one by one; may be nil.
	Explain func(line string)
}

// ErrStale is the error of Check if the output is not what would be written.
var ErrStale = errors.New("is out of date")

// Run renders overlays. Its error has a line for each mistake in each overlay;
// the others are rendered all the same.
func Run(ctx context.Context, o Options) (Summary, error) {
	start := time.Now()
	o, err := o.complete()
	if err != nil {
		return Summary{}, err
	}
	overlays, err := find(o.Overlays, o.Allow.Outside)
	if err != nil {
		return Summary{}, err
	}
	digests, err := newDigester(o.Executable)
	if err != nil {
		return Summary{}, err
	}
	builder, err := build.New(o.Executable, o.Allow)
	if err != nil {
		return Summary{}, err
	}
	defer builder.Close() // a directory of temporary files
	known, unlock, err := openCache(o.Output, o.readOnly())
	if err != nil {
		return Summary{}, err
	}
	defer unlock()
	r := run{
		Options: o,
		planner: planner{builder, digests, known},
		output:  output{dir: o.Output, temp: known.temp(), split: o.Split, adopt: o.Adopt, unfinished: readUnfinished(o.Output)},
		claims:  map[string][]claim{},
		roots:   map[string][]collision.Root{},
		errs:    map[string]error{},
		diffs:   map[string][]byte{},
		notes:   map[string][]string{},
		reasons: map[string][]string{},
	}
	r.Summary.Overlays, r.DryRun, r.Printed = len(overlays), o.Check || o.Diff, o.Output == ""
	r.warnOfNested(overlays)
	err = r.render(ctx, overlays)
	r.Took = time.Since(start)
	return r.Summary, err
}

// readOnly says whether a run leaves the output directory alone.
func (o Options) readOnly() bool { return o.Check || o.Diff || o.Output == "" }

// complete fills in what is left out.
func (o Options) complete() (Options, error) {
	if o.Out == nil && (o.Output == "" || o.Diff) {
		return o, errors.New("render: Out is nil: must be where to print, as Output is empty or Diff is set")
	}
	if err := o.Allow.Validate(); err != nil {
		return o, err
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	if o.Executable == "" {
		var err error
		if o.Executable, err = exec.LookPath(build.Program); err != nil {
			return o, fmt.Errorf("render: Executable is empty: must be the program's file, or the program must be on PATH: %w", err)
		}
	}
	return o, nil
}
