package template

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

func tenant(t *testing.T, name, spec string) v1alpha1.IstioTenant {
	t.Helper()
	decoded, err := v1alpha1.DecodeTenant([]byte("apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: '" + name + "'}\nspec: " + spec + "\n"))
	require.NoError(t, err)
	return decoded
}

func TestKey(t *testing.T) {
	for name, c := range map[string]struct {
		tenant, spec string
		names        []string // nil: no key
		patterns     []string // of the control plane's namespace, the first application namespace, the first admin
		why          string   // there is no key
	}{
		"defaults":          {"sales", "{admins: [{kind: User, name: jo}]}", []string{"sales", "jo"}, []string{"istio-{0}", "{0}", "{1}"}, ""},
		"made of the name":  {"sales", "{admins: [{kind: Group, name: sales-admins}], applicationNamespaces: [eu-sales]}", []string{"sales"}, []string{"istio-{0}", "eu-{0}", "{0}-admins"}, ""},
		"of their own":      {"sales", "{admins: [{kind: User, name: jo}], controlPlane: {namespace: mesh7}, applicationNamespaces: [store1]}", []string{"sales", "mesh7", "store1", "jo"}, []string{"{1}", "{2}", "{3}"}, ""},
		"one name twice":    {"sales", "{admins: [{kind: User, name: store1}], applicationNamespaces: [store1]}", []string{"sales", "store1"}, []string{"istio-{0}", "{1}", "{1}"}, ""},
		"digits":            {"007", "{admins: [{kind: User, name: jo}]}", nil, nil, `the name "007", metadata.name, is written otherwise in YAML or JSON, or means something to Istio`},
		"number":            {"1e3", "{admins: [{kind: User, name: jo}]}", nil, nil, `the name "1e3", metadata.name, is written otherwise in YAML or JSON, or means something to Istio`},
		"boolean":           {"on", "{admins: [{kind: User, name: jo}]}", nil, nil, `the name "on", metadata.name, is written otherwise in YAML or JSON, or means something to Istio`},
		"null":              {"null", "{admins: [{kind: User, name: jo}]}", nil, nil, `the name "null", metadata.name, is written otherwise in YAML or JSON, or means something to Istio`},
		"spaces":            {"sales", "{admins: [{kind: User, name: 'jo a'}]}", nil, nil, `the name "jo a", spec.admins[].name, is written otherwise in YAML or JSON, or means something to Istio`},
		"upstream's":        {"sales", "{admins: [{kind: User, name: jo}], controlPlane: {namespace: istio-system}}", nil, nil, `the name "istio-system", spec.controlPlane.namespace, is written otherwise in YAML or JSON, or means something to Istio`},
		"part of another":   {"sales", "{admins: [{kind: User, name: jo}], applicationNamespaces: [salesforce]}", nil, nil, `the name "sales" is part of the name "salesforce"`},
		"part of a pattern": {"sales", "{admins: [{kind: User, name: jo}], applicationNamespaces: [sales-salesforce]}", nil, nil, `the name "sales" is part of another word of spec.applicationNamespaces[]`},
		"part, backwards":   {"a-jo", "{admins: [{kind: User, name: jo}]}", nil, nil, `the name "jo" is part of the name "a-jo"`},
	} {
		t.Run(name, func(t *testing.T) {
			key, names, err := Of(tenant(t, c.tenant, c.spec))
			require.Equal(t, c.names, names)
			if c.why != "" {
				require.EqualError(t, err, c.why)
			} else {
				require.NoError(t, err)
				s := key.tenant.Spec
				require.Equal(t, c.patterns, []string{s.ControlPlane.Namespace, s.ApplicationNamespaces[0], s.Admins[0].Name})
			}
		})
	}
}

func TestKeysDifferInEverythingButNames(t *testing.T) {
	key := func(name, spec string) string {
		key, _, err := Of(tenant(t, name, spec))
		require.NoError(t, err)
		return key.Text
	}
	base := key("sales", "{admins: [{kind: User, name: jo}]}")
	require.Equal(t, base, key("audit", "{admins: [{kind: User, name: ann}]}"))
	require.Equal(t, base, key("hr", "{admins: [{kind: User, name: jo}], acceptDomainNames: [hr]}"), "the output does not tell")
	for _, spec := range []string{
		"{admins: [{kind: Group, name: jo}]}",
		"{admins: [{kind: User, name: jo}, {kind: User, name: ed}]}",
		"{admins: [{kind: User, name: jo}], mtls: none}",
		"{admins: [{kind: User, name: jo}], quota: {pods: 3}}",
		"{admins: [{kind: User, name: jo}], createNamespaces: false}",
		"{admins: [{kind: User, name: jo}], applicationNamespaces: [store1]}",
	} {
		require.NotEqual(t, base, key("sales", spec), spec)
	}
}

func TestSamplesAreTenants(t *testing.T) {
	for name, spec := range map[string]string{
		"long words":            "{admins: [{kind: User, name: jo}], applicationNamespaces: [a-rather-long-word-sales-in-front, store1]}",
		"a revision of its own": "{admins: [{kind: User, name: jo}], controlPlane: {revision: blue}}",
		"all of its own": "{admins: [{kind: ServiceAccount, name: ci, namespace: build}], viewers: [{kind: Group, name: web}], " +
			"controlPlane: {namespace: mesh7, revision: blue, trustDomain: example.com}, applicationNamespaces: [store1], network: {allowFrom: [probe]}}",
	} {
		t.Run(name, func(t *testing.T) {
			key, _, err := Of(tenant(t, "sales", spec))
			require.NoError(t, err)
			short, long, ok := key.Samples()
			require.True(t, ok)
			for _, sample := range []Sample{short, long} {
				config, err := sample.Config()
				require.NoError(t, err)
				_, err = v1alpha1.DecodeTenant(config)
				require.NoError(t, err)
				again, names, err := Of(sample.Tenant)
				require.NoError(t, err)
				require.Equal(t, key.Text, again.Text)
				require.Equal(t, sample.names, names)
			}
			require.IsIncreasing(t, short.names)
			require.IsDecreasing(t, long.names)
		})
	}
}

func TestNamesAreAsLongAsTheSchemaAllows(t *testing.T) {
	key, _, err := Of(tenant(t, "sales", "{admins: [{kind: User, name: jo}], controlPlane: {revision: blue}, applicationNamespaces: [a-rather-long-word-sales-in-front]}"))
	require.NoError(t, err)
	_, long, ok := key.Samples()
	require.True(t, ok)
	require.Len(t, long.Tenant.Spec.ControlPlane.Revision, 56)
	require.Len(t, long.Tenant.Spec.ApplicationNamespaces[0], 63)
	for _, f := range fields(&long.Tenant) {
		if f.path != "spec.admins[].name" { // which the cluster's authentication limits
			require.Contains(t, limits(), f.path)
		}
	}
}

// output is what a program might make of two names.
func output(t *testing.T, make func(a, b string) string, sorted bool) (*Template, error) {
	t.Helper()
	key, _, err := Of(tenant(t, "sales", "{admins: [{kind: User, name: jo}]}"))
	require.NoError(t, err)
	short, long, ok := key.Samples()
	require.True(t, ok)
	result := func(s Sample) Output { return Output{make(s.names[0], s.names[1]), "look at " + s.names[1] + "\n"} }
	return New(short, long, result(short), result(long), sorted)
}

func object(kind, name string) string {
	return "apiVersion: v1\nkind: " + kind + "\nmetadata:\n  name: " + name + "\n"
}

func TestTemplateSortsAsKustomizeDoes(t *testing.T) {
	make := func(a, b string) string {
		first, second := object("Role", a), object("Role", "m-"+b)
		if a > "m-"+b {
			first, second = second, first
		}
		return object("Namespace", a) + "---\n" + first + "---\n" + second
	}
	f, err := output(t, make, true)
	require.NoError(t, err)
	require.Len(t, f.Runs, 2)
	require.Equal(t, "look at jo\n", f.FillNotes([]string{"sales", "jo"}))
	for _, names := range [][]string{{"a", "b"}, {"z", "b"}, {"m-a", "b"}, {"m-c", "b"}} {
		require.Equal(t, make(names[0], names[1]), string(f.Fill(nil, names)))
	}
	_, err = output(t, make, false)
	require.EqualError(t, err, "v1 Role: differs in more than the names")
}

func TestNoTemplateForMoreThanNames(t *testing.T) {
	for name, make := range map[string]func(a, b string) string{
		"length": func(a, _ string) string { return object("Role", a) + "x: " + strings.Repeat("y", len(a)) + "\n" },
		"order":  func(a, b string) string { return object("Role", "x") + "l: " + min(a, b) + " " + max(a, b) + "\n" },
		"case":   func(a, _ string) string { return object("Role", strings.ToUpper(a)) },
		"more": func(a, _ string) string {
			return object("Role", a) + strings.Repeat("---\n"+object("Role", "b"), len(a)/20)
		},
		"unsorted": func(a, _ string) string { return object("Role", "b-"+a) + "---\n" + object("Role", "a-"+a) },
	} {
		_, err := output(t, make, true)
		require.Error(t, err, name)
	}
}

func TestFits(t *testing.T) {
	f, err := output(t, func(a, b string) string {
		return object("Role", a) + "by: " + b + "\nmode: strict-mode\nof: istio-tenancy.dev/tenant\n"
	}, true)
	require.NoError(t, err)
	for names, fits := range map[string]bool{
		"sales jo": true, "dev jo": true, "strict jo": false, "sales mode": false, "role jo": true, "kind jo": false, "sale jo": true,
		strings.Repeat("a", 41) + " jo": false,
	} {
		require.Equal(t, fits, f.Fits(strings.Fields(names)), names)
	}
	f, err = output(t, func(a, _ string) string {
		return object("Role", a) + "text: some words, which a line may be broken between, and then the name " + a + "\n"
	}, true)
	require.NoError(t, err)
	require.False(t, f.Fits([]string{"hr", "jo"}), "a line may be broken")
	require.True(t, f.Fits([]string{"sales", "annie"}))
}
