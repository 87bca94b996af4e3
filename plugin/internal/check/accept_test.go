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

// TestWhoMayAccept has the acceptance of a finding about another tenant, which counts where
// those who may write it in the cluster have not.
func TestWhoMayAccept(t *testing.T) {
	route := func(accept string) string {
		return `{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "steal", "namespace": "ns-1",
			"annotations": {"istio-tenancy.dev/accept": "` + accept + `"}}, "spec": {"parentRefs": [{"name": "web", "namespace": "ns-0"}]}}`
	}
	const reason, other = "foreign-gateway: as agreed", "foreign-gateway: mine"
	for name, row := range map[string]struct {
		verbs    string
		overlay  string // what an overlay accepts
		cluster  string // what the object accepts in a dump, or in the cluster; "": it is in none
		configs  bool
		accepted bool
	}{
		"a dump":                                {"patch", "", reason, false, false},
		"a dump, by nobody who may":             {"get", "", reason, false, true},
		"a dump, by whoever may make it again":  {"get, create, delete", "", reason, false, false},
		"an overlay":                            {"patch", reason, "", true, true},
		"a cluster, beside the tenants' files":  {"patch", "", reason, true, false},
		"a cluster that is as an overlay says":  {"patch", reason, reason, true, true},
		"a cluster with another than the file":  {"patch", reason, other, true, false},
		"what nobody may write, with the files": {"get", "", reason, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			texts := []string{
				`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns-0", "labels": {"istio-tenancy.dev/tenant": "dev"}}}`,
				`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns-1", "labels": {"istio-tenancy.dev/tenant": "sales"}}}`,
				may("ns-1", "User", "sales-admin", "gateway.networking.k8s.io", "httproutes", row.verbs),
			}
			if row.overlay != "" {
				texts = append(texts, route(row.overlay))
			}
			if row.cluster != "" {
				texts = append(texts, route(row.cluster))
			}
			var configs []snapshot.Config
			for tenant, namespace := range map[string]string{"dev": "ns-0", "sales": "ns-1"} {
				var c snapshot.Config
				c.Metadata.Name, c.Spec.ApplicationNamespaces = tenant, []string{namespace}
				if row.configs {
					configs = append(configs, c)
				}
			}
			var all [][]byte
			for _, text := range texts {
				all = append(all, []byte(text))
			}
			reading, err := snapshot.OfCluster("cluster", all, configs)
			require.NoError(t, err)
			for _, o := range reading.Objects {
				if o.ID.Kind == "HTTPRoute" && row.overlay != "" {
					o.Reviewed = true // the first one, which is the overlay's
					break
				}
			}
			report := check.Judge(t.Context(), reading)
			is := map[bool]string{}
			for accepted, found := range map[bool][]check.Finding{false: report.Findings, true: report.Accepted} {
				for _, f := range found {
					if f.Rule == "foreign-gateway" {
						is[accepted] += fmt.Sprintln(f.Message)
					}
				}
			}
			require.NotEmpty(t, is[row.accepted])
			require.Empty(t, is[!row.accepted])
		})
	}
}

// TestWhoMayAcceptByOtherRights has rights that lead to the right to write an acceptance.
func TestWhoMayAcceptByOtherRights(t *testing.T) {
	const (
		bind     = "{apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [create]}, {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind], resourceNames: [edit]}"
		deployer = "{kind: ServiceAccount, name: deployer, namespace: ns-1}"
		named    = `{apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations], resourceNames: [NAME], verbs: [patch]}`
		route    = "foreign-gateway"
		hook     = "foreign-injection"
	)
	role := func(rules string) string {
		return "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: extra, namespace: ns-1}\nrules: [" + rules + "]\n---\n" +
			"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: extra, namespace: ns-1}\nsubjects: [" + salesAdmin + "]\nroleRef: {kind: Role, name: extra, apiGroup: rbac.authorization.k8s.io}"
	}
	everywhere := func(subject, rules string) string {
		return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: wide}\nrules: [" + rules + "]\n---\n" +
			"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: wide}\nsubjects: [" + subject + "]\nroleRef: {kind: ClusterRole, name: wide, apiGroup: rbac.authorization.k8s.io}"
	}
	writes := "{apiGroups: [gateway.networking.k8s.io], resources: [httproutes], verbs: [update]}"
	reads := strings.Replace(writes, "update", "get", 1)
	for name, row := range map[string]struct {
		rule, rights string
		accepted     bool
	}{
		"nobody":                                                     {route, role(reads), true},
		"by a role that somebody may bind":                           {route, role(bind), false},
		"by a role that somebody may widen":                          {route, role("{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [update, escalate]}"), false},
		"by a ClusterRoleBinding":                                    {route, role(reads) + "\n---\n" + everywhere(salesAdmin, writes), false},
		"by a ClusterRoleBinding of a program":                       {route, everywhere(deployer, writes), false},
		"by a token of a program":                                    {route, role("{apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]}") + "\n---\n" + everywhere(deployer, writes), false},
		"by a token in a namespace of no tenant":                     {route, may("tools", "User", "sales-admin", "", "serviceaccounts/token", "create") + "\n---\n" + role(reads) + "\n---\n" + everywhere("{kind: ServiceAccount, name: deployer, namespace: tools}", writes), false},
		"by everybody":                                               {route, everywhere("{kind: Group, name: 'system:authenticated', apiGroup: rbac.authorization.k8s.io}", writes), false},
		"by nobody of a tenant":                                      {route, role(reads) + "\n---\n" + everywhere("{kind: User, name: platform, apiGroup: rbac.authorization.k8s.io}", "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}"), true},
		"in a namespace of no tenant":                                {"foreign-object", may("tools", "User", "sales-admin", "", "configmaps", "create") + "\n---\n" + role(reads), false},
		"by nobody in a namespace of no tenant":                      {"foreign-object", role(writes), true},
		"of what has no namespace":                                   {hook, everywhere(deployer, strings.Replace(named, "NAME", "spy", 1)), false},
		"of what has no namespace, by all names":                     {hook, everywhere(deployer, strings.Replace(named, ", resourceNames: [NAME]", "", 1)), false},
		"of another that has no namespace":                           {hook, everywhere(deployer, strings.Replace(named, "NAME", "other", 1)), true},
		"of what has no namespace, by a role that somebody may bind": {hook, everywhere(deployer, "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}"), false},
		"of what has no namespace, by a right in one":                {hook, role(bind), true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			text := strings.Join([]string{
				ofKind("v1", "Namespace", "ns-0", "", "dev"), ofKind("v1", "Namespace", "ns-1", "", "sales"), ofKind("v1", "ServiceAccount", "deployer", "ns-1", ""), ofKind("v1", "ServiceAccount", "deployer", "tools", ""),
				ofKind("gateway.networking.k8s.io/v1", "HTTPRoute", "steal", "ns-1", "") + "spec: {parentRefs: [{name: web, namespace: ns-0}]}",
				ofKind("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "spy", "", "sales") + "webhooks: [{name: spy.example.com, clientConfig: {service: {namespace: ns-1, name: spy, path: /inject}}, rules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}], admissionReviewVersions: [v1], sideEffects: None}]",
				ofKind("v1", "ConfigMap", "more", "tools", "sales"), row.rights,
			}, "\n---\n")
			for _, at := range []string{"name: steal, ", "name: spy, labels", "name: more, namespace: tools"} {
				text = strings.Replace(text, at, strings.Replace(at, "name:", `annotations: {istio-tenancy.dev/accept: "foreign-gateway: as agreed\nforeign-injection: as agreed\nforeign-object: as agreed"}, name:`, 1), 1)
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, "dump.yaml"), []byte(text), 0o600))
			report := run(t, check.Options{Options: snapshot.Options{Paths: []string{dir}}})
			require.Empty(t, report.Errors)
			is := func(of string) func(check.Finding) bool { return func(f check.Finding) bool { return f.Rule == of } }
			require.Equal(t, row.accepted, slices.ContainsFunc(report.Accepted, is(row.rule)))
			require.Equal(t, !row.accepted, slices.ContainsFunc(report.Findings, is(row.rule)))
			require.Equal(t, !row.accepted, slices.ContainsFunc(report.Findings, func(f check.Finding) bool {
				return f.Rule == "own-accept" && strings.Contains(f.Message, "accepts "+row.rule+",")
			}))
		})
	}
}
