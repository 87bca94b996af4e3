// Command compare counts, for each version of Istio in directories of real
// manifests, and for the charts that this program holds, the fields that sed,
// kustomize's namespace: and istio-tenancy get wrong when they move a control
// plane to another namespace.
//
//	go run ./plugin/internal/oracle/compare .manifests ../shared/manifests
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/tabwriter"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: compare MANIFESTS...")
		os.Exit(2)
	}
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// subject is what is compared: a version's manifests.
type subject struct {
	oracle.Manifests
	version string
}

// run compares what is there. What is missing is named on notes; it is an error
// where CI=true asks for everything.
func run(manifests oracle.Manifests, out, notes io.Writer) error {
	charts, err := renderCharts()
	if err != nil {
		return err
	}
	defer os.RemoveAll(charts.Manifests[0]) // temporary files
	subjects := []subject{charts}
	missing := missingFiles(manifests)
	for _, version := range oracle.Versions {
		if len(missing[version]) == 0 {
			subjects = append(subjects, subject{manifests, version})
		}
	}
	err = compare(subjects, out)
	if len(missing) > 0 {
		err = errors.Join(err, explainMissing(manifests, missing, notes))
	}
	return err
}

func compare(subjects []subject, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "wrong fields\tobjects\tsed\tnamespace:\tistio-tenancy\tunexplained\twith a revision\tunexplained\t\n")
	unexplained := 0
	for _, s := range subjects {
		left, err := s.compare(table)
		if err != nil {
			return fmt.Errorf("%s: %w", s.version, err)
		}
		unexplained += left
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if unexplained > 0 {
		return fmt.Errorf("%d unexplained differences", unexplained)
	}
	return nil
}

// compare prints a row, and returns the number of unexplained differences.
func (s subject) compare(table io.Writer) (unexplained int, err error) {
	want, err := s.Objects(s.version, oracle.To+".yaml")
	if err != nil {
		return 0, err
	}
	text, err := s.Text(s.version, "istio.yaml")
	if err != nil {
		return 0, err
	}
	bySed, _, err := manifest.Read(bytes.NewReader(bytes.ReplaceAll(text, []byte(oracle.From), []byte(oracle.To))), s.version)
	if err != nil {
		return 0, err
	}
	byNamespace, err := namespaced(s.Manifests, s.version)
	if err != nil {
		return 0, fmt.Errorf("kustomize: %w", err)
	}
	ours, err := s.Relocated(s.version)
	if err != nil {
		return 0, err
	}
	differences := oracle.Diff(want, ours)
	unexplained = len(oracle.Unexplained(s.version, differences))
	fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t", s.version, len(want),
		len(oracle.Diff(want, bySed)), len(oracle.Diff(own(want), byNamespace)), len(differences), unexplained)

	revised, left, err := revision(s.Manifests, s.version)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(table, "-\t-\t\n")
	case err != nil:
		return 0, err
	default:
		unexplained += left
		fmt.Fprintf(table, "%d\t%d\t\n", revised, left)
	}
	return unexplained, nil
}

// revision counts the differences after revising, and the unexplained ones.
func revision(manifests oracle.Manifests, version string) (all, unexplained int, err error) {
	want, err := manifests.Objects(version, oracle.To+"-"+oracle.Revision+".yaml")
	if err != nil {
		return 0, 0, err
	}
	got, err := manifests.Revised(version)
	if err != nil {
		return 0, 0, err
	}
	differences := oracle.Diff(want, got)
	return len(differences), len(oracle.Unexplained(version, differences)), nil
}

// namespaced is what kustomize makes of istio.yaml without its
// CustomResourceDefinitions, which it would not change.
func namespaced(manifests oracle.Manifests, version string) ([]*yaml.RNode, error) {
	items, err := manifests.Objects(version, "istio.yaml")
	if err != nil {
		return nil, err
	}
	text, err := manifest.Write(own(items))
	if err != nil {
		return nil, err
	}
	files := filesys.MakeFsInMemory()
	if err := files.WriteFile("istio.yaml", text); err != nil {
		return nil, err
	}
	kustomization := "namespace: " + oracle.To + "\nresources: [istio.yaml]\n"
	if err := files.WriteFile("kustomization.yaml", []byte(kustomization)); err != nil {
		return nil, err
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, ".")
	if err != nil {
		return nil, err
	}
	out, err := built.AsYaml()
	if err != nil {
		return nil, err
	}
	moved, _, err := manifest.Read(bytes.NewReader(out), version)
	return moved, err
}

// own are the objects that each installation has for itself.
func own(items []*yaml.RNode) []*yaml.RNode {
	var kept []*yaml.RNode
	for _, item := range items {
		if item.GetKind() != "CustomResourceDefinition" {
			kept = append(kept, item)
		}
	}
	return kept
}
