package upgrade

import (
	"reflect"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio/checklist"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// unknown is what the build over the new base warns of, and the old one does not, and
// what the control plane has there that nobody has looked at.
func unknown(s render.Swapped) []string {
	found := []string{}
	for _, note := range s.To.Notes {
		if !slices.Contains(s.From.Notes, note) && !slices.Contains(found, note) {
			found = append(found, note)
		}
	}
	plane, err := controlplane.Find(s.To.Objects)
	if err != nil {
		return append(found, err.Error())
	}
	// What is known is of one version: an older one has what that one no longer has.
	if newest := semver.MustParse(istio.Newest); plane.Version.LessThan(newest) {
		return found
	}
	known, err := checklist.Known()
	if err != nil {
		return append(found, err.Error())
	}
	before, _ := controlplane.Find(s.From.Objects)
	for _, kind := range []struct {
		what   string
		names  func(*yaml.RNode) []string
		topics []string
	}{
		{"variable", variablesOf, []string{"feature", "variable"}},
		{"argument", flagsOf, []string{"flag", "argument"}},
	} {
		for _, name := range kind.names(plane.Container) {
			if !slices.Contains(kind.names(before.Container), name) && !isKnown(known, name, kind.topics) {
				found = append(found, object.IDOf(plane.Deployment).String()+": "+kind.what+" "+name+" is not among those of Istio "+istio.Newest+" that this release knows")
			}
		}
	}
	return found
}

func isKnown(known checklist.Facts, name string, topics []string) bool {
	return slices.ContainsFunc(known.All(), func(f checklist.Fact) bool {
		return slices.Contains(topics, f.Topic) && (f.Name == name || strings.HasSuffix(f.Name, ": "+name))
	})
}

func variablesOf(container *yaml.RNode) []string {
	var names []string
	if container != nil {
		for _, v := range object.List(container, "env") {
			names = append(names, object.String(v, "name"))
		}
	}
	return names
}

func flagsOf(container *yaml.RNode) []string {
	var names []string
	if container != nil {
		for _, argument := range slices.Concat(object.Strings(container, "command"), object.Strings(container, "args")) {
			if flag, _, _ := strings.Cut(argument, "="); strings.HasPrefix(flag, "--") {
				names = append(names, flag)
			}
		}
	}
	return names
}

// proxies says whether proxies change, and which of those that the overlay has itself
// go on with the old one: their workloads stay as they are.
func (r *Report) proxies(s render.Swapped, in scopes) {
	r.KeepProxies = []string{}
	r.Proxies = r.From.Istio != r.To.Istio || slices.ContainsFunc(r.Changes, func(c Change) bool {
		return (c.Topic == "images" || c.Topic == "injection") && slices.ContainsFunc(c.Objects, func(name string) bool { return strings.HasPrefix(name, "ConfigMap ") })
	})
	if !r.Proxies {
		return
	}
	old := map[object.ID]*yaml.RNode{}
	for _, o := range s.From.Objects {
		old[object.IDOf(o)] = o
	}
	var kept []object.ID
	for _, o := range s.To.Objects {
		before, found := old[object.IDOf(o)]
		if spec, _ := object.PodSpec(o); found && spec != nil && hasProxy(spec) && !isRestarted(before, o) {
			kept = append(kept, object.IDOf(o))
		}
	}
	r.KeepProxies = in.named(kept)
}

func hasProxy(spec *yaml.RNode) bool {
	_, containers := object.PodContainers(spec)
	return slices.ContainsFunc(containers, func(c *yaml.RNode) bool {
		return slices.ContainsFunc(istio.Components, func(known istio.Component) bool {
			return known.Proxy && known.Runs(object.String(c, "name"), object.String(c, "image"))
		})
	})
}

// common is what the new common base has that the old one has not; nil: nothing.
func common(from, to render.Laid) *Common {
	for _, l := range []render.Laid{from, to} {
		if len(l.Common) == 0 {
			return &Common{Problem: "there is no common base next to " + l.Base + " to compare with"}
		}
	}
	old := map[object.ID]*yaml.RNode{}
	for _, o := range from.Common {
		old[object.IDOf(o)] = o
	}
	c := Common{Base: to.CommonBase, Kinds: []string{}, Added: []string{}, Changed: []string{}}
	for _, o := range to.Common {
		id := object.IDOf(o)
		before, found := old[id]
		if id.Kind == "CustomResourceDefinition" {
			kind := object.String(o, "spec", "names", "kind")
			if served := newlyServed(before, o); len(served) > 0 {
				c.Kinds = append(c.Kinds, kind+" "+strings.Join(served, " "))
			} else if servesOther(before, o) {
				c.Changed = append(c.Changed, kind)
			}
			continue
		}
		switch {
		case !found:
			c.Added = append(c.Added, id.String())
		case servesOther(before, o):
			c.Changed = append(c.Changed, id.String())
		}
	}
	if len(c.Kinds)+len(c.Added)+len(c.Changed) == 0 {
		return nil
	}
	return &c
}

// servesOther says whether an object of the common base differs in more than what is
// written about it.
func servesOther(before, now *yaml.RNode) bool {
	old, new := leaves(before), leaves(now)
	return slices.ContainsFunc(differing(old, new), func(key string) bool {
		path := old[key].path
		if path == nil {
			path = new[key].path
		}
		isAbout := path[len(path)-1] == "description" || path[0] == "metadata" && (path[1] == "labels" || path[1] == "annotations")
		return !isAbout
	}) || !reflect.DeepEqual(at(before, []string{"rules"}), at(now, []string{"rules"}))
}

// newlyServed are the versions of a kind that an older definition, or none, does not serve.
func newlyServed(before, now *yaml.RNode) []string {
	var old, found []string
	if before != nil {
		old = servedBy(before)
	}
	for _, version := range servedBy(now) {
		if !slices.Contains(old, version) {
			found = append(found, version)
		}
	}
	return found
}

func servedBy(definition *yaml.RNode) []string {
	names := []string{}
	for _, v := range object.List(definition, "spec", "versions") {
		if object.IsTrue(v, "served") {
			names = append(names, object.String(v, "name"))
		}
	}
	if single := object.String(definition, "spec", "version"); single != "" && !slices.Contains(names, single) { // of v1beta1
		names = append(names, single)
	}
	return names
}
