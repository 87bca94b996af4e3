package tenant_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// foreign are tokens for every mesh, and plaintext xDS.
var foreign = regexp.MustCompile(`aud(ience)?["']?: *["']?istio-ca["']?\s|containerPort: 15010|port: 15010|discoveryAddress: \S+:15010`)

// TestEverythingOfTheMeshAsksForTheTenantsTokens lays tenants over each real
// control plane that has an audience of its own, with its gateways.
func TestEverythingOfTheMeshAsksForTheTenantsTokens(t *testing.T) {
	for _, input := range append([]string{"1.10.6"}, inputs...) {
		for _, name := range []string{"shipped-dev", "shipped-sales"} {
			t.Run(input+"/"+name, func(t *testing.T) {
				got := identified(t, input, name)
				audience := load(t, name).TokenAudience()
				require.Empty(t, foreign.FindAllString(objecttest.String(t, got), -1))
				injectors, volumes := 0, 0
				for _, o := range got {
					if values := object.String(o, "data", "values"); values != "" {
						found, err := jsontext.String(values, "global", "sds", "token", "aud")
						require.NoError(t, err)
						require.Equal(t, audience, found, object.IDOf(o))
						require.Contains(t, object.String(o, "data", "config"), "audience: ", "what is injected asks for a token")
						injectors++
					}
					volumes += strings.Count(o.MustString(), "serviceAccountToken:\n") - strings.Count(object.String(o, "data", "config"), "serviceAccountToken:\n")
					if containers := object.Containers(o); len(containers) > 0 && object.String(containers[0], "name") == "discovery" {
						require.Contains(t, object.Strings(containers[0], "args"), "--grpcAddr=127.0.0.1:15010")
						require.Contains(t, o.MustString(), "name: TOKEN_AUDIENCES\n          value: \""+audience+"\"")
					}
				}
				require.Equal(t, 1, injectors)
				require.NotZero(t, volumes, "istiod has one")
			})
		}
	}
}

// TestRevisionsShareTheAudience: a workload moves from one to the other without
// another token.
func TestRevisionsShareTheAudience(t *testing.T) {
	for _, revision := range []string{"sales", "sales-canary"} {
		of := load(t, "shipped-sales")
		of.Spec.ControlPlane.Revision = revision
		got, err := tenant.Transformer{Tenant: of, Warn: knownRights(t)}.Filter(objects(t, "shipped"))
		require.NoError(t, err)
		audiences := tokens.FindAllStringSubmatch(objecttest.String(t, got), -1)
		require.NotEmpty(t, audiences)
		for _, found := range audiences {
			require.Equal(t, "sales.istio-tenancy.dev", found[1])
		}
	}
}

// tokens are of an audience, where it is not filled in later.
var tokens = regexp.MustCompile(`(?:audience: |"aud": "|name: TOKEN_AUDIENCES\n +value: ")([\w.-]+)`)

func identified(t *testing.T, input, name string) []*yaml.RNode {
	if input == "1.10.6" {
		got, _ := laidOver(t, input, name)
		return got
	}
	return lay(t, name, objects(t, input))
}

// TestAWrongVersionIsRefused: the base states 1.31 in labels, values and a policy.
func TestAWrongVersionIsRefused(t *testing.T) {
	for _, version := range []string{"1.5.0", "1.12.0", "1.30.0"} {
		in := objects(t, "shipped")
		plane, err := controlplane.Find(in)
		require.NoError(t, err)
		require.NoError(t, plane.Deployment.PipeE(yaml.SetAnnotation(controlplane.VersionAnnotation, version)))
		_, err = tenant.Transformer{Tenant: load(t, "shipped-sales")}.Filter(in)
		require.ErrorContains(t, err, `metadata.annotations[istio-tenancy.dev/istio-version]: found "`+version+`"`)
		require.ErrorContains(t, err, `labels[helm.sh/chart]: found "istiod-1.31.0"`)
	}
}
