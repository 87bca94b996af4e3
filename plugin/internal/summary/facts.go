package summary

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/setting"
)

// facts are what is kept of one tenant's objects, so that those of thousands
// need not be in memory at once.
type facts struct {
	tenant     string
	files      []string
	ids        []object.ID
	planes     []plane
	serving    []serving
	tags       map[string]string // revisions, by the tags that lead to them
	selected   []string          // by the mesh's discoverySelectors
	secretRole map[string]bool
	bindings   []binding
	suspended  []string // Namespaces that say so
	mesh       string   // by the label of the Namespaces
}

// plane is a control plane.
type plane struct {
	id       object.ID
	version  string
	revision string // Istio's
	err      error  // why the version cannot be told
	proxied  []string
	watched  []string
	appNames []string
	// audiences are those of the tokens that it takes; none, where it does not say.
	audiences []string
}

// binding is a RoleBinding or a ClusterRoleBinding.
type binding struct {
	id       object.ID
	role     Role
	subjects []Person
}

// owner is the tenant of an object, or, of an object without one, the directory of its file.
type owner struct{ tenant, dir string }

// collect sorts the objects of a file by owner, and keeps what counts.
func collect(file string, objects []*yaml.RNode, all map[owner]*facts, order *[]owner) {
	mine := map[owner][]*yaml.RNode{}
	for _, o := range objects {
		key := owner{tenant: o.GetLabels()[v1alpha1.TenantLabel]}
		if key.tenant == "" {
			key.dir = filepath.Dir(file)
		}
		if all[key] == nil {
			all[key] = &facts{tenant: key.tenant, secretRole: map[string]bool{}, tags: map[string]string{}}
			*order = append(*order, key)
		}
		mine[key] = append(mine[key], o)
	}
	for key, objects := range mine {
		all[key].add(file, objects)
	}
}

func (f *facts) add(file string, objects []*yaml.RNode) {
	f.files = append(f.files, file)
	for _, o := range objects {
		id := object.IDOf(o)
		f.ids = append(f.ids, id)
		switch {
		case id.Group == "" && id.Kind == "Namespace":
			f.mesh = cmp.Or(f.mesh, o.GetLabels()[v1alpha1.MeshLabel])
			f.serving = append(f.serving, serving{id.Name, o.GetLabels()[istio.RevisionLabel]})
			if o.GetLabels()[v1alpha1.SuspendedLabel] == "true" {
				f.suspended = append(f.suspended, id.Name)
			}
		case o.GetLabels()[istio.TagLabel] != "":
			f.tags[o.GetLabels()[istio.TagLabel]] = o.GetLabels()[istio.RevisionLabel]
		case id.Kind == "Deployment":
			f.addPlane(id, o)
		case id.Kind == "ConfigMap":
			f.selected = append(f.selected, selected(o)...)
		case id.Kind == "ClusterRole":
			f.secretRole[id.Name] = slices.ContainsFunc(object.List(o, "rules"), readsSecrets)
		case strings.HasSuffix(id.Kind, "RoleBinding"):
			b := binding{id: id, role: Role{id.Namespace, object.String(o, "roleRef", "kind"), object.String(o, "roleRef", "name")}}
			for _, s := range object.List(o, "subjects") {
				b.subjects = append(b.subjects, Person{
					Kind: object.String(s, "kind"), Namespace: object.String(s, "namespace"), Name: object.String(s, "name"),
				})
			}
			f.bindings = append(f.bindings, b)
		}
	}
}

func (f *facts) addPlane(id object.ID, deployment *yaml.RNode) {
	found, err := controlplane.Find([]*yaml.RNode{deployment})
	if errors.Is(err, controlplane.ErrNone) {
		return
	}
	p := plane{id: id, err: err, revision: deployment.GetLabels()[istio.RevisionLabel], proxied: setting.Proxied(found), watched: setting.Watched(found), appNames: setting.AppNamespaces(found)}
	if err == nil {
		p.version, p.audiences = found.Version.String(), setting.Audiences(found)
	}
	f.planes = append(f.planes, p)
}

// summarize says what the facts mean.
func (f *facts) summarize() Tenant {
	t := Tenant{
		Tenant: f.tenant, Mesh: f.mesh, Files: f.files, Namespaces: f.namespaces(), Objects: len(f.ids), Kinds: map[string]int{},
		SecretReaders: f.secretReaders(), Access: f.access(), Cautions: []string{},
	}
	for _, id := range f.ids {
		t.Kinds[id.Kind]++
	}
	switch len(f.planes) {
	case 0:
	case 1:
		p := f.planes[0]
		t.Istio, t.ControlPlaneNamespace, t.Discovery, t.TokenAudiences = p.version, p.id.Namespace, f.discovery(p), p.audiences
		if p.err != nil {
			t.Cautions = append(t.Cautions, p.err.Error())
		}
	default:
		var names []string
		for _, p := range f.planes {
			names = append(names, p.id.String())
		}
		if f.sideBySide(&t) {
			break
		}
		t.Cautions = append(t.Cautions, fmt.Sprintf("%d control planes: %s; a tenant has one", len(names), strings.Join(names, ", ")))
	}
	if t.Mesh != "" && t.Discovery != nil {
		t.Discovery.Namespaces = []string{} // a label says which, not names
	}
	if others := otherAudiences(t.TokenAudiences); len(others) > 0 {
		t.Cautions = append(t.Cautions, "whoever gets a token of the audience "+strings.Join(others, " or ")+
			", and reaches the control plane, joins the mesh")
	}
	if len(f.suspended) > 0 {
		t.Cautions = append(t.Cautions, "is suspended: nobody of the tenant creates, changes or deletes anything in "+strings.Join(f.suspended, ", "))
	}
	if len(t.SecretReaders) > 0 {
		t.Cautions = append(t.Cautions, "every Secret of the cluster can be read by "+strings.Join(t.SecretReaders, ", "))
	}
	return t
}

func (f *facts) namespaces() []string {
	names := map[string]bool{}
	for _, id := range f.ids {
		switch {
		case id.Kind == "Namespace":
			names[id.Name] = true
		case id.Namespace != "":
			names[id.Namespace] = true
		}
	}
	return sorted(names)
}

func sorted(names map[string]bool) []string {
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(names))))
}
