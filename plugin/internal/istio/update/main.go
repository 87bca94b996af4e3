// Command update moves this project to a version of Istio, and prints what
// somebody has to look at before tenants may run it.
//
//	go run ./plugin/internal/istio/update -version 1.32.0
//
// It exits 1 while there is something to look at. Without -version, it looks at
// the version that go.mod names. With -accept, everything that there is counts
// as looked at.
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

var errItems = errors.New(`look at each, let the catalogue know what tenants need of it, and then say "make istio-accept"; ` +
	"go.mod is at the version, and this exit status only says that the list is not empty")

func main() {
	version := flag.String("version", "", "a release such as 1.32.0, a pseudo-version, a branch or a commit; default: go.mod's")
	accept := flag.Bool("accept", false, "write down that everything in this version was looked at")
	dry := flag.Bool("n", false, "leave go.mod as it is")
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
			return fmt.Errorf("%d that the catalogue must answer, and that cannot be accepted: answer them, "+
				"then say \"make istio-accept\" again\n%s", len(open), strings.Join(open, "\n"))
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
		return fmt.Errorf("%d to look at: %w", len(list.Items), errItems)
	}
	return nil
}

const header = `# What the known version of Istio consists of, as far as tenants may care: each line
# was looked at. "make istio VERSION=..." lists what another version has beside it;
# "make istio-accept" writes this file anew, when that was looked at, too.
`

// write replaces what is known.
func write(facts checklist.Facts) error {
	text := bytes.NewBufferString(header)
	if err := facts.Write(text); err != nil {
		return err
	}
	return atomicwrite.File(knownFile, "", 0o644, text)
}
