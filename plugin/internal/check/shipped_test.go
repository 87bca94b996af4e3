package check_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// What is shipped is clean: alone, and with what it is applied together with.
func TestShipped(t *testing.T) {
	sets := map[string][]string{}
	for _, dir := range overlays(t) {
		set := filepath.Dir(dir)
		if base := filepath.Base(set); base == "examples" {
			set = dir
		}
		sets[set] = append(sets[set], dir)
	}
	require.GreaterOrEqual(t, len(sets), 10)
	for set, dirs := range sets {
		report := run(t, check.Options{Options: snapshot.Options{Paths: dirs}})
		require.Empty(t, report.Errors, set)
		require.NotEmpty(t, report.Common, set)
		for _, f := range report.Findings {
			if f.Severity > check.Note {
				t.Errorf("%s: %s: %s [%s]", set, f.Severity, f.Message, f.Rule)
			}
		}
	}
}

func TestOverlays(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	require.NoError(t, os.CopyFS(filepath.Join(dir, "bases"), os.DirFS(root+"/bases")))
	overlay := func(name, tenant, spec string) {
		write("overlays/"+name+"/kustomization.yaml", "resources: [../../bases/istio/control-plane, own.yaml]\ntransformers: [tenant.yaml]\n")
		write("overlays/"+name+"/own.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: own\nspec: {ports: [{port: 80}]}\n")
		write("overlays/"+name+"/tenant.yaml", `apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioTenant
metadata:
  name: `+tenant+`
  annotations:
    config.kubernetes.io/function: "exec: {path: istio-tenancy}"
`+strings.ReplaceAll(spec, "\t", "  "))
	}
	find := func(rule string) (found []check.Finding) {
		report := run(t, check.Options{Options: snapshot.Options{Paths: []string{filepath.Join(dir, "overlays")}}})
		require.Empty(t, report.Errors)
		for _, f := range report.Findings {
			if f.Rule == rule {
				found = append(found, f)
			}
		}
		return found
	}
	overlay("hr", "hr", "spec:\n\tadmins:\n\t- {kind: User, name: jo}\n\tapplicationNamespaces:\n\t- people\n")
	overlay("sales", "sales", "spec:\n\tadmins:\n\t- {kind: User, name: jane}\n\tapplicationNamespaces:\n\t- orders\n\t- people\n")

	found := find("shared-namespace")
	require.Len(t, found, 1)
	require.Equal(t, filepath.Join(dir, "overlays/sales/tenant.yaml")+":12", found[0].Source.String())
	require.Equal(t, []string{"hr", "sales"}, found[0].Tenants)

	overlay("sales", "hr", "spec:\n\tadmins:\n\t- {kind: User, name: jane}\n\tapplicationNamespaces: [people]\n")
	found = find("shared-tenant")
	require.Len(t, found, 1)
	require.Equal(t, filepath.Join(dir, "overlays/sales/tenant.yaml")+":4", found[0].Source.String())

	overlay("sales", "sales", "spec:\n\tadmins:\n\t- {kind: User, name: jo}\n\tnetwork: {allowFrom: [people]}\n\tcontrolPlane: {trustDomain: hr.mesh}\n")
	require.Len(t, find("shared-admin"), 1)
	require.Len(t, find("shared-trust-domain"), 1)
	open := find("open-network")
	require.NotEmpty(t, open)
	for _, f := range open {
		require.Equal(t, check.Note, f.Severity, "it is what the tenant's file asks for")
		require.Contains(t, f.Message, "spec.network.allowFrom[0]")
	}

	// Whom two files name is no way from the one to the other by what the files make of it,
	// and is by anything else.
	overlay("hr", "hr", "spec:\n\tadmins:\n\t- {kind: User, name: jane}\n\tviewers:\n\t- {kind: User, name: jo}\n\tapplicationNamespaces:\n\t- people\n")
	require.Len(t, find("shared-admin"), 1)
	require.Empty(t, find("foreign-right"))
	write("overlays/hr/own.yaml", roleBinding("people", "extra", "{kind: User, name: jo, apiGroup: rbac.authorization.k8s.io}", "admin")+"\n")
	require.Len(t, find("foreign-right"), 1)
	overlay("hr", "hr", "spec:\n\tadmins:\n\t- {kind: User, name: jo}\n\tapplicationNamespaces:\n\t- people\n")

	write("overlays/sales/tenant.yaml", strings.Replace(read(t, dir, "overlays/sales/tenant.yaml"), "  annotations:\n",
		"  annotations:\n    istio-tenancy.dev/accept: |\n      shared-admin: jo is the only one who knows both\n      shared-trust-domain: they were one mesh\n", 1))
	require.Empty(t, find("shared-admin"))
	require.Empty(t, find("shared-trust-domain"))
	require.Empty(t, find("wrong-accept"))
}

// What a kustomization over a tenant adds, no transformer has seen: it is the tenant's.
func TestAKustomizationOverATenant(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "bases"), os.DirFS(root+"/bases")))
	for _, name := range []string{"dev", "sales"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, "overlays", name), os.DirFS(root+"/overlays/"+name)))
	}
	outer := filepath.Join(dir, "overlays/outer")
	require.NoError(t, os.MkdirAll(outer, 0o755))
	const object = "apiVersion: VERSION\nkind: KIND\nmetadata: {name: more}\n"
	for name, c := range map[string]struct{ resources, text, rule, says string }{
		"nothing":              {text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: ns-1}\n"},
		"the common base":      {resources: ", ../../bases/istio/common"},
		"another's Deployment": {text: deployment("ns-0", "more", "web"), rule: "foreign-object", says: "Deployment ns-0/more of tenant sales: is in a namespace of tenant dev"},
		"everything":           {text: strings.Replace(clusterBindingTo("cluster-admin", "{kind: User, name: mallory}"), "other", "more", 1), rule: "cluster-binding", says: "mallory of tenant sales"},
		"a webhook": {text: strings.NewReplacer("VERSION", "admissionregistration.k8s.io/v1", "KIND", "MutatingWebhookConfiguration").Replace(object) +
			"webhooks: [{name: more.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://example.com'}, rules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*']}]}]\n",
			rule: "foreign-injection", says: "of tenant sales: webhook more.example.com selects"},
		"a volume of the node": {text: strings.NewReplacer("VERSION", "v1", "KIND", "PersistentVolume").Replace(object) + "spec: {hostPath: {path: /}}\n", rule: "foreign-object", says: "a tenant has no PersistentVolume without one"},
		"a labelled volume": {text: strings.NewReplacer("VERSION", "v1", "KIND", "PersistentVolume", "more", "more, labels: {istio-tenancy.dev/tenant: sales}").Replace(object) + "spec: {hostPath: {path: /}}\n",
			rule: "foreign-object", says: "of the overlay of tenant sales: has no namespace"},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(outer, "own.yaml"), []byte("\n"+strings.ReplaceAll(c.text, "\t", "  ")), 0o600))
		own := ", own.yaml"
		if c.text == "" {
			own = ""
		}
		require.NoError(t, os.WriteFile(filepath.Join(outer, "kustomization.yaml"), []byte("resources: [../sales"+own+c.resources+"]\n"), 0o600))
		report := run(t, check.Options{Options: snapshot.Options{Paths: []string{filepath.Join(dir, "overlays/dev"), outer}}})
		require.Empty(t, report.Errors, name)
		found := []string{}
		for _, f := range report.Findings {
			found = append(found, f.Rule+": "+f.Message)
		}
		if c.rule == "" {
			require.Empty(t, found, name)
			continue
		}
		require.True(t, slices.ContainsFunc(report.Findings, func(f check.Finding) bool {
			return f.Rule == c.rule && f.Severity == check.Error && strings.Contains(f.Message, c.says)
		}), "%s: %q", name, found)
	}
}

// An object that an overlay has in a file of its own is found there.
func TestLines(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "bases"), os.DirFS(root+"/bases")))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "overlays/sales"), os.DirFS(root+"/overlays/sales")))
	file := filepath.Join(dir, "overlays/sales/kustomization.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "transformers:", "- open.yaml\ntransformers:", 1)), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlays/sales/open.yaml"), []byte(
		"# One more than nothing.\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: open\nspec:\n  podSelector: {}\n  ingress: [{}]\n"), 0o600))
	report := run(t, check.Options{Options: snapshot.Options{Paths: []string{filepath.Join(dir, "overlays")}}})
	require.Len(t, report.Findings, 1)
	require.Equal(t, filepath.Join(dir, "overlays/sales/open.yaml")+":6", report.Findings[0].Source.String())
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	require.NoError(t, err)
	return string(text)
}
