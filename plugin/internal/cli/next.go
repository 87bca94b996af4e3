package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/scaffold"
)

// nextSteps says what is written, and how to go on.
func (o overlay) nextSteps(t v1alpha1.IstioTenant) string {
	overlays := filepath.Dir(o.dir)
	judged, rendered, output := word(overlays), word(overlays), "rendered"
	allow, remote := "", remoteBase(o.dir)
	if remote != "" {
		allow = " --allow-remote " + word(remote)
	}
	if root := o.root(); root != "" {
		common := filepath.Join(root, scaffold.Common)
		rendered, output = word(common)+" "+rendered, filepath.Join(root, output)
		if remote != "" { // check does not find the common base by itself
			judged = rendered
		}
	}
	return fmt.Sprintf(`%s: tenant %s, control plane in %s, applications in %s

Next:
  1. Read %s and change what should differ; all fields: %s schema
  2. Look at the objects that it makes:
       kustomize build --enable-alpha-plugins --enable-exec %s
  3. Look for ways to other tenants:
       %s check %s%s
  4. If the repository contains what is applied, as for Flux, render it. Argo CD renders by itself:
       %s render %s -o %s%s
  5. Commit all changes.
`, o.dir, t.Name(), t.Spec.ControlPlane.Namespace, strings.Join(t.Spec.ApplicationNamespaces, ", "),
		filepath.Join(o.dir, tenantFile), program, word(o.dir), program, judged, allow, program, rendered, word(output), allow)
}

// root is the repository around the overlay that has a common base, as seen from the
// working directory; "": there is none.
func (o overlay) root() string {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return ""
	}
	root := checkoutAround(dir)
	if root == "" || !isFile(filepath.Join(root, scaffold.Common, "kustomization.yaml")) {
		return ""
	}
	here, err := os.Getwd()
	if err != nil {
		return root
	}
	if from, err := filepath.Rel(here, root); err == nil {
		return from
	}
	return root
}

// remoteBase is the address that begins those of the bases of an overlay; "": they are
// directories. In a repository of init --bases, the directory of each base has its address.
func remoteBase(overlay string) string {
	base := onlyResource(overlay)
	if isRemote(base) {
		address, _, _ := strings.Cut(base, "?")
		return address
	}
	dir := filepath.Join(overlay, base)
	if base = onlyResource(dir); !isRemote(base) {
		return ""
	}
	address, _, _ := strings.Cut(base, "?")
	return strings.TrimSuffix(address, "/"+filepath.Base(dir)) // that of all bases
}

// onlyResource is the one that a kustomization lists, or "".
func onlyResource(dir string) string {
	var k struct {
		Resources []string `json:"resources"`
	}
	text, err := os.ReadFile(filepath.Join(dir, "kustomization.yaml"))
	if err != nil || yaml.Unmarshal(text, &k) != nil || len(k.Resources) != 1 {
		return ""
	}
	return k.Resources[0]
}
