package split

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Options are what a base states in addition to its manifest.
type Options struct {
	// APIProxyImage is the image of the API proxy; "" is none.
	APIProxyImage string
	// Revision of the base, for tenants that have several control planes; "" is none.
	Revision string
}

// Run is Run without options.
func Run(in io.Reader, name string, dir string) (Summary, error) { return Options{}.Run(in, name, dir) }

// Run splits the manifest in, called name in messages, into dir/common and
// dir/control-plane. dir must be empty or not exist; it is written as a whole,
// or on an error not at all. What is wrong with the objects is reported at once.
func (o Options) Run(in io.Reader, name string, dir string) (Summary, error) {
	out, err := target(dir)
	if err != nil {
		return Summary{}, err
	}
	objects, repairs, err := manifest.Read(in, name)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Name: name, Objects: len(objects), Repairs: repairs}
	converted, err := convert(objects)
	if err != nil {
		return Summary{}, fmt.Errorf("%s: %w", name, err)
	}
	for _, c := range converted {
		s.Repairs = append(s.Repairs, name+": "+c)
	}
	common, control, err := s.divide(objects)
	if err != nil {
		return Summary{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := o.stateImage(control); err != nil {
		return Summary{}, fmt.Errorf("%s: %w", name, err)
	}
	if control, err = (relocate.Filter{From: s.Namespace, To: v1alpha1.BaseNamespaceOf(o.Revision)}).Filter(control); err != nil {
		return Summary{}, fmt.Errorf("%s: %w", name, err)
	}
	notes, err := decider{clusterKinds: clusterKinds(objects)}.reserve(control, v1alpha1.BaseNamespaceOf(o.Revision))
	if err != nil {
		return Summary{}, fmt.Errorf("%s: %w", name, err)
	}
	s.Notes = append(s.Notes, notes...)
	files, err := s.files(common, control)
	if err != nil {
		return Summary{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := atomicwrite.Dir(out, "", files); err != nil {
		return Summary{}, err
	}
	return s, nil
}

// divide sorts objects into the two parts, in order, and fills in what s says
// of them.
func (s *Summary) divide(objects []*yaml.RNode) (common, control []*yaml.RNode, err error) {
	if s.Namespace, s.Version, err = find(objects, func(note string) { s.Notes = append(s.Notes, note) }); err != nil {
		return nil, nil, err
	}
	if err := unrevised(objects); err != nil {
		return nil, nil, err
	}
	d := decider{namespace: s.Namespace, clusterKinds: clusterKinds(objects)}
	ids := map[object.ID]bool{}
	for _, o := range objects {
		fixed, err := d.place(o)
		if err != nil {
			return nil, nil, err
		}
		if fixed != "" {
			s.Repairs = append(s.Repairs, s.Name+": "+fixed)
		}
		id := object.IDOf(o)
		if ids[id] {
			return nil, nil, fmt.Errorf("%s: is in the input twice, with a namespace and without", id)
		}
		ids[id] = true
		if d.part(o) == Common {
			common = append(common, o)
		} else {
			control = append(control, o)
		}
	}
	s.Common, s.ControlPlane = count(common), count(control)
	s.Notes = append(s.Notes, d.notes(common)...)
	return common, control, nil
}

// find returns the namespace and the version of the control plane. warn is told
// of a version that is newer than what is known.
func find(objects []*yaml.RNode, warn func(string)) (namespace, version string, err error) {
	found, err := controlplane.Find(objects)
	if err != nil {
		var names []string
		for _, d := range object.Of("Deployment", objects) {
			names = append(names, object.IDOf(d).String())
		}
		if names == nil {
			names = []string{"no Deployment"}
		}
		return "", "", fmt.Errorf("%w; found %s", err, strings.Join(names, ", "))
	}
	id := object.IDOf(found.Deployment)
	switch id.Namespace {
	case "", "default":
		return "", "", fmt.Errorf("%s: metadata.namespace: found %q; render with a namespace of its own, such as istio-system: "+
			"this name cannot be distinguished from the ordinary word where it is replaced", id, id.Namespace)
	}
	return id.Namespace, found.Version.Original(), found.Supported(warn)
}

// unrevised refuses what was rendered for a revision: names, labels and
// selectors hold it, and a tenant adds its own.
func unrevised(objects []*yaml.RNode) error {
	revised := map[string][]string{}
	for _, o := range objects {
		if rev := o.GetLabels()[istio.RevisionLabel]; rev != "" && rev != istio.DefaultRevision {
			revised[rev] = append(revised[rev], object.IDOf(o).String())
		}
	}
	var errs []error
	for _, rev := range slices.Sorted(maps.Keys(revised)) {
		at := revised[rev][0]
		if more := len(revised[rev]) - 1; more > 0 {
			at += fmt.Sprintf(" and %d more", more)
		}
		errs = append(errs, fmt.Errorf("rendered with revision %q (label %s of %s); "+
			"render without a revision: each tenant gets its own, and --revision gives the base one for tenants with several control planes", rev, istio.RevisionLabel, at))
	}
	return errors.Join(errs...)
}
