// Package allow decides what a kustomization may do on the machine that builds it: it
// may run this program's functions, and nothing else unless the user names it. A build
// runs on changes that nobody has reviewed yet.
//
//	transformers: [tenant.yaml]     exec: {path: istio-tenancy}   fine
//	transformers: [label.yaml]      apiVersion: builtin           fine
//	transformers: [other.yaml]      exec: {path: ./other}         a problem, unless Exec has ./other
//	resources: [https://host/base]                                a problem, unless Remote has https://host
package allow

import (
	"errors"
	"fmt"
)

// Program is the name of this program's function in kustomizations.
const Program = "istio-tenancy"

// helm is the program that kustomize runs for charts.
const helm = "helm"

// List is what a build may do in addition to this program's own functions, and how much
// it may use.
type List struct {
	// Exec are programs that may run: exec.path or container.image of a function, as
	// it is written there, and helm for charts.
	Exec []string
	// Remote are the beginnings of URLs of files and repositories that may be read.
	Remote []string
	// Outside are directories with kustomizations that may be read though they are
	// outside of the overlay's repository.
	Outside []string
	// Memory and Time are what the build of one overlay may use; 0: the defaults.
	Memory Memory
	Time   Duration
}

// Validate says what is wrong with a list, one line per mistake.
func (l List) Validate() error {
	var errs []error
	for _, name := range l.Exec {
		if name == "" {
			errs = append(errs, errors.New(`--allow-exec: found "": must be a function's exec.path or container.image, as it is written there`))
		}
	}
	for _, url := range l.Remote {
		if !IsRemote(url) {
			errs = append(errs, fmt.Errorf("--allow-remote: found %q: must be the beginning of a URL, as it is written, such as https://github.com/example/bases", url))
		}
	}
	return errors.Join(errs...)
}

// Programs says whether kustomize may look for programs on PATH.
func (l List) Programs() bool { return len(l.Exec)+len(l.Remote) > 0 }
