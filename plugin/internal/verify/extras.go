package verify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

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
	{"metadata.finalizers[kubernetes.io/pvc-protection]", "", "the API server, of PersistentVolumeClaims"},
	{"metadata.finalizers[service.kubernetes.io/load-balancer-cleanup]", "", "the controller of a cloud's load balancers, of Services"},
	{"metadata.finalizers[service.k8s.aws/resources]", "", "the AWS Load Balancer Controller, of Services"},
	{"metadata.annotations[cloud.google.com/neg]", "", "GKE, of Services"},
	{"metadata.annotations[cloud.google.com/neg-status]", "", "GKE, of Services"},
	{"metadata.annotations[metallb.io/ip-allocated-from-pool]", "", "MetalLB, of Services"},
	{"metadata.annotations[metallb.universe.tf/ip-allocated-from-pool]", "", "MetalLB, of Services, before 0.14"},
}

// overwritten is what a controller writes over what is rendered: Argo CD, which knows its objects
// by this label.
const overwritten = "metadata.labels[app.kubernetes.io/instance]"

// replacement is a rendered object as it is written over the one that is there, if nobody has
// written that since.
func replacement(is, rendered map[string]any) map[string]any {
	o := maps.Clone(rendered)
	metadata, _ := o["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["resourceVersion"], metadata["uid"] = snapshot.Text(is, "metadata", "resourceVersion"), snapshot.Text(is, "metadata", "uid")
	o["metadata"] = metadata
	return o
}

// drift are the fields in which an object differs from what it must be, without those that
// controllers write. Who has written a field is not asked: whoever may write an object may write its
// managedFields, too.
func (v *verifier) drift(ctx context.Context, it item, is, must map[string]any) (found []difference) {
	for _, d := range differences(is, must) {
		if d.path == "spec.replicas" && snapshot.Field(it.object, "spec", "replicas") == nil && v.isScaled(ctx, it) {
			continue
		}
		if strings.HasPrefix(d.path, "rules") && snapshot.Field(it.object, "aggregationRule") != nil { // by the controller of ClusterRoles
			continue
		}
		if d, left := withoutControllers(d); left {
			found = append(found, d)
		}
	}
	return found
}

// isScaled says whether a HorizontalPodAutoscaler sets how many Pods an object has.
func (v *verifier) isScaled(ctx context.Context, it item) bool {
	id := idOf(it.object)
	scales := func(o map[string]any) bool {
		to, _ := snapshot.Field(o, "spec", "scaleTargetRef").(map[string]any)
		by := idOf(to)
		return by.Group == id.Group && by.Kind == id.Kind && snapshot.Text(to, "name") == id.Name
	}
	if slices.ContainsFunc(v.rendered, func(other item) bool {
		scaler := idOf(other.object)
		return scaler.Group == "autoscaling" && scaler.Kind == "HorizontalPodAutoscaler" && scaler.Namespace == id.Namespace && scales(other.object)
	}) {
		return true
	}
	found := false
	r := resource{group: "autoscaling", version: "v2", name: "horizontalpodautoscalers", kind: "HorizontalPodAutoscaler", namespaced: true}
	if err := v.served.list(ctx, r, asJSON, id.Namespace, nil, func(o map[string]any) { found = found || scales(o) }); err != nil {
		v.report.miss(Drift, "list "+r.String(), err)
	}
	return found
}

// withoutControllers is a difference without what controllers write, if anything is left.
func withoutControllers(d difference) (left difference, is bool) {
	switch {
	case !d.has:
		return d, true
	case isControllers(d.path):
		return d, d.must && d.path != overwritten
	case !d.must:
		d.is, is = ours(d.path, d.is, nil)
		return d, is
	}
	_, isTexts := textsOf(d.is)
	would, mustBeTexts := textsOf(d.would)
	if isTexts && mustBeTexts {
		d.is, _ = ours(d.path, d.is, would)
		rest, _ := textsOf(d.is)
		return d, !slices.Equal(rest, would)
	}
	return d, true
}

// ours is a value without what controllers write, and without what the API server does, and whether
// anything is left. Texts in rendered stay.
func ours(path string, is any, rendered []string) (left any, some bool) {
	switch is := is.(type) {
	case map[string]any:
		fields := map[string]any{}
		for key, value := range is {
			at := join(path, key)
			if isServers(at) || isControllers(at) {
				continue
			}
			if rest, some := ours(at, value, nil); some {
				fields[key] = rest
			}
		}
		return fields, len(fields) > 0 || len(is) == 0
	case []any:
		var list []any
		for i, key := range keysOf(is) {
			text, isText := is[i].(string)
			at := path + key
			if isText {
				at = path + "[" + text + "]"
			}
			if isText && isControllers(at) && !slices.Contains(rendered, text) {
				continue
			}
			if rest, some := ours(at, is[i], nil); some {
				list = append(list, rest)
			}
		}
		return list, len(list) > 0 || len(is) == 0
	}
	return is, true
}

func isControllers(path string) bool {
	for _, c := range byControllers {
		if strings.HasPrefix(path, c.begins) && strings.HasSuffix(path, c.ends) {
			return true
		}
	}
	return false
}

// keysBy are the paths of what this program applies, as the API server has just written them into
// managedFields: in them are the keys of the elements of lists.
func keysBy(would map[string]any) *fieldpath.Set {
	for _, entry := range snapshot.List(would, "metadata", "managedFields") {
		fields, err := json.Marshal(snapshot.Field(entry, "fieldsV1"))
		if err != nil || snapshot.Text(entry, "manager") != manager || snapshot.Text(entry, "operation") != "Apply" || snapshot.Text(entry, "subresource") != "" ||
			snapshot.Text(entry, "apiVersion") != snapshot.Text(would, "apiVersion") {
			continue
		}
		if set := fieldpath.NewSet(); set.FromJSON(bytes.NewReader(fields)) == nil {
			return set
		}
	}
	return fieldpath.NewSet()
}

// arranged is a value with its lists in the order of another one, where the order says nothing: their
// elements have keys, or are a set.
func arranged(value, by any, keys *fieldpath.Set) any {
	switch value := value.(type) {
	case map[string]any:
		of, _ := by.(map[string]any)
		all := make(map[string]any, len(value))
		for key, field := range value {
			all[key] = field
			if below, has := keys.Children.Get(fieldpath.FieldNameElement(key)); has {
				all[key] = arranged(field, of[key], below)
			}
		}
		return all
	case []any:
		of, _ := by.([]any)
		type placed struct {
			element any
			at      int
		}
		var all []placed
		for i, element := range value {
			p := placed{element, len(of) + i}
			place := func(e fieldpath.PathElement) {
				if j := index(of, e); j >= 0 && index([]any{element}, e) == 0 {
					p.at = j
					if below, has := keys.Children.Get(e); has {
						p.element = arranged(element, of[j], below)
					}
				}
			}
			keys.Members.Iterate(place)
			keys.Children.Iterate(place)
			all = append(all, p)
		}
		slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
		list := make([]any, len(all))
		for i, p := range all {
			list[i] = p.element
		}
		return list
	}
	return value
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
			of := snapshot.Field(element, f.Name)
			if of == nil || !value.Equals(f.Value, value.NewValueInterface(of)) {
				return false
			}
		}
		return true
	})
}
