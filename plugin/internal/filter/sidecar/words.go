package sidecar

import (
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// checkWords refuses what would lead a program past the proxy's kubeconfig on its
// command line, as Kubernetes makes that of variables.
func (p reader) checkWords() error {
	k := p.Kubeconfig
	names := k.Arguments
	if k.Argument != "" {
		names = append(slices.Clone(names), k.Argument)
	}
	words := program.Words(p.container)
	for i, w := range words {
		name, value, joined := strings.Cut(w.Text, "=")
		if !joined && i+1 < len(words) {
			value = words[i+1].Text
		}
		switch {
		case slices.Contains(k.Arguments, name):
			return fmt.Errorf("argument %s: found %q, which takes precedence over the API proxy's kubeconfig, so that the control plane would bypass the proxy: remove it", name, value)
		case slices.Contains(names, name) && !strings.HasPrefix(w.Written, name):
			return fmt.Errorf("argument %q: found %q, which comes from a variable: remove it", w.Written, w.Text)
		case len(names) > 0 && w.MayName():
			return fmt.Errorf("argument %q: Kubernetes puts a variable's value there that is not written under env, and that may be %s, by which the "+
				"control plane would bypass the API proxy: write the value itself", w.Written, names[0])
		case k.Variable != "" && strings.Contains(w.Text, k.Variable):
			return fmt.Errorf("command line: found %q, which names %s, by which the control plane finds the API proxy: remove it", w.Written, k.Variable)
		}
	}
	return nil
}
