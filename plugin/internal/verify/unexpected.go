package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// acceptAnnotation, on an object that nobody renders, says why it may be there. Whoever
// may write the object may write it too, so that it makes a note of a finding, and no more.
const acceptAnnotation = v1alpha1.Group + "/accept-unrendered"

// strangers finds what breaks the walls of tenants, and that no rule looks at since no
// overlay gives it: bindings, what is beside control planes, and what the whole cluster has.
func (v *verifier) strangers(reading *snapshot.Reading) {
	if reading == nil {
		return
	}
	if err := v.bindings(reading.Snapshot); err != nil {
		v.report.miss(Rules, "the cluster's roles and bindings", err)
	}
	s := snapshot.New(slices.Concat(reading.Objects, v.unjudged), reading.Tenants)
	v.beside(s)
	v.foreignAdmission(s)
	v.foreignServers(s)
	v.foreignConversions(s)
	v.foreignPeers(s)
}

// unexpected is a finding about an object that nobody renders.
func (v *verifier) unexpected(o *snapshot.Object, tenant string, severity check.Severity, format string, args ...any) {
	what := "is not rendered"
	if text := fmt.Sprintf(format, args...); text != "" {
		what += ": " + text
	}
	severity, what = unlessAccepted(o.Annotations()[acceptAnnotation], severity, what)
	v.report.find(Rules, severity, tenant, o.ID, "%s", what)
}

// unlessAccepted makes a note of a finding, if an object has a reason for it.
func unlessAccepted(why string, severity check.Severity, what string) (check.Severity, string) {
	if why = strings.TrimSpace(why); why == "" {
		return severity, what
	}
	return check.Note, what + " (accepted: " + why + ")"
}

func (v *verifier) isRendered(id object.ID) bool {
	if v.known == nil {
		v.known = map[object.ID]bool{}
		for _, it := range v.rendered {
			v.known[idOf(it.object)] = true
		}
	}
	return v.known[id]
}

// besideKinds are what somebody may put beside a control plane: by groups, and how bad it is.
var besideKinds = []struct {
	group, kinds string
	severity     check.Severity
	why          string
}{
	{"", "Pod ReplicationController", check.Error, runs},
	{apps, "DaemonSet Deployment ReplicaSet StatefulSet", check.Error, runs},
	{"batch", "CronJob Job", check.Error, runs},
	{"", "Secret", check.Warning, "a control plane reads the Secrets of its namespace, and the key of a CA comes from one of them"},
	{"", "ConfigMap", check.Warning, "a control plane reads its configuration from ConfigMaps of its namespace"},
	{"", "Service ServiceAccount", check.Warning, ""},
	{rbac, "Role", check.Warning, ""},
	{"networking.k8s.io", "Ingress NetworkPolicy", check.Warning, ""},
	{"", "ResourceQuota LimitRange", check.Warning, "it may keep the Pods of a control plane from starting"},
	{"policy", "PodDisruptionBudget", check.Warning, "it may keep the Pods of a control plane on a node that is drained"},
	{"autoscaling", "HorizontalPodAutoscaler", check.Warning, "it may change how many Pods a control plane has"},
	{discovery, "EndpointSlice", check.Warning, ""},
}

const discovery = "discovery.k8s.io"

const runs = "whatever runs in a control plane's namespace may use its ServiceAccount, and with it its rights"

// madeBeside are objects that Kubernetes, its distributions and control planes make themselves. A Secret has a type,
// which says who reads and writes it.
var madeBeside = []struct{ kind, name, typ, who string }{
	{"ConfigMap", "kube-root-ca.crt", "", "Kubernetes"},
	{"ServiceAccount", "default", "", "Kubernetes"},
	{"ConfigMap", "openshift-service-ca.crt", "", "OpenShift"},
	{"ServiceAccount", "builder", "", "OpenShift"},
	{"ServiceAccount", "deployer", "", "OpenShift"},
	{"ConfigMap", istio.RootConfigMap, "", "istiod"},
	{"Secret", istio.OwnCA, istio.OwnCAType, "istiod, and Citadel"},
}

// beside looks at what is in the namespaces of control planes.
func (v *verifier) beside(s *snapshot.Snapshot) {
	asked := v.secretsAskedFor()
	for _, row := range besideKinds {
		for _, kind := range strings.Fields(row.kinds) {
			for _, o := range s.Of(row.group, kind) {
				if !v.besides[o.ID.Namespace] || v.isRendered(o.ID) || v.isMade(s, o) || asked[o.ID] || v.isLabelled(o) {
					continue
				}
				severity, why := row.severity, row.why
				account := tokenOf(o)
				switch {
				case kind == "NetworkPolicy" && opens(o):
					severity, why = check.Error, "it lets in Pods of other namespaces, and what one NetworkPolicy allows no other one can forbid"
				case kind == "Secret" && account != "":
					why = "it has a token of ServiceAccount " + account + ", which gives its rights to whoever reads the Secret"
				case kind == "EndpointSlice":
					name := o.Labels()[discoveryv1.LabelServiceName]
					if why = "it adds addresses to Service " + name; v.isRendered(object.ID{Kind: "Service", Namespace: o.ID.Namespace, Name: name}) {
						severity, why = check.Error, why+", so that others answer the requests to it"
					}
				}
				v.unexpected(o, v.owners[o.ID.Namespace], severity, "%s", why)
			}
		}
	}
}

// isLabelled says whether an object is among what [verifier.unrendered] finds.
func (v *verifier) isLabelled(o *snapshot.Object) bool {
	_, found := v.labelled.Load(o.ID)
	return found || v.report.tenants[o.Tenant()] != nil && len(snapshot.List(o.Content, "metadata", "ownerReferences")) == 0
}

// tokenOf is the ServiceAccount of whose token Kubernetes writes one into a Secret, or "".
func tokenOf(o *snapshot.Object) string {
	if snapshot.Text(o.Content, "type") != string(corev1.SecretTypeServiceAccountToken) {
		return ""
	}
	return o.Annotations()[corev1.ServiceAccountNameKey]
}

// isMade says whether Kubernetes, or the control plane itself, makes an object.
func (v *verifier) isMade(s *snapshot.Snapshot, o *snapshot.Object) bool {
	for _, made := range madeBeside {
		if made.kind == o.ID.Kind && made.name == o.ID.Name && made.typ == snapshot.Text(o.Content, "type") {
			return true
		}
	}
	switch o.ID.Kind {
	case "EndpointSlice":
		return v.isSliceOf(s, o)
	case "ConfigMap": // a lock holds nothing that anybody reads
		return istio.IsLock(o.ID.Name) && o.Annotations()[istio.LeaderAnnotation] != "" && snapshot.Field(o.Content, "data") == nil
	case "Secret":
		made := istio.AccountSecrets
		return strings.HasPrefix(o.ID.Name, made.Prefix) && snapshot.Text(o.Content, "type") == made.Type && v.runs(o.ID.Namespace, made.Range)
	}
	return false
}

// isSliceOf says whether a controller of Kubernetes writes an EndpointSlice: it corrects those of
// a Service that selects Pods, and copies the Endpoints of any other. It no longer corrects one that was
// deleted, and that a finalizer keeps.
//
// Source: pkg/controller/endpointslice and endpointslicemirroring of kubernetes/kubernetes.
func (v *verifier) isSliceOf(s *snapshot.Snapshot, o *snapshot.Object) bool {
	id := object.ID{Kind: "Service", Namespace: o.ID.Namespace, Name: o.Labels()[discoveryv1.LabelServiceName]}
	service := s.Get(id)
	if service == nil || isDeleted(o.Content) {
		return false
	}
	selects := len(snapshot.TextMap(service.Content, "spec", "selector")) > 0
	switch o.Labels()[discoveryv1.LabelManagedBy] {
	case "endpointslice-controller.k8s.io":
		return selects
	case "endpointslicemirroring-controller.k8s.io":
		id.Kind = "Endpoints"
		return !selects && v.isRendered(id)
	}
	return false
}

// runs says whether a control plane of some versions is rendered into a namespace.
func (v *verifier) runs(namespace string, versions istio.Range) bool {
	return slices.ContainsFunc(v.planned.Planes, func(p snapshot.Plane) bool {
		version, err := semver.NewVersion(p.Version)
		return p.Object.ID.Namespace == namespace && err == nil && versions.Holds(version)
	})
}

// secretsAskedFor are those into which a rendered object, such as cert-manager's
// Certificate, has a controller write.
func (v *verifier) secretsAskedFor() map[object.ID]bool {
	asked := map[object.ID]bool{}
	for _, it := range v.rendered {
		if name := snapshot.Text(it.object, "spec", "secretName"); name != "" {
			asked[object.ID{Kind: "Secret", Namespace: idOf(it.object).Namespace, Name: name}] = true
		}
	}
	return asked
}

// opens says whether a NetworkPolicy lets in more than Pods of its own namespace.
func opens(o *snapshot.Object) bool {
	types := snapshot.Texts(o.Content, "spec", "policyTypes")
	if len(types) > 0 && !slices.Contains(types, "Ingress") {
		return false
	}
	return slices.ContainsFunc(snapshot.List(o.Content, "spec", "ingress"), func(rule any) bool {
		from := snapshot.List(rule, "from")
		return len(from) == 0 || slices.ContainsFunc(from, func(peer any) bool {
			return snapshot.Field(peer, "namespaceSelector") != nil || snapshot.Field(peer, "ipBlock") != nil
		})
	})
}
