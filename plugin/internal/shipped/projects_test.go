package shipped_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// projectPatch is what the ApplicationSet makes of a tenant's file, with the library of
// which Argo CD has the functions of a template.
func projectPatch(t *testing.T, tenant *yaml.RNode) (string, error) {
	t.Helper()
	set := read(t, "examples/argocd/tenant-projects.yaml")[0]
	text := object.String(set, "spec", "templatePatch")
	parsed, err := template.New("").Option("missingkey=error").Funcs(sprig.TxtFuncMap()).Parse(text)
	require.NoError(t, err)
	var parameters map[string]any
	require.NoError(t, tenant.YNode().Decode(&parameters))
	// Argo CD adds where the file is.
	parameters["path"] = map[string]any{"path": "overlays/x", "basename": "x"}
	var out bytes.Buffer
	err = parsed.Execute(&out, parameters)
	return out.String(), err
}

// projectSources are what the ApplicationSet has Argo CD build for a tenant.
func projectSources(t *testing.T, tenant *yaml.RNode) []*yaml.RNode {
	t.Helper()
	text, err := projectPatch(t, tenant)
	require.NoError(t, err)
	patch, err := yaml.Parse(text)
	require.NoError(t, err)
	return object.List(patch, "spec", "sources")
}

func TestArgoCDMakesNoProjectOfAMisspelledTenant(t *testing.T) {
	const head, spec = "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: sales}\n", "spec: {applicationNamespaces: [ns-1]}\n"
	for name, c := range map[string]struct{ text, want string }{
		"a misspelled field": {head + "spec: {applicationNamespace: [ns-1]}\n",
			"IstioTenant sales: spec.applicationNamespace: unknown field: must be one of acceptDomainNames, admins, allowed, applicationNamespaces, "},
		"a field in another case": {head + "spec: {applicationnamespaces: [ns-1]}\n", "spec.applicationnamespaces: unknown field"},
		"a misspelled spec":       {head + strings.Replace(spec, "spec", "sepc", 1), `map has no entry for key "spec"`},
		"another version": {strings.Replace(head, "v1alpha1", "v2", 1) + spec,
			"IstioTenant sales: found istio-tenancy.dev/v2: must be IstioTenant of istio-tenancy.dev/v1alpha1"},
		"another kind":        {strings.Replace(head, "IstioTenant", "Tenant", 1) + spec, "Tenant sales: found istio-tenancy.dev/v1alpha1: must be IstioTenant"},
		"a misspelled kind":   {strings.Replace(head, "kind", "knid", 1) + spec, `map has no entry for key "kind"`},
		"the fields are good": {head + spec, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := projectPatch(t, yaml.MustParse(c.text))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Every field that a tenant's file may have is one that the set knows.
func TestArgoCDKnowsTheFieldsOfATenant(t *testing.T) {
	var fields []string
	of := reflect.TypeFor[v1alpha1.TenantSpec]()
	for i := range of.NumField() {
		field, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		fields = append(fields, field)
	}
	slices.Sort(fields)
	_, err := projectPatch(t, yaml.MustParse("apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: sales}\nspec: {x: y}\n"))
	require.ErrorContains(t, err, "must be one of "+strings.Join(fields, ", "))
	require.NotContains(t, err.Error(), strings.Join(fields, ", ")+",", "it knows no others")
}
