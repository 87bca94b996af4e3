package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// byControllers are fields that others write into rendered objects, and mean to: by how
// the path begins and ends.
var byControllers = []struct{ begins, ends, who string }{
	{"webhooks[", ".clientConfig.caBundle", "istiod, and cert-manager's injector"},
	{"spec.conversion.webhook.clientConfig.caBundle", "", "cert-manager's injector"},
	{"metadata.annotations[deployment.kubernetes.io/", "", "the controller of Deployments"},
	{"metadata.annotations[deprecated.daemonset.template.generation]", "", "the controller of DaemonSets"},
	{"metadata.annotations[kubectl.kubernetes.io/", "", "kubectl apply"},
	{"spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]", "", "kubectl rollout restart"},
	{"metadata.labels[kustomize.toolkit.fluxcd.io/", "", "Flux"},
	{"metadata.annotations[kustomize.toolkit.fluxcd.io/", "", "Flux"},
	{"metadata.annotations[argocd.argoproj.io/", "", "Argo CD"},
	{"metadata.labels[argocd.argoproj.io/", "", "Argo CD"},
	{"metadata.labels[app.kubernetes.io/instance]", "", "Argo CD"},
	{"secrets", "", "the controller of tokens, before Kubernetes 1.24"},
	{"spec.finalizers", "", "the API server, of Namespaces"},
	{"imagePullSecrets", "", "OpenShift, and others who give each ServiceAccount credentials of a registry"},
	{"metadata.annotations[openshift.io/internal-registry-pull-secret-ref]", "", "OpenShift, of ServiceAccounts"},
	{"metadata.annotations[openshift.io/sa.scc.", "", "OpenShift, of Namespaces"},
	{"metadata.annotations[security.openshift.io/MinimallySufficientPodSecurityStandard]", "", "OpenShift, of Namespaces"},
	{"metadata.labels[pod-security.kubernetes.io/audit", "", "OpenShift, of Namespaces: it refuses nothing, and allows nothing"},
	{"metadata.labels[pod-security.kubernetes.io/warn", "", "OpenShift, of Namespaces: it refuses nothing, and allows nothing"},
	{"metadata.labels[olm.operatorgroup.uid/", "", "the Operator Lifecycle Manager, of Namespaces"},
	{"metadata.annotations[cattle.io/status]", "", "Rancher, of Namespaces"},
	{"metadata.annotations[lifecycle.cattle.io/", "", "Rancher, of Namespaces"},
	{"metadata.annotations[field.cattle.io/", "", "Rancher, of Namespaces, Services and workloads"},
	{"metadata.labels[field.cattle.io/", "", "Rancher, of Namespaces"},
	{"metadata.finalizers[controller.cattle.io/namespace-auth]", "", "Rancher, of Namespaces"},
	{"metadata.finalizers[service.kubernetes.io/load-balancer-cleanup]", "", "the controller of a cloud's load balancers, of Services"},
	{"metadata.finalizers[service.k8s.aws/resources]", "", "the AWS Load Balancer Controller, of Services"},
	{"metadata.annotations[cloud.google.com/neg]", "", "GKE, of Services"},
	{"metadata.annotations[cloud.google.com/neg-status]", "", "GKE, of Services"},
	{"metadata.annotations[metallb.io/ip-allocated-from-pool]", "", "MetalLB, of Services"},
	{"metadata.annotations[metallb.universe.tf/ip-allocated-from-pool]", "", "MetalLB, of Services, before 0.14"},
}

// differences are the fields in which an object differs from what it must be: from what
// would be there if it were applied, and from that without what somebody has added to it.
// Who has which field is in managedFields; those that come back when they are taken away
// are the API server's.
func (v *verifier) differences(ctx context.Context, path string, is, would map[string]any) ([]difference, error) {
	own := fieldsBy(would, func(m managed) bool { return m.Manager == manager })
	all := fieldsBy(is, func(m managed) bool { return m.Subresource == "" })
	without, taken := runtime.DeepCopyJSON(would), false
	for _, p := range added(all, own) {
		taken = remove(without, p) || taken
	}
	if !taken {
		return differences(is, would), nil
	}
	metadata, _ := without["metadata"].(map[string]any)
	delete(metadata, "managedFields")
	must, err := v.client.tryUpdate(ctx, path, without)
	if err != nil {
		must = without
	}
	return differences(is, must), err
}

// managed is an entry of managedFields.
type managed struct {
	Manager, Subresource string
	FieldsV1             json.RawMessage
}

func fieldsBy(o map[string]any, of func(managed) bool) *fieldpath.Set {
	all := fieldpath.NewSet()
	for _, entry := range snapshot.List(o, "metadata", "managedFields") {
		var m managed
		text, err := json.Marshal(entry)
		if err != nil || json.Unmarshal(text, &m) != nil || !of(m) {
			continue
		}
		set := fieldpath.NewSet()
		if set.FromJSON(bytes.NewReader(m.FieldsV1)) == nil {
			all = all.Union(set)
		}
	}
	return all
}

// added are the paths of all that are no part of own, and no part of anything that own
// has as a whole: each the shortest.
func added(all, own *fieldpath.Set) (found []fieldpath.Path) {
	above, whole := map[string]bool{}, map[string]bool{}
	own.Leaves().Iterate(func(p fieldpath.Path) {
		whole[p.String()] = true
		for i := range p {
			above[p[:i+1].String()] = true
		}
	})
	seen := map[string]bool{}
	all.Leaves().Iterate(func(p fieldpath.Path) {
		for i := range p {
			prefix := p[:i+1]
			text := prefix.String()
			if whole[text] {
				return
			}
			if above[text] || text == ".metadata" { // which is a whole object's
				continue
			}
			name := named(prefix)
			if !seen[text] && !isServers(name) && !isControllers(name) && !isControllers(named(p)) {
				seen[text] = true
				found = append(found, prefix.Copy())
			}
			return
		}
	})
	return found
}

func isControllers(path string) bool {
	for _, c := range byControllers {
		if strings.HasPrefix(path, c.begins) && strings.HasSuffix(path, c.ends) {
			return true
		}
	}
	return false
}

// named is a path as messages have it.
func named(p fieldpath.Path) (path string) {
	for _, e := range p {
		switch {
		case e.FieldName != nil:
			path = join(path, *e.FieldName)
		case e.Key != nil:
			var keys []string
			for _, f := range *e.Key {
				keys = append(keys, strings.Trim(value.ToString(f.Value), `"`))
			}
			path += "[" + strings.Join(keys, "/") + "]"
		default:
			path += "[" + strings.Trim(strings.TrimPrefix(strings.Trim(e.String(), "[]"), "="), `"`) + "]"
		}
	}
	return path
}

// lookup is what stands at a path.
func lookup(at any, p fieldpath.Path) (any, bool) {
	for _, e := range p {
		switch into := at.(type) {
		case map[string]any:
			next, there := into[fieldName(e)]
			if !there {
				return nil, false
			}
			at = next
		case []any:
			i := index(into, e)
			if i < 0 {
				return nil, false
			}
			at = into[i]
		default:
			return nil, false
		}
	}
	return at, true
}

// remove takes out what stands at a path, and says whether there was anything.
func remove(from map[string]any, p fieldpath.Path) bool {
	if len(p) == 0 {
		return false
	}
	above, last := p[:len(p)-1], p[len(p)-1]
	at, there := lookup(from, above)
	if !there {
		return false
	}
	switch into := at.(type) {
	case map[string]any:
		if _, there = into[fieldName(last)]; there {
			delete(into, fieldName(last))
		}
		return there
	case []any:
		i := index(into, last)
		if i < 0 {
			return false
		}
		shorter := slices.Delete(slices.Clone(into), i, i+1)
		holder, _ := lookup(from, above[:len(above)-1])
		switch holder := holder.(type) {
		case map[string]any:
			holder[fieldName(above[len(above)-1])] = shorter
		case []any:
			holder[index(holder, above[len(above)-1])] = shorter
		}
		return true
	}
	return false
}

func fieldName(e fieldpath.PathElement) string {
	if e.FieldName == nil {
		return ""
	}
	return *e.FieldName
}

// index is where the element of a list is that a path names, or -1.
func index(list []any, e fieldpath.PathElement) int {
	return slices.IndexFunc(list, func(element any) bool {
		if e.Value != nil {
			return value.Equals(*e.Value, value.NewValueInterface(element))
		}
		if e.Key == nil {
			return false
		}
		for _, f := range *e.Key {
			of, there := snapshot.Field(element, f.Name), snapshot.Field(element, f.Name) != nil
			if there && !value.Equals(f.Value, value.NewValueInterface(of)) {
				return false
			}
			if !there {
				return false
			}
		}
		return true
	})
}
