package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/scaffold"
)

// nextSteps says what is written, and how to go on.
func (o overlay) nextSteps(t v1alpha1.IstioTenant) string {
	overlays := filepath.Dir(o.dir)
	judged, rendered, output := word(overlays), word(overlays), "rendered"
	allow, remote := o.outside(), remoteBase(o.dir)
	if remote != "" {
		allow = " --allow-remote " + word(remote)
	}
	last := "  5. "
	if root := o.root(); root != "" {
		common := filepath.Join(root, scaffold.Common)
		rendered, output = word(common)+" "+rendered, filepath.Join(root, output)
		if remote != "" { // check does not find the common base by itself
			judged = rendered
		}
		flux := filepath.Join(root, scaffold.Flux)
		if other, found := likeAnother(flux); found {
			last = "  5. " + forFlux(flux, other, t.Name(), len(t.Spec.ApplicationNamespaces)) + "\n  6. "
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
%sCommit all changes.
`, printable.Text(o.dir), t.Name(), t.Spec.ControlPlane.Namespace, strings.Join(t.Spec.ApplicationNamespaces, ", "),
		printable.Text(filepath.Join(o.dir, tenantFile)), program, word(o.dir), program, judged, allow, program, rendered, word(output), allow, last)
}

// likeAnother is a tenant that Flux applies, in a repository of init --gitops flux whose
// directory for Flux is dir; !found: it is none.
func likeAnother(dir string) (other string, found bool) {
	resources := listed(dir)
	for _, file := range resources {
		name, found := strings.CutSuffix(file, ".yaml")
		if found && isFile(filepath.Join(dir, "applications", name, "kustomization.yaml")) {
			return name, true
		}
	}
	return "TENANT", resources != nil // which the user replaces
}

// forFlux says how Flux learns of a tenant with some namespaces: as it has learnt of another one.
func forFlux(dir, other, name string, namespaces int) string {
	at := func(file string, tenant ...any) string { return word(filepath.Join(dir, fmt.Sprintf(file, tenant...))) }
	text := fmt.Sprintf("Let Flux apply %s: copy %s to %s, and %s to %s, replace the tenant and its namespace in the copies, and add %s.yaml to the resources of %s.",
		name, at("%s.yaml", other), at("%s.yaml", name), at("applications/%s", other), at("applications/%s", name), name, at("kustomization.yaml"))
	if namespaces > 1 {
		text += " For several namespaces, see https://github.com/istio-tenancy/istio-tenancy/blob/main/examples/flux/README.md#a-new-tenant"
	}
	return text
}

// outside is the flag by which render and check read a base that is a directory outside of
// the overlay's repository, with a space before it.
func (o overlay) outside() string {
	if o.base == "" || isRemote(o.base) {
		return ""
	}
	within, err := render.Repository(o.dir)
	if err != nil || within == "" {
		return ""
	}
	base, err := filepath.Abs(o.base)
	if err == nil {
		base, err = filepath.EvalSymlinks(base)
	}
	if err != nil {
		return "" // which locate has refused
	}
	if from, err := filepath.Rel(within, base); err == nil && filepath.IsLocal(from) {
		return ""
	}
	allowed := filepath.Clean(o.base)
	if checkout := checkoutAround(base); checkout != "" && strings.HasPrefix(base, filepath.Join(checkout, "bases")+string(filepath.Separator)) {
		for dir := base; dir != filepath.Join(checkout, "bases"); dir = filepath.Dir(dir) {
			allowed = filepath.Join(allowed, "..") // check reads the common base, too, which builds on others
		}
	}
	return " --allow-outside " + word(allowed)
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

// remoteBase is the address, with its version, that allows those of the bases of an overlay;
// "": they are directories. In a repository of init --bases, the directory of each base has
// its address.
func remoteBase(overlay string) string {
	base := onlyResource(overlay)
	if isRemote(base) {
		return base
	}
	dir := filepath.Join(overlay, base)
	if base = onlyResource(dir); !isRemote(base) {
		return ""
	}
	address, version, _ := strings.Cut(base, "?")
	address = strings.TrimSuffix(address, "/"+filepath.Base(dir)) // that of all bases
	if version != "" {
		address += "?" + version
	}
	return address
}

// onlyResource is the one that a kustomization lists, or "".
func onlyResource(dir string) string {
	if resources := listed(dir); len(resources) == 1 {
		return resources[0]
	}
	return ""
}

// listed are the resources of the kustomization in a directory; nil: there is none.
func listed(dir string) []string {
	var k struct {
		Resources []string `json:"resources"`
	}
	text, err := regular.Read(filepath.Join(dir, "kustomization.yaml"), regular.LargestConfiguration)
	if err != nil || yaml.Unmarshal(text, &k) != nil {
		return nil
	}
	return k.Resources
}
