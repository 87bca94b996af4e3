package flux_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

// byURL are kustomizations that have a file fetched, by the name of their folder.
var byURL = map[string]struct{ name, text string }{
	"base":      {"kustomization.yaml", "resources: [plain.yaml, URL]"},
	"generator": {"kustomization.yml", "resources: [plain.yaml]\nconfigMapGenerator: [{name: generated, files: [fetched=URL]}]"},
	"patch":     {"Kustomization", "resources: [plain.yaml]\npatches: [{path: URL, target: {kind: ConfigMap}}]"},
}

func TestURLs(t *testing.T) {
	c := claims(t, "A file that a kustomization of a tenant's repository refers to by a URL is not fetched from the source of examples/flux, by which Flux "+
		"applies only the manifests. For comparison: from a source with kustomizations it is fetched, whatever `--no-remote-bases` says")
	w := fromZero(t)
	files := map[string]string{".sourceignore": "/attempts/\n!kustomization.yaml\n!kustomization.yml\n!Kustomization\n"}
	for name, k := range byURL {
		files["urls/"+name+"/"+k.name] = strings.ReplaceAll(k.text, "URL", gitops.Asked+name) + "\n"
		files["urls/"+name+"/plain.yaml"] = "{apiVersion: v1, kind: ConfigMap, metadata: {name: plain-" + name + "}}\n"
	}
	w.push(t, w.Applications["sales"], sources("ns-1")+"/applications", "Name URLs", files)
	for name := range byURL {
		c.Check(name+": not fetched", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				_, err := w.admin().Get("/api/v1/namespaces/ns-1/configmaps/plain-" + name)
				return err
			}))
			require.Zero(t, w.Asked(name))
		})
	}
	w.open(t, "urls")
	for name := range byURL {
		c.Check(name+": for comparison, fetched", func(t *testing.T) {
			require.NoError(t, try(w.admin(), attempt{name: name, spec: asTheAuthor + "sourceRef: {kind: GitRepository, name: urls}\npath: ./urls/" + name}))
			require.NoError(t, cluster.Eventually(patience, func() error {
				if w.Asked(name) == 0 {
					return fmt.Errorf("nobody has asked for %s%s", gitops.Asked, name)
				}
				return nil
			}))
			_, err := w.admin().Do(http.MethodDelete, kustomizations("ns-1")+"/"+name, "")
			require.NoError(t, err)
		})
	}
}
