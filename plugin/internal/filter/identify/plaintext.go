package identify

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// plaintext closes the port of plaintext xDS: it goes from the control plane's
// Services, from its container, and from NetworkPolicies beside it.
func (f Filter) plaintext(objects []*yaml.RNode) error {
	if f.Tenant.Plane.Deployment == nil {
		return nil
	}
	var errs []error
	services := f.Tenant.Services(objects).Own
	for _, o := range objects {
		if o.GetNamespace() != f.Tenant.Own() {
			continue
		}
		switch kind := o.GetKind(); {
		case kind == "Service" && slices.Contains(services, o.GetName()):
			errs = append(errs, f.closeService(o))
		case kind == "NetworkPolicy":
			if f.closeRules(o) && o.GetLabels()[istio.OperatorComponentLabel] == "" { // the charts' have it
				f.Tenant.Warn("%s: spec.ingress: dropped port %d, which is for plaintext xDS: the control plane keeps it to its own Pod",
					object.IDOf(o), f.identity.Plaintext)
			}
		}
	}
	remove(f.Tenant.Plane.Container, func(port *yaml.RNode) bool {
		return object.String(port, "containerPort") == strconv.Itoa(f.identity.Plaintext)
	}, "ports")
	return errors.Join(errs...)
}

// remove takes elements from the sequence at a path.
func remove(n *yaml.RNode, drop func(*yaml.RNode) bool, path ...string) {
	list, err := n.Pipe(yaml.Lookup(path...))
	if err != nil || list == nil {
		return
	}
	list.YNode().Content = slices.DeleteFunc(list.YNode().Content, func(e *yaml.Node) bool { return drop(yaml.NewRNode(e)) })
}

// closeService takes the port from a Service. One that has no other is
// somebody's own, and of no use any more.
func (f Filter) closeService(service *yaml.RNode) error {
	ports := object.List(service, "spec", "ports")
	closed := slices.DeleteFunc(slices.Clone(ports), func(p *yaml.RNode) bool { return !f.isPlaintext(p) })
	if len(closed) > 0 && len(closed) == len(ports) {
		return fmt.Errorf("%s: spec.ports: is for plaintext xDS (%d) only, which the control plane serves in its own Pod only, because it has no authentication; "+
			"remove the Service: xDS with TLS has a port of its own", object.IDOf(service), f.identity.Plaintext)
	}
	for _, p := range closed {
		if object.String(p, "name") != f.identity.PlaintextName || object.String(p, "port") != strconv.Itoa(f.identity.Plaintext) {
			f.Tenant.Warn("%s: spec.ports: dropped %s, which is for plaintext xDS: the control plane keeps it to its own Pod",
				object.IDOf(service), object.String(p, "port"))
		}
	}
	remove(service, f.isPlaintext, "spec", "ports")
	return nil
}

// isPlaintext says whether a port of a Service of the control plane leads to
// plaintext xDS.
func (f Filter) isPlaintext(port *yaml.RNode) bool {
	target := object.String(port, "targetPort")
	if target == "" {
		target = object.String(port, "port")
	}
	if target == strconv.Itoa(f.identity.Plaintext) {
		return true
	}
	return slices.ContainsFunc(object.List(f.Tenant.Plane.Container, "ports"), func(p *yaml.RNode) bool {
		return object.String(p, "name") == target && object.String(p, "containerPort") == strconv.Itoa(f.identity.Plaintext)
	})
}

// closeRules takes the port from the rules of a NetworkPolicy, and says whether
// it was there. A rule without ports would open all of them, so that one with no
// other port goes.
func (f Filter) closeRules(policy *yaml.RNode) (changed bool) {
	remove(policy, func(rule *yaml.RNode) bool {
		before := len(object.List(rule, "ports"))
		remove(rule, func(port *yaml.RNode) bool {
			return object.String(port, "port") == strconv.Itoa(f.identity.Plaintext) && object.String(port, "endPort") == ""
		}, "ports")
		after := len(object.List(rule, "ports"))
		changed = changed || after < before
		return before > 0 && after == 0
	}, "spec", "ingress")
	return changed
}

// addresses refuses proxies that are told to use plaintext xDS.
func (f Filter) addresses(objects []*yaml.RNode) error {
	port := ":" + strconv.Itoa(f.identity.Plaintext)
	field := regexp.MustCompile(`discovery_?[aA]ddress["']?[ \t]*:[ \t]*["']?[^\s"',}]*` + port + `\b`)
	var errs []error
	for _, o := range objects {
		for _, path := range [][]string{{"metadata"}, {"spec", "template", "metadata"}} {
			if asksFor(object.String(o, append(path, "annotations", istio.TemplatesAnnotation)...), f.identity.PlaintextTemplate) {
				errs = append(errs, fmt.Errorf("%s: %s.annotations[%s]: found %q, whose Pods use plaintext xDS, and there is none outside of "+
					"the control plane's own Pod", object.IDOf(o), strings.Join(path, "."), istio.TemplatesAnnotation, f.identity.PlaintextTemplate))
			}
		}
		if found := findField(o.YNode(), "", port, field); found != "" {
			errs = append(errs, fmt.Errorf("%s: found %q, and there is no plaintext xDS outside of the control plane's own Pod; "+
				"leave the address out, and the proxies get the right one", object.IDOf(o), found))
		}
	}
	return errors.Join(errs...)
}

// asksFor says whether a list of templates has one.
func asksFor(templates, template string) bool {
	return slices.ContainsFunc(strings.Split(templates, ","), func(t string) bool { return strings.TrimSpace(t) == template })
}

// findField looks for text that a pattern matches in the fields of an object, in
// its annotations, and in what they hold as text. Whatever matches holds a word.
func findField(n *yaml.Node, name, word string, pattern *regexp.Regexp) string {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, word) {
		return pattern.FindString(name + ": " + n.Value)
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			name = n.Content[i-1].Value
		}
		if found := findField(child, name, word, pattern); found != "" {
			return found
		}
	}
	return ""
}
