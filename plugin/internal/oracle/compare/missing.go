package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
)

// missingFiles are the files that are not there, by version.
func missingFiles(manifests oracle.Manifests) map[string][]string {
	missing := map[string][]string{}
	for _, version := range oracle.Versions {
		for _, file := range []string{"istio.yaml", oracle.To + ".yaml"} {
			path := filepath.Join(string(manifests), version, file)
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				missing[version] = append(missing[version], path)
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
	fmt.Fprintf(notes, `The repository does not hold them. Write what that version of Istio itself renders, by istioctl or its charts:
  %[1]s/VERSION/istio.yaml                for the namespace %[2]s
  %[1]s/VERSION/%[3]s.yaml        for the namespace %[3]s
  %[1]s/VERSION/%[3]s-%[4]s.yaml  for that namespace and revision=%[4]s, from Istio 1.10 on
or name another directory that has them: make compare MANIFESTS=DIR
`, manifests, oracle.From, oracle.To, oracle.Revision)
	if os.Getenv("CI") == "true" {
		return fmt.Errorf("the manifests of %d versions are missing, and CI=true asks for all", len(missing))
	}
	return nil
}
