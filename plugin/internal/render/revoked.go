package render

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/pruning"
)

// revoke warns of what a change of an overlay's output takes from people, and
// what it leaves in the cluster: an object that is taken out of Git takes along
// nothing that somebody made by it.
func (r *run) revoke(j *job, files []file, changes []change) {
	lines := revoked(files, changes)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range lines {
		r.notes[line] = append(r.notes[line], j.arg)
	}
}

// revoked are sentences on who loses what, and on namespaces that leave a tenant,
// where files become what they are by changes.
func revoked(files []file, changes []change) []string {
	var old, made [][]byte
	changed := map[string]bool{}
	for _, c := range changes {
		changed[c.name] = true
		old = append(old, ofPeople(c.old)...)
	}
	for _, f := range files {
		docs := ofPeople(f.content)
		made = append(made, docs...)
		if !changed[f.name] {
			old = append(old, docs...)
		}
	}
	if slices.EqualFunc(old, made, bytes.Equal) {
		return nil // as after most changes of a base
	}
	before, after := rightsIn(old), rightsIn(made)
	lines := before.renamed(after)
	gone, added := before.replaced(after)
	role := func(g granted) granted { // which has the name of its tenant
		if len(gone) == 1 && len(added) == 1 {
			g.role = strings.Replace(g.role, "-for-"+gone[0]+"-", "-for-"+added[0]+"-", 1)
		}
		return g
	}
	for _, namespace := range slices.Sorted(maps.Keys(before.namespaces)) {
		if !after.has(namespace, before) {
			lines = append(lines, before.leaves(namespace))
			continue
		}
		var lost []string
		for g := range before.granted {
			if g.namespace == namespace && !after.granted[g] && !after.granted[role(g)] && !before.accounts[g.subject] {
				lost = append(lost, g.subject+" loses "+g.role)
			}
		}
		if len(lost) == 0 {
			continue
		}
		slices.Sort(lost)
		what := "what was made with it"
		if namespace == before.controlPlane {
			what = "what was made with it, such as objects of Istio,"
		}
		lines = append(lines, fmt.Sprintf("in namespace %s, %s; %s stays; to see it: %s",
			namespace, strings.Join(lost, ", "), what, see(namespace)))
	}
	return lines
}

// pageOfTenantName says how a tenant gets another name.
const pageOfTenantName = "https://github.com/istio-tenancy/istio-tenancy/blob/main/docs/operations.md#rename-a-tenant"

// replaced are the tenants that are only there before, and those that are only there after.
func (r rights) replaced(after rights) (gone, added []string) {
	without := func(some, others map[string]bool) []string {
		return slices.DeleteFunc(slices.Sorted(maps.Keys(some)), func(name string) bool { return others[name] })
	}
	return without(r.tenants, after.tenants), without(after.tenants, r.tenants)
}

// renamed warns where one tenant takes the place of another.
func (r rights) renamed(after rights) []string {
	gone, added := r.replaced(after)
	if len(gone) == 0 || len(added) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("metadata.name: tenant %s is replaced by tenant %s: a tenant cannot be renamed in place, because the API server does not give "+
		"the Namespaces of one tenant to another, and the objects of the old tenant stay in the cluster: restore the old name, and see %s",
		strings.Join(gone, ", "), strings.Join(added, ", "), pageOfTenantName)}
}

// abandoned are sentences on the namespaces of an output that goes as a whole, except
// for those that stay.
func abandoned(output []change, stay map[string]bool) []string {
	var docs [][]byte
	for _, c := range output {
		docs = append(docs, ofPeople(c.old)...)
	}
	var lines []string
	before := rightsIn(docs)
	for _, namespace := range slices.Sorted(maps.Keys(before.namespaces)) {
		if !stay[namespace] {
			lines = append(lines, before.leaves(namespace))
		}
	}
	return lines
}

// leaves says what becomes of a namespace that is a tenant's no more.
func (r rights) leaves(namespace string) string {
	if by := r.namespaces[namespace]; len(by) > 0 {
		return fmt.Sprintf("Namespace %s is no longer rendered, and %s, where pruning is on, deletes it with everything in it, also Secrets and volumes, "+
			"because it was rendered without an annotation that keeps it: apply both annotations, %s, before this; or remove what is in it before",
			namespace, strings.Join(by, " or "), pruning.Kept)
	}
	return fmt.Sprintf("namespace %s leaves the tenant, and neither Argo CD nor Flux prunes it: what is in it stays, also the objects that its administrators "+
		"created and the rights that they granted, and its NetworkPolicies are deleted, so that its Pods are open to the whole cluster: stop the Pods before this is applied, then delete the namespace, and create it again before another tenant gets it: kubectl delete namespace %s", namespace, namespace)
}

// has says whether a namespace is the tenant's still; and, where it was rendered so
// that a tool prunes it, whether it is rendered still.
func (r rights) has(namespace string, before rights) bool {
	_, stays := r.namespaces[namespace]
	return stays && (!before.rendered[namespace] || r.rendered[namespace] || len(before.namespaces[namespace]) == 0)
}

// see is a command that lists all that is in a namespace, whichever kinds the
// cluster has, and whose it is.
func see(namespace string) string {
	return "kubectl get $(kubectl api-resources --namespaced --verbs=list -o name | paste -sd, -) -n " + namespace + " -o wide -L " + v1alpha1.TenantLabel
}

// rights are who has which role where, by the RoleBindings of a tenant.
type rights struct {
	tenants      map[string]bool
	granted      map[granted]bool
	namespaces   map[string][]string // the tools that prune it; none prunes what was not rendered
	rendered     map[string]bool     // the Namespaces themselves
	accounts     map[string]bool     // that the tenant's objects make: programs, and no people
	controlPlane string              // the namespace
}

// granted is a role that a subject has in a namespace.
type granted struct{ namespace, role, subject string }

type binding struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
		Annotations     map[string]string
	}
	RoleRef  struct{ Kind, Name string }
	Subjects []struct{ Kind, Namespace, Name string }
}

// ofPeople are the documents of a file that may say who may do what, and where,
// and which accounts there are.
// They are few among large ones.
func ofPeople(text []byte) [][]byte {
	return slices.DeleteFunc(bytes.Split(text, []byte("\n---\n")), func(doc []byte) bool {
		return !bytes.Contains(doc, []byte("kind: RoleBinding")) && !bytes.Contains(doc, []byte("kind: Namespace")) &&
			!bytes.Contains(doc, []byte("kind: ServiceAccount"))
	})
}

// rightsIn reads the RoleBindings, Namespaces and ServiceAccounts of a tenant.
func rightsIn(docs [][]byte) rights {
	r := rights{tenants: map[string]bool{}, granted: map[granted]bool{}, namespaces: map[string][]string{}, rendered: map[string]bool{}, accounts: map[string]bool{}}
	for _, doc := range docs {
		var b binding
		if yaml.Unmarshal(doc, &b) != nil || b.Metadata.Labels[v1alpha1.TenantLabel] == "" {
			continue // another object, or somebody's text, that has these words
		}
		r.tenants[b.Metadata.Labels[v1alpha1.TenantLabel]] = true
		switch b.Kind {
		case "Namespace":
			r.rendered[b.Metadata.Name] = true
			r.namespaces[b.Metadata.Name] = pruning.By(b.Metadata.Labels, b.Metadata.Annotations)
		case "ServiceAccount":
			r.accounts[subject(b.Kind, b.Metadata.Namespace, b.Metadata.Name)] = true
		case "RoleBinding":
			r.add(b)
		}
	}
	return r
}

func (r *rights) add(b binding) {
	namespace := b.Metadata.Namespace
	if _, rendered := r.namespaces[namespace]; !rendered {
		r.namespaces[namespace] = nil
	}
	if b.RoleRef.Kind == "Role" && b.Metadata.Name == "access-all-"+namespace {
		r.controlPlane = namespace // elsewhere administrators have a ClusterRole
	}
	for _, s := range b.Subjects {
		r.granted[granted{namespace, b.RoleRef.Kind + " " + b.RoleRef.Name, subject(s.Kind, s.Namespace, s.Name)}] = true
	}
}

// subject is "User jo", or "ServiceAccount ci/deploy".
func subject(kind, namespace, name string) string {
	return kind + " " + strings.TrimPrefix(namespace+"/"+name, "/")
}
