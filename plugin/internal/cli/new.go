package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

func newCommand(s Streams) *cobra.Command {
	o := overlay{command: "new"}
	var admins, viewers []string
	cmd := &cobra.Command{
		Use:   "new NAME --admin KIND:NAME",
		Short: "Write the overlay of another tenant",
		Long: `Write a directory with the kustomization.yaml and the tenant.yaml of another
tenant. A directory that exists already is not changed.

An administrator or viewer is User:NAME, Group:NAME or
ServiceAccount:NAMESPACE/NAME; a NAME alone is a User.

The command refuses
- a name, a revision or a namespace that a tenant in the same directory of overlays
  has already;
- a namespace whose name is also the last part of host names, such as com, hr or
  internal: for every Pod of the cluster, the Service "bank" in a namespace "hr" is
  the host bank.hr. Choose another one with --app-namespace, or accept it with
  --accept-domain-name;
- istio-system as the control plane's namespace, because the tenant's control plane
  would replace an Istio that runs there. Accept it with --accept-istio-system.

Without --output the overlay is written next to the others: to ./NAME if the working
directory is called overlays or holds overlays, to ../NAME if it is an overlay, and
otherwise to overlays/NAME.`,
		Example: `  # Control plane in istio-payroll, applications in payroll.
  istio-tenancy new payroll --admin User:payroll-admin

  # The command that wrote overlays/sales.
  istio-tenancy new sales --namespace istio-system1 --app-namespace ns-1 --admin User:sales-admin

  # In another repository, with a base at a URL.
  istio-tenancy new payroll --admin Group:payroll --base https://github.com/example/bases//istio?ref=v1 -o tenants/payroll`,
		Args: arguments{name: "NAME", what: "the tenant's name", example: "new payroll --admin User:payroll-admin", least: 1, most: 1}.check,
		RunE: func(_ *cobra.Command, args []string) error {
			o.Name = args[0]
			errs := o.setSubjects(admins, viewers)
			if o.dir == "" {
				dir, err := overlaysDir()
				if err != nil {
					return err
				}
				o.dir = filepath.Join(dir, o.Name)
			}
			tenant, err := o.write(errs...)
			if err != nil {
				return err
			}
			return report(s.Out, o.dir, o.nextSteps(tenant))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Mesh, "mesh", "", "the `MESH` of the tenant, as in spec.mesh: dedicated, shared or host (default dedicated)")
	o.flags(f, &admins, &viewers)
	f.StringVar(&o.base, "base", "", "`directory` or URL of the base; for a URL, render needs --allow-remote (default bases/istio/control-plane of the checkout around the output, or bases/istio/shared with --mesh shared)")
	outputFlag(f, &o.dir, "`directory` to write (default NAME next to the other overlays, or overlays/NAME)")
	return cmd
}

// flags are those that new and init have in common.
func (o *overlay) flags(f *pflag.FlagSet, admins, viewers *[]string) {
	f.StringVar(&o.Namespace, "namespace", "", "`namespace` of the control plane (default istio-NAME, or istio-shared for a shared control plane)")
	f.StringArrayVar(&o.ApplicationNamespaces, "app-namespace", nil, "`namespace` of the applications; repeatable (default NAME)")
	f.StringArrayVar(&o.AcceptDomainNames, "accept-domain-name", nil, "accept a `namespace` whose name is also the last part of host names; repeatable")
	f.BoolVar(&o.AcceptIstioSystem, "accept-istio-system", false, "accept the namespace istio-system for the control plane, which replaces an Istio that runs there")
	f.StringArrayVar(admins, "admin", nil, "administrator as `KIND:NAME`: User:NAME, Group:NAME or ServiceAccount:NAMESPACE/NAME; a NAME alone is a User; repeatable, at least one")
	f.StringArrayVar(viewers, "viewer", nil, "viewer, who may only read, as `KIND:NAME`, like an administrator; repeatable")
}

// setSubjects reads --admin and --viewer, and returns what is wrong with them.
func (o *overlay) setSubjects(admins, viewers []string) (errs []error) {
	if len(admins) == 0 {
		errs = append(errs, fmt.Errorf("%s: --admin is missing: must be given at least once, such as --admin User:jo", o.command))
	}
	for _, f := range []struct {
		name  string
		texts []string
		into  *[]v1alpha1.Subject
	}{{"--admin", admins, &o.Admins}, {"--viewer", viewers, &o.Viewers}} {
		for _, text := range f.texts {
			subject, err := parseSubject(text)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", f.name, err))
				continue
			}
			*f.into = append(*f.into, subject)
		}
	}
	return errs
}

// report prints what there is to say of a directory that is written. It stays if
// that fails.
func report(out io.Writer, dir, text string) error {
	if _, err := fmt.Fprint(out, text); err != nil {
		return fmt.Errorf("%s: is written and complete, but the summary could not be printed: %w", dir, err)
	}
	return nil
}

// overlaysDir is where the other overlays are, as seen from the working directory.
func overlaysDir() (string, error) {
	const name = "overlays"
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	isThere := func(pattern string) bool {
		found, _ := filepath.Glob(pattern) // fails for malformed patterns only
		return len(found) > 0
	}
	switch {
	case filepath.Base(here) == name:
		return ".", nil
	case isThere(name):
		return name, nil
	case isThere(filepath.Join("*", tenantFile)):
		return ".", nil
	case isThere(tenantFile):
		return "..", nil
	}
	return name, nil
}

func parseSubject(text string) (v1alpha1.Subject, error) {
	kind, name, found := strings.Cut(text, ":")
	switch {
	case !found:
		kind, name = "User", text
	case kind == "User", kind == "Group", kind == "ServiceAccount":
	default:
		return v1alpha1.Subject{}, fmt.Errorf("%q has an unknown kind: must begin with User, Group or ServiceAccount, as in User:NAME", text)
	}
	namespace := ""
	if kind == "ServiceAccount" && name != "" {
		namespace, name, found = strings.Cut(name, "/")
		switch {
		case !found || namespace == "":
			return v1alpha1.Subject{}, fmt.Errorf("%q has no namespace: must be ServiceAccount:NAMESPACE/NAME", text)
		case strings.Contains(name, "/"):
			return v1alpha1.Subject{}, fmt.Errorf("%q has more than a namespace and a name: must be ServiceAccount:NAMESPACE/NAME", text)
		}
	}
	if name == "" {
		return v1alpha1.Subject{}, fmt.Errorf("%q has no name: must be User:NAME, Group:NAME or ServiceAccount:NAMESPACE/NAME", text)
	}
	return v1alpha1.Subject{Kind: kind, Namespace: namespace, Name: name}, nil
}
