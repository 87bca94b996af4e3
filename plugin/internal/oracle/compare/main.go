// Command compare counts, for each version of Istio in directories of real
// manifests, the fields that sed, kustomize's namespace: and istio-tenancy get
// wrong when they move istio.yaml to another namespace.
//
//	go run ./plugin/internal/oracle/compare .manifests ../shared/manifests
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
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
	if err := compare(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func compare(manifests oracle.Manifests) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "wrong fields\tobjects\tsed\tnamespace:\tistio-tenancy\tunexplained\twith a revision\tunexplained\t\n")
	unexplained, found := 0, 0
	for _, version := range oracle.Versions {
		if !manifests.Has(version) {
			fmt.Fprintf(os.Stderr, "compare: there are no manifests of %s\n", version)
			continue
		}
		found++
		want, err := manifests.Objects(version, oracle.To+".yaml")
		if err != nil {
			return err
		}
		text, err := manifests.Text(version, "istio.yaml")
		if err != nil {
			return err
		}
		bySed, _, err := manifest.Read(bytes.NewReader(bytes.ReplaceAll(text, []byte(oracle.From), []byte(oracle.To))), version)
		if err != nil {
			return err
		}
		byNamespace, err := namespaced(manifests, version)
		if err != nil {
			return fmt.Errorf("%s: kustomize: %w", version, err)
		}
		ours, err := manifests.Relocated(version)
		if err != nil {
			return err
		}
		differences := oracle.Diff(want, ours)
		left := len(oracle.Unexplained(version, differences))
		unexplained += left
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t", version, len(want),
			len(oracle.Diff(want, bySed)), len(oracle.Diff(own(want), byNamespace)), len(differences), left)

		revised, left, err := revision(manifests, version)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			fmt.Fprintf(table, "-\t-\t\n")
		case err != nil:
			return err
		default:
			unexplained += left
			fmt.Fprintf(table, "%d\t%d\t\n", revised, left)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if found == 0 {
		return fmt.Errorf("found no manifests in %s. Run \"make manifests\" to create them", strings.Join(manifests, ", "))
	}
	if unexplained > 0 {
		return fmt.Errorf("%d differences are not explained", unexplained)
	}
	return nil
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
