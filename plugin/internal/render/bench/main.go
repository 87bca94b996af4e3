// Command bench prints what render costs per tenant, beside what sed, helm and
// kustomize cost, on generated overlays of the shipped istiod base:
//
//	bench -bin bin -charts DIR
//
// A process per tenant costs the same for any number of tenants, so that those
// peers are run for a sample of them.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	bin := flag.String("bin", "bin", "`directory` with istio-tenancy, kustomize and helm")
	bases := flag.String("bases", "bases", "`directory` with the shipped bases")
	charts := flag.String("charts", "", "`directory` with the chart istiod")
	most := flag.Int("most", 10_000, "`number` of tenants in the largest run")
	flag.Parse()
	if err := run(*bin, *bases, *charts, *most); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// row is a line of the table.
type row struct {
	what    string
	tenants int
	ran     int // how many were run; 0: all
	cost
}

func (r row) perTenant() time.Duration { return r.wall / time.Duration(cmp.Or(r.ran, r.tenants)) }

func run(bin, bases, charts string, most int) (err error) {
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "istio-tenancy-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f := &fleet{dir: dir}
	if err := os.CopyFS(filepath.Join(dir, "bases"), os.DirFS(bases)); err != nil {
		return err
	}

	var rows []row
	full := map[int]row{}
	for n := 10; n <= most; n *= 10 {
		if err := f.grow(n); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%d tenants\n", n)
		out := filepath.Join(dir, "rendered")
		if err := os.RemoveAll(out); err != nil {
			return err
		}
		render := []string{"istio-tenancy", "render", "--quiet", filepath.Join(dir, "overlays"), "-o", out}
		all, err := measure(dir, 1, func(int) []string { return render })
		if err != nil {
			return err
		}
		full[n] = row{"render", n, 0, all}
		if n == 10 {
			if err := f.printCold(n, out, render); err != nil {
				return err
			}
		}
		one, err := f.changeOne(render)
		if err != nil {
			return err
		}
		rows = append(rows, full[n], row{"render, one changed", n, 0, one})
	}
	if err := printChecks(dir); err != nil {
		return err
	}
	peers, err := f.peers(charts)
	if err != nil {
		return err
	}
	for n := 10; n <= most; n *= 10 {
		for _, p := range peers {
			p.tenants = n
			rows = append(rows, p)
		}
	}
	return print(rows, full)
}

// changeOne renders after one change, and again after another: the median of a
// few, each of which is so short that what else runs would show.
func (f *fleet) changeOne(render []string) (cost, error) {
	var costs []cost
	for range 5 {
		if err := f.change(); err != nil {
			return cost{}, err
		}
		c, err := measure(f.dir, 1, func(int) []string { return render })
		if err != nil {
			return cost{}, err
		}
		costs = append(costs, c)
	}
	slices.SortFunc(costs, func(a, b cost) int { return cmp.Compare(a.wall, b.wall) })
	return costs[len(costs)/2], nil
}

// peers runs what takes a process per tenant.
func (f *fleet) peers(charts string) ([]row, error) {
	base, err := exec.Command("kustomize", "build", "--enable-alpha-plugins", "--enable-exec",
		filepath.Join(f.dir, "bases/istio/control-plane")).Output()
	if err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	manifest := filepath.Join(f.dir, "base.yaml")
	if err := os.WriteFile(manifest, base, 0o600); err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "the base: %d objects, %d kB\n", strings.Count(string(base), "\n---\n")+1, len(base)/1000)
	var rows []row
	for _, peer := range []struct {
		what   string
		sample int
		args   func(name string) []string
	}{
		{"sed", 1000, func(name string) []string {
			return []string{"sed", "s/ISTIO_TENANT_NAMESPACE/istio-" + name + "/g", manifest}
		}},
		{"helm template", 10, func(name string) []string {
			return []string{"helm", "template", "istiod", charts, "--namespace", "istio-" + name, "--set", "revision=" + name}
		}},
		{"kustomize build", 10, f.build},
	} {
		fmt.Fprintln(os.Stderr, peer.what)
		c, err := measure(f.dir, peer.sample, func(i int) []string { return peer.args(name(i % 10)) })
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{peer.what, 0, peer.sample, c})
	}
	return rows, nil
}

// print prints the table, and each aim beside what was measured.
func print(rows []row, full map[int]row) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\ttenants\tper tenant\tin all\tpeak memory\t")
	at := map[string]row{}
	for _, r := range rows {
		note := ""
		if r.ran > 0 && r.ran != r.tenants {
			note = fmt.Sprintf("  measured with %d", r.ran)
		}
		total := r.perTenant() * time.Duration(r.tenants)
		fmt.Fprintf(w, "%s\t%d\t%.3f ms\t%.2f s\t%d MB\t%s\n",
			r.what, r.tenants, float64(r.perTenant().Microseconds())/1000, total.Seconds(), r.memory>>20, note)
		at[fmt.Sprint(r.what, r.tenants)] = r
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Println()
	if r, ok := full[1000]; ok {
		for _, aim := range []struct {
			peer  string
			times float64
		}{{"kustomize build", 100}, {"helm template", 30}, {"sed", 1}} {
			peer := at[fmt.Sprint(aim.peer, 1000)]
			fmt.Printf("1000 tenants: render is %.1f times as fast as %s (aim: %.0f)\n",
				float64(peer.perTenant())/float64(r.perTenant()), aim.peer, aim.times)
		}
	}
	for _, n := range []int{1000, 10_000} {
		if r, ok := full[n]; ok {
			fmt.Printf("%d tenants: one changed tenant is rendered %.1f times as fast as all tenants (aim: 20)\n",
				n, float64(r.wall)/float64(at[fmt.Sprint("render, one changed", n)].wall))
		}
	}
	if r, ok := full[10_000]; ok {
		fmt.Printf("10000 tenants: the peak memory is %d MB (aim: below 300)\n", r.memory>>20)
	}
	return nil
}
