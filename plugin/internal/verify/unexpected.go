package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

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
// overlay gives it: bindings, what is beside control planes, and webhooks.
func (v *verifier) strangers(reading *snapshot.Reading) {
	if reading == nil {
		return
	}
	if err := v.bindings(reading.Snapshot); err != nil {
		v.report.miss(Rules, "the cluster's roles and bindings", err)
	}
	v.beside(reading.Snapshot)
	v.foreignWebhooks(reading.Snapshot)
}

// unexpected is a finding about an object that nobody renders.
func (v *verifier) unexpected(o *snapshot.Object, tenant string, severity check.Severity, format string, args ...any) {
	what := "is not rendered"
	if format != "" {
		what += ": " + fmt.Sprintf(format, args...)
	}
	if why := strings.TrimSpace(o.Annotations()[acceptAnnotation]); why != "" {
		severity, what = check.Note, what+" (accepted: "+why+")"
	}
	v.report.find(Rules, severity, tenant, o.ID, "%s", what)
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
}

const runs = "whatever runs in a control plane's namespace may use its ServiceAccount, and with it its rights"

// madeBeside are objects that Kubernetes and control planes make themselves.
var madeBeside = []struct{ kind, name, typ, who string }{
	{kind: "ConfigMap", name: "kube-root-ca.crt", who: "Kubernetes"},
	{kind: "ServiceAccount", name: "default", who: "Kubernetes"},
	{kind: "ConfigMap", name: istio.RootConfigMap, who: "istiod"},
	{kind: "Secret", name: istio.OwnCA, who: "istiod, and Citadel"},
	{kind: "Secret", typ: "istio.io/key-and-cert", who: "Citadel, for each ServiceAccount"},
}

// leaderAnnotation is on a ConfigMap by which programs elect a leader.
//
// Source: tools/leaderelection/resourcelock of k8s.io/client-go.
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader"

// beside looks at what is in the namespaces of control planes.
func (v *verifier) beside(s *snapshot.Snapshot) {
	asked := v.secretsAskedFor()
	for _, row := range besideKinds {
		for _, kind := range strings.Fields(row.kinds) {
			for _, o := range s.Of(row.group, kind) {
				if !v.besides[o.ID.Namespace] || v.isRendered(o.ID) || isMade(o) || asked[o.ID] || v.isLabelled(o) {
					continue
				}
				severity, why := row.severity, row.why
				if kind == "NetworkPolicy" && opens(o) {
					severity, why = check.Error, "it lets in Pods of other namespaces, and what one NetworkPolicy allows no other one can forbid"
				}
				v.unexpected(o, v.owners[o.ID.Namespace], severity, "%s", why)
			}
		}
	}
}

// isLabelled says whether an object is among what [verifier.unrendered] finds.
func (v *verifier) isLabelled(o *snapshot.Object) bool {
	return v.report.tenants[o.Tenant()] != nil && len(snapshot.List(o.Content, "metadata", "ownerReferences")) == 0
}

func isMade(o *snapshot.Object) bool {
	if o.ID.Kind == "ConfigMap" && o.Annotations()[leaderAnnotation] != "" {
		return true
	}
	for _, made := range madeBeside {
		if made.kind == o.ID.Kind && (made.name == "" || made.name == o.ID.Name) && (made.typ == "" || made.typ == snapshot.Text(o.Content, "type")) {
			return true
		}
	}
	return false
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

// foreignWebhooks finds webhooks that nobody renders, and that the API server asks about
// what is written in tenants' namespaces.
func (v *verifier) foreignWebhooks(s *snapshot.Snapshot) {
	for _, kind := range []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"} {
		does := map[string]string{"MutatingWebhookConfiguration": "sees and changes", "ValidatingWebhookConfiguration": "sees"}[kind]
		for _, o := range s.Of(admissions, kind) {
			if v.isRendered(o.ID) || v.isLabelled(o) {
				continue
			}
			namespaces, webhooks := map[string]bool{}, []string{}
			for _, w := range snapshot.List(o.Content, "webhooks") {
				found := v.selected(s, w)
				if len(found) > 0 {
					webhooks = append(webhooks, snapshot.Text(w, "name"))
				}
				for _, ns := range found {
					namespaces[ns] = true
				}
			}
			if len(namespaces) > 0 {
				v.unexpected(o, "", check.Warning, "%s %s what is written in %s", some(webhooks), does, some(slices.Sorted(maps.Keys(namespaces))))
			}
		}
	}
}

// selected are the tenants' namespaces that a webhook is asked about.
func (v *verifier) selected(s *snapshot.Snapshot, webhook any) (found []string) {
	inNamespaces := func(rule any) bool { return snapshot.Text(rule, "scope") != "Cluster" }
	if !slices.ContainsFunc(snapshot.List(webhook, "rules"), inNamespaces) {
		return nil
	}
	selector, err := snapshot.Selector(snapshot.Field(webhook, "namespaceSelector"))
	if err != nil {
		return nil
	}
	for ns := range v.owners {
		if o := s.Get(object.ID{Kind: "Namespace", Name: ns}); o != nil && selector.Matches(labels.Set(o.Labels())) {
			found = append(found, ns)
		}
	}
	return found
}
