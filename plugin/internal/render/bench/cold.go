package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// coldRuns is how often render and kustomize take turns.
const coldRuns = 9

// printCold prints what rendering few tenants costs where nothing is known of
// them, in builds by kustomize: the median of pairs that took turns, so that a
// busy machine is busy for both.
func (f *fleet) printCold(tenants int, out string, render []string) error {
	var builds []float64
	for range coldRuns {
		if err := os.RemoveAll(out); err != nil {
			return err
		}
		ours, err := measure(f.dir, 1, func(int) []string { return render })
		if err != nil {
			return err
		}
		theirs, err := measure(f.dir, 2, func(i int) []string { return f.build(name(i)) })
		if err != nil {
			return err
		}
		builds = append(builds, 2*float64(ours.wall)/float64(theirs.wall))
	}
	slices.Sort(builds)
	fmt.Printf("%d tenants, cold: render takes the time of %.1f kustomize builds (aim: 2)\n", tenants, builds[coldRuns/2])
	return nil
}

// build is the command by which kustomize builds an overlay.
func (f *fleet) build(name string) []string {
	return []string{"kustomize", "build", "--enable-alpha-plugins", "--enable-exec", filepath.Join(f.dir, "overlays", name)}
}
