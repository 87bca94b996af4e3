package checklist

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
)

// The placeholders of a rendering. No other word of the charts is one of them.
const (
	namespace   = "the-namespace"
	theRevision = "the-revision"
)

// chart is a chart that a tenant or its cluster runs.
type chart struct {
	component, dir string
	// options switch on what is off by default and an IstioRelease may switch on.
	options map[string]any
	// again are values for every rendering but the first, which leave out what
	// is always the same.
	again map[string]any
}

// charts are those that an IstioRelease renders.
var charts = []chart{
	{
		component: "base", dir: "manifests/charts/base",
		again: map[string]any{"base": map[string]any{"enableCRDTemplates": false}},
	},
	{
		component: "istiod", dir: "manifests/charts/istio-control/istio-discovery",
		options: map[string]any{
			"global":                  map[string]any{"networkPolicy": map[string]any{"enabled": true}},
			"experimental":            map[string]any{"stableValidationPolicy": true},
			"revisionTags":            []any{"the-tag"},
			"jwksResolverExtraRootCA": "a certificate",
			"gatewayClasses": map[string]any{
				"the-class": map[string]any{"deployment": map[string]any{"spec": map[string]any{"replicas": 2}}},
			},
			"sidecarInjectorWebhook": map[string]any{"enableNamespacesByDefault": true},
		},
	},
	{
		component: "gateway", dir: "manifests/charts/gateway",
		options: map[string]any{
			"global":              map[string]any{"networkPolicy": map[string]any{"enabled": true}},
			"podDisruptionBudget": map[string]any{"minAvailable": 1},
		},
	},
}

// refused are the profiles that no IstioRelease takes.
var refused = []string{"ambient", "remote"}

// Of reads the facts of a version of Istio from its module's files. Files
// without the source of istiod, such as the embedded charts, give the facts of
// the charts.
func Of(module fs.FS) (Facts, error) {
	var facts Facts
	for _, c := range charts {
		if err := c.facts(module, &facts); err != nil {
			return Facts{}, err
		}
	}
	if _, err := fs.Stat(module, featuresDir); err == nil {
		if err := source(module, &facts); err != nil {
			return Facts{}, err
		}
	}
	return facts, try(module, &facts)
}

// facts adds those of the chart.
func (c chart) facts(module fs.FS, facts *Facts) error {
	one := release.Chart{FS: module, Dir: c.dir, Release: c.component, Namespace: namespace}
	defaults, err := one.Defaults()
	if err != nil {
		return fmt.Errorf("chart %s: %w", c.dir, err)
	}
	if err := c.values(module, defaults, facts); err != nil {
		return err
	}
	cases := []map[string]any{{}, c.options}
	profiles, err := fs.Glob(module, path.Join(c.dir, "files", "profile-*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range profiles {
		name := strings.TrimSuffix(strings.TrimPrefix(path.Base(file), "profile-"), ".yaml")
		facts.Add(Fact{Topic: "profile", Name: name})
		if platform, ok := strings.CutPrefix(name, "platform-"); ok {
			cases = append(cases, map[string]any{"platform": platform})
		} else if !strings.HasPrefix(name, "compatibility-") && !slices.Contains(refused, name) {
			cases = append(cases, map[string]any{"profile": name})
		}
	}
	first := true
	for _, values := range cases {
		for _, as := range []struct{ namespace, revision string }{{namespace, ""}, {namespace, theRevision}, {"istio-system", ""}} {
			if !first {
				values = merged(values, c.again)
			}
			first = false
			objects, err := c.render(one, as.namespace, as.revision, values)
			if err != nil {
				return err
			}
			for _, o := range objects {
				facts.Add(Fact{Topic: "name", Name: o.GetKind() + " " + placeholders(o.GetName(), as.namespace)})
			}
			if as.namespace == namespace && as.revision == "" {
				ofObjects(objects, facts)
			}
		}
	}
	return nil
}

// render renders the chart as Istio itself would.
func (c chart) render(one release.Chart, namespace, revision string, values map[string]any) ([]*yaml.RNode, error) {
	one.Namespace = namespace
	own := map[string]any{}
	if c.component != "gateway" { // whose schema knows no such value
		own["istioNamespace"] = namespace
	}
	global, _ := values["global"].(map[string]any)
	one.Values = merged(values, map[string]any{"global": merged(global, own)})
	if revision != "" {
		one.Values["revision"] = revision
	}
	objects, err := one.Objects()
	if err != nil {
		return nil, fmt.Errorf("%s, values %v: %w", c.dir, values, err)
	}
	return objects, nil
}

// merged is a with b's keys, which win.
func merged(a, b map[string]any) map[string]any {
	both := map[string]any{}
	maps.Copy(both, a)
	maps.Copy(both, b)
	return both
}

// placeholders puts {ns} and {rev} where the control plane's namespace and
// revision stand.
func placeholders(name, in string) string {
	return strings.NewReplacer(in, "{ns}", theRevision, "{rev}").Replace(name)
}

var reference = regexp.MustCompile(`\.Values((?:\.[A-Za-z][A-Za-z0-9_]*)+)`)

// values adds the chart's values: those that have a default, and those that a
// template reads all the same.
func (c chart) values(module fs.FS, defaults map[string]any, facts *Facts) error {
	flat := map[string]string{}
	flatten("", defaults, flat)
	for name, value := range flat {
		facts.Add(Fact{Topic: "value", Name: c.component + ": " + name, Detail: value})
	}
	root, err := fs.Sub(module, c.dir)
	if err != nil {
		return err
	}
	return fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), "zzz_") || path.Ext(name) == ".md" {
			return err
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		for _, match := range reference.FindAllSubmatch(text, -1) {
			if value := strings.TrimPrefix(string(match[1]), "."); !isIn(flat, value) {
				facts.Add(Fact{Topic: "value", Name: c.component + ": " + value, Detail: "no default"})
			}
		}
		return nil
	})
}

// isIn says whether a dotted path is one of flat, begins one, or goes on from one.
func isIn(flat map[string]string, value string) bool {
	for name := range flat {
		if name == value || strings.HasPrefix(name, value+".") || strings.HasPrefix(value, name+".") {
			return true
		}
	}
	return false
}
