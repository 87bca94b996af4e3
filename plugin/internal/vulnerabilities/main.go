// Command vulnerabilities reads what govulncheck -format json prints, and lists the known
// vulnerabilities of the modules that this program is built of:
//
//	GO-2026-6094  not called         github.com/google/cel-go v0.29.2, fixed in v0.30.0
//	GO-2026-6600  fixed by a new Go  stdlib v1.26.8, fixed in v1.26.9: calls html/template.Template.Execute
//
// The exit code is 1 if the program calls a vulnerable function of a module. Those of the
// standard library do not count: they depend on the Go that is installed, and the workflow
// of releases takes the newest one.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// message is one of govulncheck's. Source: golang.org/x/vuln/internal/govulncheck, protocol v1.0.0.
type message struct {
	Finding *finding
}

// finding is a vulnerability, once for each way to it. Its trace begins with what is
// vulnerable: a function, if it is called; a package, if it is only imported; a module, if
// it is only required.
type finding struct {
	OSV   string
	Fixed string `json:"fixed_version"`
	Trace []frame
}

type frame struct{ Module, Version, Package, Function, Receiver string }

func (f finding) called() bool { return f.Trace[0].Function != "" }

func (f finding) ofGo() bool { return f.Trace[0].Module == "stdlib" }

func (f finding) String() string {
	at := f.Trace[0]
	verdict, calls := "not called", ""
	if f.called() {
		verdict, calls = "CALLED", ": calls "+at.Package+"."
		if at.Receiver != "" {
			calls += at.Receiver + "."
		}
		calls += at.Function
		if f.ofGo() {
			verdict = "fixed by a new Go"
		}
	}
	fixed := "not fixed yet"
	if f.Fixed != "" {
		fixed = "fixed in " + f.Fixed
	}
	return fmt.Sprintf("%s  %-17s  %s %s, %s%s", f.OSV, verdict, at.Module, at.Version, fixed, calls)
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "vulnerabilities:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	worst := map[string]finding{}
	messages := 0
	for decoder := json.NewDecoder(in); ; messages++ {
		var m message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("stdin: The input is not the output of govulncheck -format json: %w", err)
		}
		if f := m.Finding; f != nil && len(f.Trace) > 0 && (worst[f.OSV].OSV == "" || f.called()) {
			worst[f.OSV] = *f
		}
	}
	if messages == 0 {
		return errors.New("stdin: The input is empty. It must be the output of govulncheck -format json")
	}
	bad := 0
	for _, id := range slices.Sorted(maps.Keys(worst)) {
		f := worst[id]
		if _, err := fmt.Fprintln(out, f); err != nil {
			return err
		}
		if f.called() && !f.ofGo() {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("the program calls %d vulnerable functions of modules. Update these modules in go.mod", bad)
	}
	_, err := fmt.Fprintf(out, "%d known vulnerabilities. The program calls none that is in a module\n", len(worst))
	return err
}
