package checklist

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/revision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// try lays a tenant over the version's charts, and adds what goes wrong.
func try(module fs.FS, facts *Facts) error {
	charts, err := fs.Sub(module, "manifests")
	if err != nil {
		return err
	}
	version, minor := release.Version, ""
	if text, err := fs.ReadFile(module, "VERSION"); err == nil {
		minor = strings.TrimSpace(string(text))
		detail := minor
		if !strings.HasPrefix(version, minor+".") {
			version = minor + ".0"
			detail += ", while istio.Release is " + release.Version
		}
		facts.Add(Fact{Topic: "version", Name: "of the module", Detail: detail})
	}
	parsed, err := semver.NewVersion(version)
	if err != nil {
		return err
	}
	catalogue(parsed, facts)
	part := func(o release.Options) ([]*yaml.RNode, error) {
		o.Charts, o.Version = charts, version
		return release.Render(o)
	}
	if err := compareNames(part, facts); err != nil {
		return err
	}
	return lay(part, facts)
}

type renderer func(release.Options) ([]*yaml.RNode, error)

// parts that a tenant has of its own, with the options of their charts.
var own = map[v1alpha1.Part]map[string]any{
	v1alpha1.PartControlPlane: charts[1].options,
	v1alpha1.PartGateway:      charts[2].options,
}

// compareNames moves each part to other namespaces and revisions, and compares
// it to what the charts give for those.
func compareNames(part renderer, facts *Facts) error {
	for name, options := range own {
		for _, values := range []map[string]any{nil, options} {
			for _, namespace := range []string{"istio-sales", "istio-system"} {
				for _, revision := range []string{"", "sales"} {
					differences, err := compareTo(part, release.Options{Part: name, Values: values, Namespace: namespace, Revision: revision})
					if err != nil {
						return err
					}
					for _, d := range differences {
						facts.Add(Fact{Topic: "difference", Name: string(name) + " in " + namespace + ", revision " + quoted(revision) + ": " + d.String()})
					}
				}
			}
		}
	}
	return nil
}

func quoted(revision string) string {
	if revision == "" {
		return "none"
	}
	return revision
}

func compareTo(part renderer, as release.Options) ([]oracle.Difference, error) {
	want, err := part(as)
	if err != nil {
		return nil, err
	}
	got, err := part(release.Options{Part: as.Part, Values: as.Values})
	if err != nil {
		return nil, err
	}
	if got, err = (relocate.Filter{From: v1alpha1.BaseNamespace, To: as.Namespace}).Filter(got); err != nil {
		return nil, err
	}
	if got, err = (revision.Filter{Namespace: as.Namespace, Revision: as.Revision}).Filter(got); err != nil {
		return nil, err
	}
	return oracle.Diff(want, got), nil
}

// lay lays a tenant over the charts in each way to limit istiod.
func lay(part renderer, facts *Facts) error {
	for _, discovery := range []v1alpha1.Discovery{v1alpha1.DiscoveryProxy, v1alpha1.DiscoveryNamespace, v1alpha1.DiscoverySelectors} {
		var base []*yaml.RNode
		for _, name := range []v1alpha1.Part{v1alpha1.PartControlPlane, v1alpha1.PartGateway} {
			objects, err := part(release.Options{Part: name})
			if err != nil {
				return err
			}
			base = append(base, objects...)
		}
		if plane, _ := controlplane.Find(base); plane.Deployment != nil { // else the tenant says so
			if err := plane.Deployment.PipeE(yaml.SetAnnotation(v1alpha1.APIProxyImageAnnotation, "registry.local/istio-tenancy:1.0")); err != nil {
				return err
			}
		}
		decoded, err := v1alpha1.DecodeTenant([]byte(sales))
		if err != nil {
			return err
		}
		decoded.Spec.Discovery = discovery
		of := "discovery " + string(discovery) + ": "
		warn := func(text string) { facts.Add(Fact{Topic: "warning", Name: of + text}) }
		if _, err := (tenant.Transformer{Tenant: decoded, Warn: warn}).Filter(base); err != nil {
			for _, line := range slices.Compact(strings.Split(err.Error(), "\n")) {
				facts.Add(Fact{Topic: "refusal", Name: of + line})
			}
		}
	}
	return nil
}

const sales = `apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioTenant
metadata: {name: sales}
spec:
  applicationNamespaces: [ns-1]
  admins: [{kind: User, name: sales-admin}]
`
