package scaffold

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/examples"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// Flux is a GitOps tool that applies only what is listed for it, and ArgoCD one that finds all overlays.
const (
	Flux   = "flux"
	ArgoCD = "argocd"
)

// Tools are those that Options.GitOps may name.
func Tools() []string { return []string{Flux, ArgoCD} }

func (o Options) checkGitOps() error {
	switch {
	case o.GitOps == "" && o.Repository != "":
		return fmt.Errorf("--repository is given without --gitops: must be given with --gitops %s", strings.Join(Tools(), " or "))
	case o.GitOps != "" && !slices.Contains(Tools(), o.GitOps):
		return fmt.Errorf("--gitops: found %q: must be %s%s", o.GitOps, strings.Join(Tools(), " or "), suggest.Question(o.GitOps, Tools()))
	case o.GitOps == Flux && len(o.ApplicationNamespaces) > 1:
		return fmt.Errorf("--app-namespace is given %d times: must be once with --gitops flux, because the ServiceAccount that Flux uses for a tenant is in one namespace; "+
			"add the others afterwards, as https://github.com/istio-tenancy/istio-tenancy/blob/main/examples/flux/README.md#a-new-tenant says", len(o.ApplicationNamespaces))
	}
	return o.checkRepository()
}

// gitOps are the files of the example of a tool, for this repository and its tenant.
func (o Options) gitOps() (map[string][]byte, error) {
	if o.GitOps == "" {
		return nil, nil
	}
	adapted := o.adapted()
	all := map[string][]byte{}
	err := fs.WalkDir(examples.GitOps, o.GitOps, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if slices.Contains([]string{"README.md", "ci.yaml"}, path.Base(file)) || strings.Contains(file, "dev") {
			return nil // written anew, and the second tenant of the example
		}
		text, err := fs.ReadFile(examples.GitOps, file)
		to := file
		if o.GitOps == Flux {
			to = strings.ReplaceAll(file, "sales", o.Tenant)
		}
		all[to] = []byte(adapted.Replace(string(text)))
		return err
	})
	return all, err
}

// placeholder stands in the examples for the place of repositories.
const placeholder = "https://example.com/"

// adapted replaces what is the example's own. What comes first is taken first, and what is
// put in is not looked at again.
func (o Options) adapted() *strings.Replacer {
	pairs := []string{
		"# components:\n# - oci # an OCI artifact in the place of the Git repository, see ci.yaml", "# components:\n# - oci # an OCI artifact in the place of the Git repository",
		"which ci.yaml pushes", "which CI pushes: flux push artifact",
		"README.md says", "../README.md says",
		"examples/flux/README.md says", "README.md says",
		"examples/" + o.GitOps, o.GitOps,
		"!/examples", "!/" + o.GitOps,
	}
	if o.Repository != "" {
		pairs = append(pairs, "what to do;\n# replace the repositories, example.com, in all files first.", "what to do.",
			"what to do; replace the repositories, example.com, in all files first.", "what to do.",
			placeholder+"platform.git", o.Repository, placeholder, o.Beside())
	}
	if o.GitOps == Flux {
		namespace := o.ApplicationNamespaces[0]
		pairs = append(pairs, "- dev.yaml\n", "",
			"tenant: sales", "tenant: "+scalar(o.Tenant), "sales", o.Tenant,
			"amespace: ns-1", "amespace: "+scalar(namespace), "ns-1", namespace)
	}
	return strings.NewReplacer(pairs...)
}

// Beside is where the tenants' own repositories are, with a slash.
func (o Options) Beside() string {
	if o.Repository == "" {
		return placeholder
	}
	return o.Repository[:strings.LastIndex(o.Repository, "/")+1]
}

// scalar is a name as YAML has it: with quotes if it would be a number.
func scalar(name string) string {
	text, err := yaml.Marshal(name)
	if err != nil {
		return name // no string fails
	}
	return string(bytes.TrimSpace(text))
}
