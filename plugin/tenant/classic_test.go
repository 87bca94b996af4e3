package tenant_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/confine"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/upstreamtest"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// files reads the objects of kustomizations that are nothing but files.
func files(t testing.TB, dirs ...string) []*yaml.RNode {
	t.Helper()
	var objects []*yaml.RNode
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		require.NoError(t, err)
		require.NotEmpty(t, names, dir)
		for _, name := range names {
			if filepath.Base(name) == "kustomization.yaml" {
				continue
			}
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			read, _, err := manifest.Read(bytes.NewReader(text), name)
			require.NoError(t, err)
			objects = append(objects, read...)
		}
	}
	return objects
}

const classicBase = "../../bases/classic/"

// classic returns the shipped base of the time of the post, with its addons.
func classic(t testing.TB) []*yaml.RNode {
	t.Helper()
	return files(t, classicBase+"control-plane", classicBase+"addons")
}

// classicVersions are real control planes that --appNamespace is known to.
var classicVersions = []string{"shipped", "0.7.1", "0.8.0", "1.4.10", "1.10.6"}

// laidOver lays dev or sales of the post over a version, and returns the plan.
func laidOver(t testing.TB, version, name string) ([]*yaml.RNode, discovery.Plan) {
	t.Helper()
	var in []*yaml.RNode
	if version == "shipped" {
		in = classic(t)
	} else {
		in = objects(t, version)
	}
	of := load(t, name)
	of.Spec.MTLS = v1alpha1.MTLSNone
	plane, err := controlplane.Find(in)
	require.NoError(t, err)
	plan, err := discovery.For(of, plane.Version, "")
	require.NoError(t, err)
	got, err := tenant.Transformer{Tenant: of, Warn: knownRights(t)}.Filter(in)
	require.NoError(t, err)
	return got, plan
}

func eachClassic(t *testing.T, f func(t *testing.T, version string)) {
	t.Helper()
	for _, version := range classicVersions {
		t.Run(version, func(t *testing.T) { f(t, version) })
	}
}

func TestClassicTenantsShareNoObject(t *testing.T) {
	eachClassic(t, func(t *testing.T, version string) {
		owner := map[object.ID]string{}
		for _, name := range []string{"shipped-dev", "shipped-sales"} {
			got, _ := laidOver(t, version, name)
			for _, o := range got {
				id := object.IDOf(o)
				require.Empty(t, owner[id], "%s is %s's, too", id, name)
				owner[id] = name
			}
		}
	})
}

func TestNothingOfTheBasesNamespaceIsLeft(t *testing.T) {
	leftover := regexp.MustCompile(v1alpha1.BaseNamespace + `|\bistio-system([^1]|$)`)
	eachClassic(t, func(t *testing.T, version string) {
		got, _ := laidOver(t, version, "shipped-sales")
		for _, o := range got {
			require.Empty(t, leftover.FindString(o.MustString()), object.IDOf(o))
		}
	})
}

func TestClassicIsIdempotentAndDeterministic(t *testing.T) {
	eachClassic(t, func(t *testing.T, version string) {
		for _, name := range []string{"shipped-dev", "shipped-sales"} {
			got, _ := laidOver(t, version, name)
			once := objecttest.String(t, got)
			got, _ = laidOver(t, version, name)
			require.Equal(t, once, objecttest.String(t, got), "deterministic")
			of := load(t, name)
			of.Spec.MTLS = v1alpha1.MTLSNone
			again, err := tenant.Transformer{Tenant: of}.Filter(objecttest.Parse(t, once))
			require.NoError(t, err)
			require.Equal(t, once, objecttest.String(t, again), "idempotent")
		}
	})
}

// TestEachProgramIsLimitedAsItsVersionAllows holds every argument of the table
// against what the versions' control planes get.
func TestEachProgramIsLimitedAsItsVersionAllows(t *testing.T) {
	for version, want := range map[string][]string{
		"shipped": {
			"istio-ca/istio-ca --listened-namespace=ns-1",
			"istio-mixer/mixer --configStoreURL=k8s://?ns=istio-system1,ns-1",
			"istio-pilot/discovery --appNamespace ns-1",
		},
		"0.7.1": {
			"istio-ca/istio-ca --listened-namespace=ns-1",
			"istio-mixer/mixer --configStoreURL=k8s://?ns=istio-system1,ns-1",
			"istio-pilot/discovery --appNamespace ns-1",
		},
		"0.8.0": {
			"istio-citadel/citadel --listened-namespace=ns-1",
			"istio-pilot/discovery --appNamespace ns-1",
			"istio-pilot/discovery --clusterRegistriesNamespace istio-system1",
			"istio-policy/mixer --configStoreURL=k8s://?ns=istio-system1,ns-1",
			"istio-telemetry/mixer --configStoreURL=k8s://?ns=istio-system1,ns-1",
		},
		"1.4.10": {
			"istio-citadel/citadel --listened-namespaces=istio-system1,ns-1",
			"istio-galley/galley --enable-server=false",
			"istio-galley/galley --webhook-name=istio-galley-istio-system1",
			"istio-pilot/discovery --appNamespace ns-1",
			"istio-pilot/discovery --disable-install-crds=true",
			"istio-policy/mixer --configStoreURL=k8s://?ns=istio-system1,ns-1",
			"istio-telemetry/mixer --configStoreURL=k8s://?ns=istio-system1,ns-1",
		},
		"1.10.6": {"istiod-sales/discovery --appNamespace ns-1"},
	} {
		t.Run(version, func(t *testing.T) {
			got, plan := laidOver(t, version, "shipped-sales")
			values := istio.Values{ControlPlane: "istio-system1", Applications: []string{"ns-1"}}
			var found []string
			for _, o := range object.Of("Deployment", got) {
				for _, c := range object.List(o, "spec", "template", "spec", "containers") {
					line := " " + strings.Join(slices.Concat(object.Strings(c, "command"), object.Strings(c, "args")), " ") + " "
					for _, argument := range argumentsOf(plan.Version, c) {
						text := argument.Name + "=" + values.Expand(argument.Value)
						if argument.Apart {
							text = argument.Name + " " + values.Expand(argument.Value)
						}
						require.Equal(t, 1, strings.Count(line, " "+text+" "), "%s: %s in%s", object.IDOf(o), text, line)
						found = append(found, fmt.Sprintf("%s/%s %s", o.GetName(), object.String(c, "name"), text))
					}
				}
			}
			slices.Sort(found)
			require.Equal(t, want, found)
		})
	}
}

// argumentsOf are what the catalogue has for a container of a version.
func argumentsOf(version *semver.Version, container *yaml.RNode) (found []istio.Argument) {
	for _, c := range istio.Of(version) {
		if !c.Runs(object.String(container, "name"), object.String(container, "image")) {
			continue
		}
		for _, a := range c.Arguments {
			if a.Holds(version) && (len(a.Modes) == 0 || slices.Contains(a.Modes, v1alpha1.DiscoveryAppNamespace)) {
				found = append(found, a)
			}
		}
	}
	return found
}

// clusterKinds are resources without a namespace that a control plane may see.
var clusterKinds = []string{
	"nodes", "namespaces", "customresourcedefinitions", "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
	"tokenreviews", "subjectaccessreviews", "ingressclasses", "gatewayclasses", "meshpolicies", "clusterrbacconfigs", "namespaces/finalizers",
	"syntheticserviceentries",
}

func TestNoClassicProgramReachesFurtherThanTheListSays(t *testing.T) {
	eachClassic(t, func(t *testing.T, version string) {
		got, plan := laidOver(t, version, "shipped-sales")
		var listed []string
		for _, e := range confine.Exceptions(plan.Version, plan.Mode) {
			listed = append(listed, e.Resources...)
		}
		for _, o := range object.Of("ClusterRole", got) {
			if !slices.ContainsFunc(object.Of("ClusterRoleBinding", got), func(b *yaml.RNode) bool {
				return object.String(b, "roleRef", "name") == o.GetName()
			}) {
				continue // gives nobody anything
			}
			for _, r := range object.List(o, "rules") {
				writes := slices.ContainsFunc(object.Strings(r, "verbs"), func(v string) bool {
					return !slices.Contains([]string{"get", "list", "watch"}, v)
				})
				for _, resource := range object.Strings(r, "resources") {
					group := object.Strings(r, "apiGroups")[0]
					name := resource
					if group != "" && group != "extensions" {
						name += "." + group
					}
					switch {
					case slices.Contains(listed, name):
					case plan.Lists && !writes: // as istiod with discoverySelectors
					case slices.Contains([]string{"tokenreviews", "subjectaccessreviews"}, resource):
					default:
						require.Contains(t, clusterKinds, resource, object.IDOf(o))
						require.False(t, writes && len(object.Strings(r, "resourceNames")) == 0, "%s writes %s", object.IDOf(o), resource)
					}
				}
			}
		}
	})
}

// TestTheListIsInTheReadme: what reaches further than the tenant is explained
// where an administrator reads it.
func TestTheListIsInTheReadme(t *testing.T) {
	readme, err := os.ReadFile(classicBase + "README.md")
	require.NoError(t, err)
	for _, version := range []string{"0.7.1", "1.0.9", "1.4.10"} {
		exceptions := confine.Exceptions(semver.MustParse(version), istio.Mode{})
		require.NotEmpty(t, exceptions)
		for _, e := range exceptions {
			require.Contains(t, string(readme), e.Why)
			for _, resource := range e.Resources {
				require.Contains(t, string(readme), "`"+resource+"`")
			}
		}
	}
	for _, c := range istio.Components {
		for _, a := range c.Arguments {
			require.Contains(t, string(readme), "`"+a.Name, a.Why)
		}
	}
}

// TestPrometheusDiscoversTheTenantOnly looks at every discovery of every
// Prometheus among the objects.
func TestPrometheusDiscoversTheTenantOnly(t *testing.T) {
	eachClassic(t, func(t *testing.T, version string) {
		got, _ := laidOver(t, version, "shipped-sales")
		found := 0
		for _, o := range object.Of("ConfigMap", got) {
			config, err := yaml.Parse(object.String(o, "data", "prometheus.yml"))
			if err != nil {
				continue
			}
			for _, job := range object.List(config, "scrape_configs") {
				for _, d := range object.List(job, "kubernetes_sd_configs") {
					require.NotEqual(t, "node", object.String(d, "role"))
					names := object.Strings(d, "namespaces", "names")
					require.NotEmpty(t, names)
					require.Subset(t, []string{"istio-system1", "ns-1"}, names)
					found++
				}
			}
		}
		if version != "1.10.6" { // comes without
			require.NotZero(t, found)
		}
	})
}

func TestBookinfoOfThePostIsTheTenants(t *testing.T) {
	for name, extra := range map[string]func(t *testing.T) []*yaml.RNode{
		"shipped": func(t *testing.T) []*yaml.RNode { return files(t, "../../examples/blog/bookinfo") },
		"real": func(t *testing.T) []*yaml.RNode {
			samples := upstreamtest.Path(t, "samples-0.7.1/bookinfo")
			// The second rule of a name replaces the first, as the post's kubectl did.
			all := files(t, samples)
			return slices.DeleteFunc(all, func(o *yaml.RNode) bool {
				return o.GetKind() == "RouteRule" && o.GetName() == "reviews-default" && object.String(o, "spec", "precedence") == "1"
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := extra(t)
			var ids []object.ID
			for _, o := range in {
				ids = append(ids, object.IDOf(o))
			}
			of := load(t, "shipped-classic")
			got, err := tenant.Transformer{Tenant: of}.Filter(append(classic(t), in...))
			require.NoError(t, err)
			kinds := map[string]int{}
			for _, o := range got {
				id := object.IDOf(o)
				placed := id
				placed.Namespace = ""
				if id.Namespace != "ns-1" || !slices.Contains(ids, placed) {
					continue
				}
				kinds[id.Kind]++
				switch id.Kind {
				case "RouteRule":
					// Short, in the namespace of the Services: it means what it meant.
					require.Equal(t, strings.TrimSuffix(id.Name, "-default"), object.String(o, "spec", "destination", "name"))
					require.Empty(t, object.String(o, "spec", "destination", "namespace"))
				case "Ingress":
					require.Equal(t, "istio-sales", o.GetAnnotations()["kubernetes.io/ingress.class"])
				}
			}
			require.Equal(t, map[string]int{"Service": 4, "Deployment": 6, "RouteRule": 4, "Ingress": 1}, kinds)
		})
	}
}

func TestAVersionThatCannotBeToldIsAnError(t *testing.T) {
	for _, image := range []string{"docker.io/istio/pilot", "docker.io/istio/pilot:latest"} {
		in := classic(t)
		plane, err := controlplane.Find(in)
		require.NoError(t, err)
		require.NoError(t, object.Set(plane.Container, image, "image"))
		_, err = tenant.Transformer{Tenant: load(t, "shipped-classic")}.Filter(in)
		require.ErrorContains(t, err, `cannot tell the Istio version from image "`+image+`"; state it in metadata.annotations of this Deployment: istio-tenancy.dev/istio-version: "1.31.0"`)
	}
}

func TestNoServiceOfAControlPlaneFixesAPortOfTheNodes(t *testing.T) {
	eachClassic(t, func(t *testing.T, version string) {
		got, _ := laidOver(t, version, "shipped-sales")
		for _, s := range object.Of("Service", got) {
			for i, p := range object.List(s, "spec", "ports") {
				require.Empty(t, object.String(p, "nodePort"), "%s: spec.ports[%d]", object.IDOf(s), i)
			}
		}
	})
}

func TestIngressesAreServedByTheTenantsOwnGateway(t *testing.T) {
	for version, want := range map[string]string{"0.8.0": "", "1.4.10": "istio-system1", "1.10.6": "ns-1"} {
		got, _ := laidOver(t, version, "shipped-sales")
		plane, err := controlplane.Find(got)
		require.NoError(t, err)
		var set string
		for _, e := range object.List(plane.Container, "env") {
			if object.String(e, "name") == "K8S_INGRESS_NS" {
				set = object.String(e, "value")
			}
		}
		require.Equal(t, want, set, version)
		runs := slices.ContainsFunc(object.Of("Deployment", got), func(d *yaml.RNode) bool {
			return d.GetNamespace() == want && d.GetName() == "istio-ingressgateway"
		})
		require.Equal(t, want != "", runs, version)
	}
}
