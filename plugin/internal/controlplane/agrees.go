package controlplane

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Agrees refuses a version if something else in the base contradicts it: every step
// does what is right for that version, and another minor version may have other ways
// in. A mark without a version states nothing.
func (p ControlPlane) Agrees(objects []*yaml.RNode) error {
	c := contradictions{plane: p, seen: map[string]bool{}}
	c.image()
	c.pods()
	for _, o := range objects {
		id := object.IDOf(o)
		own := id == object.IDOf(p.Deployment)
		for _, l := range istio.VersionMarks.Labels {
			if own || l.Everywhere {
				c.label(id, "metadata.labels", l, o.GetLabels()[l.Name])
			}
		}
		c.values(o)
		for _, m := range istio.VersionMarks.Objects {
			if id.Kind == m.Kind && strings.HasPrefix(id.Name, m.Prefix) && !m.Holds(p.Version) {
				c.add(id.Kind, "%s: exists since Istio %s", id, m.Since)
			}
		}
	}
	return c.err()
}

// contradictions are what says another version: each once, however many objects
// say the same.
type contradictions struct {
	plane ControlPlane
	seen  map[string]bool
	found []string
}

func (c *contradictions) add(key, format string, args ...any) {
	if !c.seen[key] {
		c.seen[key] = true
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

func (c *contradictions) err() error {
	if len(c.found) == 0 {
		return nil
	}
	field, stated := "image tag", object.String(c.plane.Container, "image")
	if annotation := c.plane.Deployment.GetAnnotations()[VersionAnnotation]; annotation != "" {
		field, stated = "metadata.annotations["+VersionAnnotation+"]", annotation
	}
	return fmt.Errorf("%s: %s: found %q, which states Istio %d.%d, and %s: must state the version that runs; "+
		"a base of another version is made by istio-tenancy split", object.IDOf(c.plane.Deployment), field, stated,
		c.plane.Version.Major(), c.plane.Version.Minor(), strings.Join(c.found, ", and "))
}

// other says whether text begins with a version, whose minor one is not the
// stated one. A mirror's tags may count in another way, with a major version
// that Istio never had.
func (c *contradictions) other(text string) bool {
	m := release.FindStringSubmatch(text)
	if m == nil || text == istio.VersionMarks.Unreleased {
		return false
	}
	v, err := semver.NewVersion(m[1])
	if err != nil || v.Major() > semver.MustParse(istio.Newest).Major() {
		return false
	}
	return v.Major() != c.plane.Version.Major() || v.Minor() != c.plane.Version.Minor()
}

func (c *contradictions) image() {
	image := object.String(c.plane.Container, "image")
	if tag := tag(image); c.other(tag) {
		c.add("image", "the image is %q", image)
	}
}

func (c *contradictions) pods() {
	labels := object.StringMap(c.plane.Deployment, "spec", "template", "metadata", "labels")
	for _, l := range istio.VersionMarks.Labels {
		c.label(object.IDOf(c.plane.Deployment), "spec.template.metadata.labels", l, labels[l.Name])
	}
}

func (c *contradictions) label(id object.ID, path string, l istio.LabelMark, value string) {
	version, found := strings.CutPrefix(value, l.Prefix)
	switch {
	case value == "" || !found:
	case !l.Holds(c.plane.Version):
		c.add(l.Name, "%s: %s[%s]: found %q, which exists since Istio %s", id, path, l.Name, value, l.Since)
	case !l.Bare && c.other(version):
		c.add(l.Name+value, "%s: %s[%s]: found %q", id, path, l.Name, value)
	}
}

// values is what the charts were rendered with.
func (c *contradictions) values(o *yaml.RNode) {
	if o.GetKind() != "ConfigMap" || o.GetNamespace() != c.plane.Deployment.GetNamespace() {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(istio.RevisionTexts)) {
		if o.GetName() != name && !strings.HasPrefix(o.GetName(), name+"-") {
			continue
		}
		for _, key := range istio.RevisionTexts[name] {
			path := istio.VersionMarks.ValuesTag
			found, err := jsontext.String(object.String(o, "data", key), path...)
			if err == nil && c.other(found) {
				c.add("values"+found, "%s: data[%s]: %s: found %q", object.IDOf(o), key, strings.Join(path, "."), found)
			}
		}
	}
}
