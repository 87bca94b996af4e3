package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"
	"text/template"

	"github.com/istio-tenancy/istio-tenancy/bases"
)

// Options say what a repository has.
type Options struct {
	// Tenant is the first one, with the files of its overlay by their names.
	Tenant                string
	ApplicationNamespaces []string
	Overlay               map[string][]byte
	// Bases is the address of bases/istio elsewhere; "" is a copy in the repository.
	Bases string
	// GitOps is "", or one of [Tools].
	GitOps string
	// Repository is where the repository will be, for GitOps; "" leaves a placeholder.
	Repository string
	// GitHub asks for a workflow of GitHub Actions.
	GitHub bool
	// Version is that of the program.
	Version string
	// Schema is the address of the JSON schema of an IstioRelease.
	Schema string
}

// Pages is where this project's Pages are for somebody who has no clone.
const Pages = "https://github.com/istio-tenancy/istio-tenancy/blob/main/docs/"

// Common is the directory of what is deployed once per cluster.
const Common = "bases/istio/common"

//go:embed files
var files embed.FS

// written are the files that are made of a template, and what asks for each.
var written = []struct {
	template, path string
	asked          func(Options) bool
}{
	{"readme", "README.md", always},
	{"gitignore", ".gitignore", always},
	{"pre-commit", ".pre-commit-config.yaml", always},
	{"github", ".github/workflows/tenants.yaml", func(o Options) bool { return o.GitHub }},
}

func always(Options) bool { return true }

// Files returns the repository's files by their paths. Its error is all that is wrong with
// the options.
func Files(o Options) (map[string][]byte, error) {
	if err := errors.Join(o.checkBases(), o.checkGitOps()); err != nil {
		return nil, err
	}
	o.Repository = strings.TrimRight(o.Repository, "/")
	all, err := o.bases()
	if err != nil {
		return nil, err
	}
	tool, err := o.gitOps()
	if err != nil {
		return nil, err
	}
	maps.Copy(all, tool)
	for name, text := range o.Overlay {
		all[path.Join("overlays", o.Tenant, name)] = text
	}
	parsed, err := template.New("").Funcs(template.FuncMap{"pages": func() string { return Pages }}).ParseFS(files, "files/*")
	if err != nil {
		return nil, err
	}
	for _, w := range written {
		if !w.asked(o) {
			continue
		}
		var text bytes.Buffer
		if err := parsed.ExecuteTemplate(&text, w.template, o); err != nil {
			return nil, fmt.Errorf("%s: %w", w.path, err)
		}
		all[w.path] = text.Bytes()
	}
	return all, nil
}

// Committed says whether what is rendered is in the repository: Argo CD renders by itself.
func (o Options) Committed() bool { return o.GitOps != ArgoCD }

// Allow are the flags by which render and check read the bases, with a space before them.
func (o Options) Allow() string {
	if o.Bases == "" {
		return ""
	}
	return " --allow-remote '" + o.Bases + "'"
}

// Judged is what check reads: a common base that is elsewhere it does not find by itself.
func (o Options) Judged() string {
	if o.Bases == "" {
		return "overlays"
	}
	return Common + " overlays"
}

// bases are this project's, as they are or by their address.
func (o Options) bases() (map[string][]byte, error) {
	all := map[string][]byte{}
	// What a clone has beside the bases is for a reader of the copy on the Web.
	adapted := strings.NewReplacer("../../../plugin/api/v1alpha1/istiorelease.schema.json", o.Schema, " docs/", " "+Pages)
	for _, from := range []fs.FS{bases.Istio, bases.Tenancy} {
		err := fs.WalkDir(from, ".", func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := fs.ReadFile(from, file)
			all[path.Join("bases", file)] = []byte(adapted.Replace(string(text)))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if o.Bases == "" {
		return all, nil
	}
	return o.pinned(all), nil
}

// pinned has, in the place of each base, a kustomization that names it elsewhere: overlays
// list the same directories, whichever way the bases come, and one place says the version.
func (o Options) pinned(all map[string][]byte) map[string][]byte {
	address, query, _ := strings.Cut(o.Bases, "?")
	remote := map[string][]byte{}
	for file := range all {
		base, found := strings.CutPrefix(path.Dir(file), "bases/istio/")
		if found && path.Base(file) == "kustomization.yaml" && !strings.Contains(base, "/") {
			remote[file] = fmt.Appendf(nil, "# %s of istio-tenancy, in the version that ref names: all bases have the same.\n"+
				"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- %s/%s?%s\n", base, address, base, query)
		}
	}
	return remote
}
