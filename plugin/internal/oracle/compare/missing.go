package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
)

// missingFiles are the files that are not there, by version.
func missingFiles(manifests oracle.Manifests) map[string][]string {
	missing := map[string][]string{}
	for _, version := range oracle.Versions {
		for _, file := range []string{"istio.yaml", oracle.To + ".yaml"} {
			if _, err := manifests.Text(version, file); errors.Is(err, fs.ErrNotExist) {
				missing[version] = append(missing[version], filepath.Join(version, file))
			}
		}
	}
	return missing
}

// explainMissing says what is missing, and how to get it.
func explainMissing(manifests oracle.Manifests, missing map[string][]string, notes io.Writer) error {
	fmt.Fprintln(notes, "These versions are not compared, since their manifests are missing:")
	for _, version := range oracle.Versions {
		for _, path := range missing[version] {
			fmt.Fprintf(notes, "  %s: %s\n", version, path)
		}
	}
	fmt.Fprintf(notes, `They are not in %[1]s. The repository does not hold them; "make manifests" makes those whose Go module
the module proxy has. For the others, write what that version of Istio itself renders, by istioctl or its charts:
  DIR/VERSION/istio.yaml                for the namespace %[2]s
  DIR/VERSION/%[3]s.yaml        for the namespace %[3]s
  DIR/VERSION/%[3]s-%[4]s.yaml  for that namespace and revision=%[4]s, from Istio 1.10 on
and name that directory: make compare MANIFESTS=DIR
`, strings.Join(manifests, " and "), oracle.From, oracle.To, oracle.Revision)
	if os.Getenv("CI") == "true" {
		return fmt.Errorf("the manifests of %d versions are missing, and CI=true asks for all", len(missing))
	}
	return nil
}
