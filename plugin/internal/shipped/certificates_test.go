package shipped_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// TestCertificates builds the example as its page says: the CA is the tenant's own, and
// istiod waits for it.
func TestCertificates(t *testing.T) {
	out := t.TempDir()
	cmd := exec.Command(filepath.Join(clitest.Bin(t), "istio-tenancy"), "render", "bases/istio/common", "examples/certificates", "-o", out)
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.NotContains(t, string(said), "warning: ")
	objects := read(t, filepath.Join(out, "certificates", "manifests.yaml"))
	printed, _, err := clitest.Kustomize("examples/certificates", clitest.Functions...)
	require.NoError(t, err)
	require.Equal(t, objecttest.String(t, objecttest.Parse(t, printed)), objecttest.String(t, objects), "kustomize prints the same")
	ids := map[string]*yaml.RNode{}
	for _, o := range objects {
		require.NotEqual(t, "Secret", o.GetKind(), "no key is printed")
		ids[object.IDOf(o).String()] = o
	}
	ca, root := ids["Certificate istio-ledger/mesh-ca"], ids["Certificate istio-ledger/mesh-root"]
	require.Equal(t, "cacerts", object.String(ca, "spec", "secretName"))
	for _, c := range []*yaml.RNode{ca, root} {
		require.Equal(t, "true", object.String(c, "spec", "isCA"))
		require.Equal(t, "Issuer", object.String(c, "spec", "issuerRef", "kind"))
		require.Contains(t, ids, "Issuer istio-ledger/"+object.String(c, "spec", "issuerRef", "name"))
	}
	require.Equal(t, object.String(root, "spec", "secretName"), object.String(ids["Issuer istio-ledger/"+object.String(ca, "spec", "issuerRef", "name")], "spec", "ca", "secretName"))
	var volumes int
	for _, v := range object.List(ids["Deployment istio-ledger/istiod-ledger"], "spec", "template", "spec", "volumes") {
		if object.String(v, "name") == "cacerts" {
			volumes++
			require.Equal(t, "false", object.String(v, "secret", "optional"), "istiod waits for the Secret")
		}
	}
	require.Equal(t, 1, volumes)
	readme, err := os.ReadFile("examples/certificates/README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), "istio-tenancy render bases/istio/common examples/certificates -o rendered\n")
}
