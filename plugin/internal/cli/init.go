package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/scaffold"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

func initCommand(s Streams) *cobra.Command {
	o := overlay{command: "init"}
	var r scaffold.Options
	var ci string
	var admins, viewers []string
	cmd := &cobra.Command{
		Use:   "init DIR --tenant NAME --admin KIND:NAME",
		Short: "Start a repository for tenants",
		Long: `Write a repository for tenants: the bases that they share, the overlay of the
first tenant, a README.md that explains the files, and hooks for pre-commit. No
network is needed. DIR must be new or empty; it may have a .git of its own, which
stays. If the command fails, DIR stays as it was.

The bases are copies of those that are compiled into the program. With --bases, the
repository uses bases at a URL instead, in the version that the URL names. --gitops
adds the files for Flux or Argo CD, and --ci adds a workflow that checks each change.

The rules for administrators and namespaces are those of the command new; see
istio-tenancy new --help.`,
		Example: `  istio-tenancy init platform --tenant payroll --admin User:payroll-admin

  # In the working directory, such as a new clone.
  istio-tenancy init . --tenant payroll --admin User:payroll-admin

  # With Flux, and a workflow of GitHub Actions.
  istio-tenancy init platform --tenant payroll --admin Group:payroll --gitops flux --repository https://git.example.org/platform.git --ci github

  # With bases that stay in another repository.
  istio-tenancy init platform --tenant payroll --admin User:jo --bases https://github.com/istio-tenancy/istio-tenancy//bases/istio?ref=v1`,
		Args: arguments{name: "DIR", what: "the directory to write", example: "init platform --tenant payroll --admin User:payroll-admin", least: 1, most: 1}.check,
		RunE: func(_ *cobra.Command, args []string) error {
			o.dir = args[0]
			errs := append([]error{empty(o.dir)}, o.setSubjects(admins, viewers)...)
			switch {
			case ci == "github":
				r.GitHub = true
			case ci != "":
				errs = append(errs, fmt.Errorf("init: --ci: found %q: must be github%s", ci, suggest.Question(ci, []string{"github"})))
			}
			files, tenant, err := o.repository(r, errs)
			if err != nil {
				return err
			}
			next := afterInit(o.dir, r, tenant)
			write := atomicwrite.Fill
			if _, err := os.Stat(o.dir); err != nil {
				write = func(dir string, files map[string][]byte) error { return atomicwrite.Dir(dir, "", files) }
			}
			if err := write(o.dir, files); err != nil {
				return err
			}
			r.Version = ownVersion().Version
			if unpublished := r.Unpublished(); unpublished != "" {
				s.warn("init: " + unpublished)
			}
			return report(s.Out, o.dir, next)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Name, "tenant", "", "`NAME` of the first tenant")
	o.flags(f, &admins, &viewers)
	f.StringVar(&r.Bases, "bases", "", "`URL` of bases/istio in a Git repository, with ?ref= and a tag or a commit (default a copy of the program's own bases)")
	f.StringVar(&r.GitOps, "gitops", "", "add the files for a GitOps `TOOL`: flux or argocd")
	f.StringVar(&r.Repository, "repository", "", "`URL` that the repository will have, for --gitops; the repositories of tenants are expected next to it")
	f.StringVar(&ci, "ci", "", "add a workflow for a `CI` system: github")
	return cmd
}

// repository makes all files. Its error is all that is wrong, and what is already known to be.
func (o overlay) repository(r scaffold.Options, known []error) (map[string][]byte, v1alpha1.IstioTenant, error) {
	var tenant v1alpha1.IstioTenant
	if o.Name == "" {
		known = append(known, errors.New("init: --tenant is missing: must be the name of the first tenant, such as --tenant payroll"))
	} else {
		var err error
		tenant, err = o.tenant(true)
		known = append(known, err)
	}
	o.Base = "../../" + sharedBase
	var err error
	if o.Schema, err = schemaURL(v1alpha1.KindTenant); err != nil {
		return nil, tenant, err
	}
	if r.Schema, err = schemaURL(v1alpha1.KindRelease); err != nil {
		return nil, tenant, err
	}
	r.Tenant, r.ApplicationNamespaces, r.Version = o.Name, tenant.Spec.ApplicationNamespaces, ownVersion().Version
	if len(r.ApplicationNamespaces) == 0 {
		r.ApplicationNamespaces = []string{o.Name} // of a tenant that is refused
	}
	if r.Overlay, err = o.files(tenant); err != nil {
		return nil, tenant, err
	}
	files, err := scaffold.Files(r)
	return files, tenant, errors.Join(append(known, err)...)
}

// empty refuses a directory that has something, before anything is written: a repository
// without files is none of it.
func empty(dir string) error {
	const must = "must be a new or an empty directory"
	info, err := os.Lstat(dir)
	if err != nil {
		for parent := filepath.Dir(dir); parent != filepath.Dir(parent); parent = filepath.Dir(parent) {
			if above, err := os.Stat(parent); err == nil && !above.IsDir() {
				return fmt.Errorf("init: %s: %s is not a directory: %s", dir, parent, must)
			}
		}
		return nil // it is not there, or writing it says why
	}
	if !info.IsDir() {
		return fmt.Errorf("init: %s: is not a directory: %s", dir, must)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	for _, e := range entries {
		if e.Name() != gitDir {
			return fmt.Errorf("init: %s: is not empty, it has %s: %s, or have only %s", dir, e.Name(), must, gitDir)
		}
	}
	return nil
}

// gitDir is where git keeps a repository.
const gitDir = ".git"

// afterInit says what is written, and how to go on.
func afterInit(dir string, r scaffold.Options, t v1alpha1.IstioTenant) string {
	another := "orders"
	if taken := append(t.Spec.ApplicationNamespaces, t.Name(), strings.TrimPrefix(t.Spec.ControlPlane.Namespace, "istio-")); slices.Contains(taken, another) {
		another = t.Name() + "-2"
	}
	var steps []string
	if filepath.Clean(dir) != "." {
		steps = append(steps, "cd "+word(dir))
	}
	if _, err := os.Lstat(filepath.Join(dir, gitDir)); err != nil {
		steps = append(steps, "git init --quiet --initial-branch main")
	}
	steps = append(steps,
		fmt.Sprintf("%s new %s --admin User:%s-admin", program, another, another),
		fmt.Sprintf("%s render %s overlays -o rendered%s", program, scaffold.Common, r.Allow()),
		fmt.Sprintf("%s check %s%s", program, r.Judged(), r.Allow()),
		fmt.Sprintf("%s summary rendered", program),
		fmt.Sprintf("kustomize build --enable-alpha-plugins --enable-exec overlays/%s", t.Name()),
		"git add .",
	)
	more := ""
	if r.GitOps != "" && r.Repository == "" {
		more = fmt.Sprintf("%s has https://example.com/ in place of the URL of your repositories: replace it.\n", printable.Text(filepath.Join(dir, r.GitOps)))
	}
	if r.GitOps == scaffold.Flux {
		more += forFlux("flux", t.Name(), another, 1) + "\n"
	}
	return fmt.Sprintf(`%s: a repository for tenants, with %s: control plane in %s, applications in %s

Next, add another tenant, and look at what the cluster would get:
  %s

%s%s explains the files, and how they are applied.
`, printable.Text(dir), t.Name(), t.Spec.ControlPlane.Namespace, strings.Join(t.Spec.ApplicationNamespaces, ", "),
		strings.Join(steps, "\n  "), more, printable.Text(filepath.Join(dir, "README.md")))
}

// word is a text as a shell has it.
func word(text string) string {
	plain := func(r rune) bool { return strings.ContainsRune("./_-", r) || unicode.IsLetter(r) || unicode.IsDigit(r) }
	if !strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return text
	}
	if printable.Text(text) != text {
		return "$'" + printable.Text(strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text)) + "'"
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
