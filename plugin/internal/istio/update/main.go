// Command update moves this project to a version of Istio, and prints what
// somebody has to review before tenants may run it.
//
//	go run ./plugin/internal/istio/update -version 1.32.0
//
// It exits 1 while there is something to review. Without -version, it reads the
// version that go.mod names. With -accept, everything in that version counts as
// reviewed.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio/checklist"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio/module"
)

// knownFile is where the facts are that somebody has looked at.
const knownFile = "plugin/internal/istio/checklist/known.txt"

var errItems = errors.New(`items to review, each of which may need an addition to the catalogue: then run "make istio-accept". ` +
	"go.mod has this version already. The exit status only says that the list is not empty")

func main() {
	version := flag.String("version", "", "`version` to move to: a release such as 1.32.0, a pseudo-version, a branch or a commit. The default is the version in go.mod")
	accept := flag.Bool("accept", false, "record that everything in this version was reviewed")
	dry := flag.Bool("n", false, "do not change go.mod")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *version, *accept, *dry); err != nil {
		fmt.Fprintln(os.Stderr, "istio:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, query string, accept, dry bool) error {
	current, err := module.Current(ctx, ".")
	if err != nil {
		return err
	}
	found := current
	if query != "" {
		if found, err = module.Find(ctx, query); err != nil {
			return err
		}
	}
	// Everything that may fail comes before go.mod changes.
	facts, err := checklist.Of(os.DirFS(found.Dir))
	if err != nil {
		return fmt.Errorf("%s@%s: %w", module.Path, found.Version, err)
	}
	known, err := checklist.Known()
	if err != nil {
		return err
	}
	if found.Version != current.Version && !dry {
		if err := module.Move(ctx, ".", found); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "istio: go.mod: %s -> %s\n", current.Version, found.Version)
	}
	if found.Note != "" {
		fmt.Fprintf(os.Stderr, "istio: %s\n", found.Note)
	}
	if accept {
		if open := facts.Open(); len(open) > 0 {
			return fmt.Errorf("the catalogue does not cover these %d items, which cannot be accepted. Add them to the catalogue, "+
				"and run \"make istio-accept\" again\n%s", len(open), strings.Join(open, "\n"))
		}
		return write(facts)
	}
	fmt.Fprintf(out, "# %s %s\n\n", module.Path, found.Version)
	return report(out, checklist.Compare(facts, known))
}

// report prints the checklist, and fails while there is something on it.
func report(out io.Writer, list checklist.Checklist) error {
	if err := list.Write(out); err != nil {
		return err
	}
	if len(list.Items) > 0 {
		return fmt.Errorf("%d %w", len(list.Items), errItems)
	}
	return nil
}

const header = `# What the known version of Istio contains that may matter for tenants. Each line was
# reviewed. "make istio VERSION=..." lists what another version has in addition. After
# a review of that list, "make istio-accept" writes this file again.
`

// write replaces what is known.
func write(facts checklist.Facts) error {
	text := bytes.NewBufferString(header)
	if err := facts.Write(text); err != nil {
		return err
	}
	return atomicwrite.File(knownFile, "", 0o644, text)
}
