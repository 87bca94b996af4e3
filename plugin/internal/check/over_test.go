package check_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// added are faults that a kustomization over tenant sales adds, by the rule and the object
// that it has to name.
var added = []struct{ rule, says, text string }{
	{"foreign-object", "Deployment ns-0/spy of tenant sales: is in a namespace of tenant dev", ofKind("apps/v1", "Deployment", "spy", "ns-0", "dev")},
	{"foreign-object", "ConfigMap ns-1/labelled of the overlay of tenant sales: has the label istio-tenancy.dev/tenant: dev", ofKind("v1", "ConfigMap", "labelled", "ns-1", "dev")},
	{"foreign-object", "Namespace ns-0 of the overlay of tenant sales: is a namespace of tenant dev", ofKind("v1", "Namespace", "ns-0", "", "dev")},
	{"foreign-object", "Namespace kube-system of the overlay of tenant sales: is a namespace of no tenant", ofKind("v1", "Namespace", "kube-system", "", "")},
	{"foreign-object", "Namespace monitoring of the overlay of tenant sales: is a namespace of no tenant", ofKind("v1", "Namespace", "monitoring", "", "sales")},
	{"foreign-object", "NetworkPolicy istio-system/allow-tenant of tenant sales: is in", ofKind("networking.k8s.io/v1", "NetworkPolicy", "allow-tenant", "istio-system", "dev") + "spec: {podSelector: {}, ingress: []}\n"},
	{"shared-object", "NetworkPolicy istio-system/allow-tenant: is claimed by tenant ", ""},
	{"foreign-object", "CustomResourceDefinition sidecars.networking.istio.io of the overlay of tenant sales: has no namespace", ofKind("apiextensions.k8s.io/v1", "CustomResourceDefinition", "sidecars.networking.istio.io", "", "") +
		"spec: {group: networking.istio.io, scope: Namespaced, names: {kind: Sidecar, plural: sidecars}, conversion: {strategy: Webhook, webhook: {clientConfig: {service: {namespace: ns-1, name: spy}}}}, versions: [{name: v1}]}\n"},
	{"double-object", "CustomResourceDefinition sidecars.networking.istio.io: ", ""},
	{"foreign-object", "Everything ns-1/all of the overlay of tenant sales: has no namespace", ofKind("example.com/v1", "Everything", "all", "ns-1", "")},
	{"refused-object", "found rbac.authorization.k8s.io/aggregate-to-view", strings.Replace(ofKind("rbac.authorization.k8s.io/v1", "ClusterRole", "more-istio-system1", "", ""), "metadata: {", "metadata: {labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}, ", 1)},
	{"refused-object", `found "more"; the cluster has only one object of each name`, ofKind("rbac.authorization.k8s.io/v1", "ClusterRole", "more", "", "sales")},
	{"refused-object", "ValidatingAdmissionPolicy lock-istio-system1 ", ofKind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "lock-istio-system1", "", "") + "spec: {matchConstraints: {resourceRules: []}, validations: [{expression: 'false'}]}\n"},
	{"refused-object", "ValidatingAdmissionPolicyBinding lock-istio-system1 ", ofKind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "lock-istio-system1", "", "") + "spec: {policyName: istio-tenancy-pods, validationActions: [Audit]}\n"},
	{"refused-object", "GatewayClass everybody-istio-system1 ", ofKind("gateway.networking.k8s.io/v1", "GatewayClass", "everybody-istio-system1", "", "sales") + "spec: {controllerName: istio.io/gateway-controller-sales}\n"},
	{"refused-object", "ClusterNetworkPolicy floor-all-istio-system1 ", ofKind("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "floor-all-istio-system1", "", "sales") + "spec: {tier: Admin, priority: 0, subject: {namespaces: {}}}\n"},
	{"refused-object", "webhooks[0].clientConfig.url", ofKind("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "spy-istio-system1", "", "sales") + "webhooks: [{name: spy.example.com, clientConfig: {url: 'https://spy.example.com'}, admissionReviewVersions: [v1], sideEffects: None}]\n"},
	{"refused-object", "Kustomization ns-1/all ", ofKind("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "all", "ns-1", "") + "spec: {path: .}\n"},
	{"refused-object", "Service ns-1/taken ", ofKind("v1", "Service", "taken", "ns-1", "") + "spec: {externalIPs: [192.0.2.1], ports: [{port: 80}]}\n"},
	{"refused-object", "RoleBinding ns-1/others ", roleBinding("ns-1", "others", "{kind: Group, name: 'system:serviceaccounts:kube-system', apiGroup: rbac.authorization.k8s.io}", "view") + "\n"},
}

// ofKind is the beginning of an object.
func ofKind(version, kind, name, namespace, label string) string {
	fields := "name: " + name
	if namespace != "" {
		fields += ", namespace: " + namespace
	}
	if label != "" {
		fields += ", labels: {istio-tenancy.dev/tenant: " + label + "}"
	}
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {%s}\n", version, kind, fields)
}

// scopes are what a cluster has for kinds that nobody knows.
const scopes = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: everythings.example.com}, spec: {group: example.com, scope: Cluster, names: {kind: Everything, plural: everythings}}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: parts.example.com}, spec: {group: example.com, scope: Namespaced, names: {kind: Part, plural: parts}}}
`

// estates writes overlays, each of which lists others or files, over the shipped bases and
// what else is copied.
func estates(t *testing.T, copied ...string) (dir string, overlay func(name string, resources ...string) string, file func(name, text string) string) {
	t.Helper()
	dir = t.TempDir()
	for _, from := range append(copied, "bases") {
		require.NoError(t, os.CopyFS(filepath.Join(dir, from), os.DirFS(filepath.Join(root, from))))
	}
	file = func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	overlay = func(name string, resources ...string) string {
		return filepath.Dir(file(name+"/kustomization.yaml", "resources: ["+strings.Join(resources, ", ")+"]\n"))
	}
	return dir, overlay, file
}

func checked(t *testing.T, paths ...string) []check.Finding {
	t.Helper()
	report := run(t, check.Options{Options: snapshot.Options{Paths: paths}})
	require.Empty(t, report.Errors)
	return report.Findings
}

func TestWhatAnOverlayAdds(t *testing.T) {
	dir, overlay, file := estates(t, "overlays/dev", "overlays/sales")
	var texts []string
	for _, a := range added {
		if a.text != "" {
			texts = append(texts, strings.TrimSpace(strings.ReplaceAll(a.text, "\t", "  "))+"\n")
		}
	}
	texts = append(texts, ofKind("example.com/v1", "Thing", "thing", "ns-1", ""))
	extra := file("over/sales/extra.yaml", strings.Join(texts, "---\n"))
	over, dev, crds := overlay("over/sales", "../../overlays/sales", "extra.yaml"), filepath.Join(dir, "overlays/dev"), file("crds.yaml", scopes)
	// The order in which overlays are named, and that of their names, changes nothing.
	last := filepath.Join(dir, "zz", "dev")
	require.NoError(t, os.CopyFS(last, os.DirFS(dev)))
	for _, paths := range [][]string{{dev, over, crds}, {crds, over, last}} {
		findings := checked(t, paths...)
		for _, a := range added {
			if !slices.ContainsFunc(findings, func(f check.Finding) bool {
				return f.Rule == a.rule && f.Severity == check.Error && strings.Contains(f.Message, a.says) && f.Source.File != ""
			}) {
				t.Errorf("%s: %s: is not found by %q", a.rule, a.says, paths)
			}
		}
		at := slices.IndexFunc(findings, func(f check.Finding) bool { return strings.HasPrefix(f.Message, "Thing ns-1/thing of the overlay") })
		require.GreaterOrEqual(t, at, 0)
		require.Equal(t, "warning foreign-object", fmt.Sprint(findings[at].Severity, " ", findings[at].Rule))
		require.Equal(t, extra, findings[at].Source.File)
	}
}

// What a kustomization over a tenant may add.
func TestWhatAnOverlayMayAdd(t *testing.T) {
	dir, overlay, file := estates(t, "overlays/dev", "overlays/sales")
	file("over/sales/extra.yaml", strings.Join([]string{
		ofKind("v1", "ConfigMap", "plain", "ns-1", ""),
		ofKind("v1", "ConfigMap", "labelled", "istio-system1", "sales") + "data: {a: b}\n",
		ofKind("rbac.authorization.k8s.io/v1", "ClusterRole", "more-istio-system1", "", "sales") + "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n",
		ofKind("example.com/v1", "Part", "part", "ns-1", ""),
		ofKind("v1", "Service", "web", "ns-1", "") + "spec: {selector: {app: web}, ports: [{port: 80}]}\n",
		ofKind("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "own", "ns-1", "") + "spec: {path: ., serviceAccountName: deployer}\n",
		ofKind("networking.istio.io/v1", "VirtualService", "web", "ns-1", "") + "spec: {hosts: [web], exportTo: [.], http: [{timeout: 0.5s, retries: {attempts: 3}, route: [{destination: {host: web}, weight: 100}]}]}\n",
	}, "---\n"))
	over := overlay("over/sales", "../../overlays/sales", "extra.yaml", "../../bases/istio/common")
	for _, f := range checked(t, filepath.Join(dir, "overlays/dev"), over, file("crds.yaml", scopes)) {
		t.Errorf("%s: %s [%s]", f.Severity, f.Message, f.Rule)
	}
}

// A directory beside a tenant is no common base, whatever its name is.
func TestANeighbourIsNoCommonBase(t *testing.T) {
	dir, overlay, file := estates(t, "overlays/dev", "overlays/sales")
	file("own/common/all.yaml", ofKind("rbac.authorization.k8s.io/v1", "ClusterRole", "istio-tenancy-x", "", "")+"---\n"+
		ofKind("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "spy", "", "")+"webhooks: [{name: spy.example.com, clientConfig: {url: 'https://spy.example.com'}, admissionReviewVersions: [v1], sideEffects: None}]\n")
	file("own/more/more.yaml", ofKind("v1", "ConfigMap", "more", "ns-1", ""))
	overlay("own/common", "all.yaml")
	overlay("own/more", "more.yaml")
	overlay("own/tenant", "../../overlays/sales")
	for _, beside := range []string{"../../own/tenant", "../../overlays/sales, ../../own/more"} {
		over := overlay("over/sales", beside, "../../own/common")
		report := run(t, check.Options{Options: snapshot.Options{Paths: []string{filepath.Join(dir, "overlays/dev"), over}}})
		require.Empty(t, report.Errors)
		require.Equal(t, []string{filepath.Join(dir, "bases/istio/common")}, report.Common)
		require.True(t, slices.ContainsFunc(report.Findings, func(f check.Finding) bool {
			return f.Rule == "refused-object" && strings.HasPrefix(f.Message, "MutatingWebhookConfiguration spy of the overlay of tenant sales")
		}), beside)
	}
}

// A kustomization over a role of every cluster: the finding is where the role is.
func TestARoleOfEveryCluster(t *testing.T) {
	dir, overlay, file := estates(t, "overlays/dev", "overlays/sales")
	file("over/sales/extra.yaml", ofKind("rbac.authorization.k8s.io/v1", "ClusterRole", "'system:discovery'", "", "")+"rules: [{apiGroups: [''], resources: [secrets], verbs: [list]}]\n")
	over := overlay("over/sales", "../../overlays/sales", "extra.yaml")
	rules := map[string]bool{}
	for _, f := range checked(t, filepath.Join(dir, "overlays/dev"), over) {
		rules[f.Rule] = true
		require.Contains(t, f.Source.File, over, f.Message)
	}
	require.Equal(t, map[string]bool{"cluster-right": true, "refused-object": true}, rules)
}

// The tenants of kustomizations that an overlay lists are read with their files.
func TestListedTenants(t *testing.T) {
	dir, overlay, _ := estates(t, "overlays/sales", "examples/shared")
	for _, name := range []string{"mesh", "parcel", "invoices"} {
		overlay("over/"+name, "../../examples/shared/"+name)
	}
	for _, f := range checked(t, filepath.Join(dir, "over")) {
		require.Equal(t, check.Note, f.Severity, f.Message)
	}
	require.NoError(t, os.CopyFS(filepath.Join(dir, "overlays/copy"), os.DirFS(root+"/overlays/sales")))
	shared := func(findings []check.Finding) (found []string) {
		for _, f := range findings {
			if f.Rule == "shared-tenant" {
				found = append(found, f.Source.File)
			}
		}
		return found
	}
	a, b := overlay("copies/a", "../../overlays/sales"), overlay("copies/b", "../../overlays/copy")
	require.Equal(t, []string{filepath.Join(dir, "overlays/copy/tenant.yaml")}, shared(checked(t, a, b)))
	require.Empty(t, shared(checked(t, a, filepath.Join(dir, "overlays/sales"))), "one tenant, and a kustomization over it")
}

// An overlay that lists the overlays of several tenants adds nothing to one that has its own.
func TestAnOverlayThatListsOthers(t *testing.T) {
	dir, overlay, file := estates(t, "overlays/dev", "overlays/sales")
	file("over/all/spy.yaml", ofKind("v1", "ServiceAccount", "spy", "ns-0", "")+"---\n"+ofKind("v1", "ServiceAccount", "own", "ns-1", ""))
	dev, all := filepath.Join(dir, "overlays/dev"), overlay("over/all", "../../overlays/sales", "../../overlays/dev", "spy.yaml")
	found := func(findings []check.Finding) (found []string) {
		for _, f := range findings {
			if f.Rule == "foreign-object" {
				require.Equal(t, check.Error, f.Severity)
				found = append(found, f.Object.String())
			}
		}
		return found
	}
	require.Equal(t, []string{"ServiceAccount ns-0/spy"}, found(checked(t, dev, all)))
	require.Empty(t, found(checked(t, all)), "the only overlay of both")
	overlay("over/all", "../../overlays/sales", "../../overlays/dev")
	require.Empty(t, found(checked(t, dev, all)), "the same objects")
}

// What an overlay accepts counts in a dump for the same content.
func TestAcceptancesOfOtherContent(t *testing.T) {
	dir, overlay, file := estates(t, "overlays/dev", "overlays/sales")
	route := func(gateway string) string {
		return strings.Replace(ofKind("networking.istio.io/v1", "VirtualService", "v", "ns-1", ""), "metadata: {", "metadata: {annotations: {istio-tenancy.dev/accept: 'foreign-gateway: as agreed'}, ", 1) +
			"spec: {hosts: [shop.example.com], exportTo: [.], gateways: [" + gateway + "], http: [{route: [{destination: {host: shop}}]}]}\n"
	}
	file("over/sales/extra.yaml", route("ns-0/public"))
	over := overlay("over/sales", "../../overlays/sales", "extra.yaml")
	for gateway, accepted := range map[string]bool{"ns-0/public": true, "istio-system/internal": false} {
		found := slices.ContainsFunc(checked(t, filepath.Join(dir, "overlays/dev"), over, file("dump.yaml", route(gateway))), func(f check.Finding) bool { return f.Rule == "foreign-gateway" })
		require.Equal(t, !accepted, found, gateway)
	}
}
