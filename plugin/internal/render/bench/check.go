package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// printChecks prints what check costs for two numbers of tenants, whose pairs are sixteen
// times as many for four times as many tenants.
func printChecks(dir string) error {
	const few, many = 250, 1000
	costs := map[int]cost{}
	for _, n := range []int{few, many} {
		f := &fleet{dir: filepath.Join(dir, fmt.Sprint("check-", n))}
		if err := os.CopyFS(filepath.Join(f.dir, "bases"), os.DirFS(filepath.Join(dir, "bases"))); err != nil {
			return err
		}
		if err := f.grow(n); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "check %d tenants\n", n)
		c, err := measure(f.dir, 1, func(int) []string { return []string{"istio-tenancy", "check", filepath.Join(f.dir, "overlays")} })
		if err != nil {
			return err
		}
		costs[n] = c
		fmt.Printf("check, %d tenants: %.1f s, %.1f s of CPU time, %d MB of peak memory\n", n, c.wall.Seconds(), c.cpu.Seconds(), c.memory>>20)
	}
	fmt.Printf("check, %d tenants: %.1f times the CPU time of %d tenants (aim: below %d)\n\n", many, costs[many].cpu.Seconds()/costs[few].cpu.Seconds(), few, many/few+1)
	return nil
}
