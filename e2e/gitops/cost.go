package gitops

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// Cost prints the steps as tables: what each took, and what the programs took.
func (m *Meter) Cost(out io.Writer) {
	tool := "system:serviceaccount:" + m.namespace + ":"
	of := func(r cluster.Request) bool { return strings.HasPrefix(r.User, tool) }
	writes := func(r cluster.Request) bool {
		return of(r) && !r.DryRun && slices.Contains([]string{"create", "update", "patch", "delete"}, r.Verb)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "step\ttenants\tapplied s\tdone s\trequests of the tool\ta tenant\twrites\tall requests\t%s\ttenants written to\n", m.Counted.Name)
	for _, s := range m.steps {
		applied := "-"
		if s.Applied > 0 {
			applied = fmt.Sprintf("%.0f", s.Applied.Seconds())
		}
		requests := s.count(of)
		fmt.Fprintf(table, "%s\t%d\t%s\t%.0f\t%d\t%.0f\t%d\t%d\t%d\t%d\n", s.Name, s.Tenants, applied, s.Took.Seconds(),
			requests, float64(requests)/float64(s.Tenants), s.count(writes), len(s.requests), s.Counted, s.written(writes))
	}
	table.Flush()
	names := slices.Clone(beside)
	for _, c := range m.controllers {
		names = append(names, c.Name)
	}
	fmt.Fprintln(table, "\nCPU s / peak MiB\ttenants\t"+strings.Join(names, "\t"))
	for _, s := range m.steps {
		fmt.Fprintf(table, "%s\t%d", s.Name, s.Tenants)
		for _, name := range names {
			fmt.Fprintf(table, "\t%.1f / %d", s.CPU[name].Seconds(), s.Peak[name]>>20)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}

func (s *Step) count(which func(cluster.Request) bool) (n int) {
	for _, r := range s.requests {
		if which(r) {
			n++
		}
	}
	return n
}

// written are the application namespaces that had a request of a kind, each of one tenant.
func (s *Step) written(which func(cluster.Request) bool) int {
	found := map[string]bool{}
	for _, r := range s.requests {
		if which(r) && (strings.HasSuffix(r.Namespace, "-apps") || r.Namespace == "ns-0" || r.Namespace == "ns-1") {
			found[r.Namespace] = true
		}
	}
	return len(found)
}

// Sizes reads numbers of tenants, each more than the one before.
func Sizes(text string) (sizes []int, err error) {
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < len(tenants) || len(sizes) > 0 && n <= sizes[len(sizes)-1] {
			return nil, fmt.Errorf("-tenants: found %q. Write increasing numbers, separated by commas, the first at least %d", text, len(tenants))
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// Given says whether the command line states a flag.
func Given(name string) (given bool) {
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// Report gives the benchmark the figures of the last steps.
func Report(b *testing.B, steps []*Step) {
	b.ReportMetric(0, "ns/op") // says nothing
	for _, s := range steps {
		if s.Tenants == steps[len(steps)-1].Tenants {
			b.ReportMetric(s.Took.Seconds(), "s-"+strings.ReplaceAll(s.Name, " ", "-"))
		}
	}
}
