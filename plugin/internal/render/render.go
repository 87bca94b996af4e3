package render

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
)

// Options say what to render, and where to.
type Options struct {
	// Overlays are directories; see the help of the command.
	Overlays []string
	// Output is a directory that has one directory per overlay; "": all go to Out.
	Output string
	// Split writes one file per object.
	Split bool
	// Prune removes the output of overlays that are gone.
	Prune bool
	// Check and Diff write nothing. Diff prints to Out what would change.
	Check, Diff bool
	// Verify builds every overlay with kustomize, and compares.
	Verify bool
	// Executable is the program's file.
	Executable string
	Out        io.Writer
	// Warn is told what kustomize and its functions print beside the objects. Progress is
	// told, one call at a time, how many overlays are done.
	Warn     func(line string)
	Progress func(done, all int)
	// Explain is told why kustomize built overlays one by one; nil: nobody is.
	Explain func(line string)
}

// Summary says what a run did.
type Summary struct {
	Tenants, Objects, Changed, Removed, Failed int
	// Filled is how many overlays were filled into a form, Built how many
	// kustomize built; the rest were unchanged since the last run.
	Filled, Built int
	Took          time.Duration
}

// ErrStale is the error of Check where the output is not what would be written.
var ErrStale = errors.New("is out of date")

// Run renders overlays. Its error has a line for each mistake in each overlay;
// the others are rendered all the same.
func Run(ctx context.Context, o Options) (Summary, error) {
	start := time.Now()
	overlays, err := find(o.Overlays)
	if err != nil {
		return Summary{}, err
	}
	digests, err := newDigester(o.Executable)
	if err != nil {
		return Summary{}, err
	}
	builder, err := build.New(o.Executable)
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
		output:  output{dir: o.Output, temp: known.temp(), split: o.Split},
		claims:  map[string][]claim{},
		errs:    map[string]error{},
		diffs:   map[string][]byte{},
		notes:   map[string][]string{},
		reasons: map[string][]string{},
	}
	r.Tenants = len(overlays)
	err = r.render(ctx, overlays)
	r.Took = time.Since(start)
	return r.Summary, err
}

// readOnly says whether a run leaves the output directory alone.
func (o Options) readOnly() bool { return o.Check || o.Diff || o.Output == "" }
