package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

func checkCommand(s Streams) *cobra.Command {
	var o check.Options
	var format, failOn, baseline, write string
	var tenants []string
	cmd := &cobra.Command{
		Use:   "check OVERLAY|FILE|DIR...",
		Short: "Find where tenants are not kept apart",
		Long: `Check overlays as they would be applied, and report what one tenant takes from
another, can read of it, or may do to it. Nothing is written, and no cluster is
contacted.

All paths of one command are checked together. For an overlay, the common base next
to its base is read, too. A FILE is YAML or JSON, such as what kubectl get ... -o yaml
prints of a cluster, and - is stdin. Objects belong to the tenant that their label
istio-tenancy.dev/tenant names. If objects have no label, --tenant states which
namespaces belong to a tenant.

The exit code is 1 if a finding has the severity of --fail-on or a higher one, or if
something could not be checked. An annotation istio-tenancy.dev/accept: "RULE: REASON"
on the object or on the IstioTenant accepts a finding. Accepted findings are listed.
With --baseline, known findings do not count. See istio-tenancy explain. The exit code
is 130 if check was stopped.`,
		Example: `  istio-tenancy check overlays/*
  istio-tenancy check overlays -o sarif > check.sarif
  istio-tenancy check overlays --baseline known.json --fail-on warning
  kubectl get ns,deploy,cm,netpol,roles,rolebindings,clusterroles,clusterrolebindings,mutatingwebhookconfigurations -A -o yaml |
    istio-tenancy check - --tenant sales=istio-sales,ns-1 --tenant hr=istio-hr,ns-2`,
		Args: arguments{
			name: "OVERLAY", what: "an overlay, a file of YAML, a directory of either, or - for stdin", example: "check overlays/*", least: 1,
		}.check,
		RunE: func(_ *cobra.Command, args []string) error {
			debug.SetGCPercent(100) // as for render
			least, err := severity("check", failOn)
			if err != nil {
				return err
			}
			if !slices.Contains(check.Formats(), check.Format(format)) {
				return fmt.Errorf("check: --output: found %q: must be text, json, yaml, sarif or junit%s", format, suggest.Question(format, formatsOfCheck()))
			}
			if o.Named, err = named(tenants); err != nil {
				return err
			}
			if baseline != "" {
				if o.Baseline, err = check.ReadBaseline(baseline); err != nil {
					return fmt.Errorf("check: --baseline: %w", err)
				}
			}
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			o.Paths, o.In = args, s.In
			o.Warn = s.warn
			ctx, stop := interruptible(context.Background())
			defer stop()
			report, err := check.Run(ctx, o)
			if ctx.Err() != nil {
				return &failure{error: errors.New("check: interrupted"), code: interruptedCode}
			}
			if err != nil {
				return err
			}
			out := s.Out
			if format == string(check.Text) {
				out = s.paint(out, findings)
			}
			if err := report.Print(out, check.Format(format), least); err != nil {
				return err
			}
			var errs []error
			for _, line := range report.Errors {
				errs = append(errs, errors.New(printable.Text(line)))
			}
			if report.Tenants == 0 && len(errs) == 0 {
				errs = append(errs, errors.New("check: found no tenant, so that nothing was compared: objects must have the label "+
					v1alpha1.TenantLabel+", or --tenant must name tenants, such as sales=istio-sales,ns-1"))
			}
			if write != "" && len(errs) == 0 {
				errs = append(errs, report.WriteBaseline(write))
			} else if n := report.Count(least); least > 0 && n > 0 {
				errs = append(errs, fmt.Errorf("check: found %d of severity %s or higher", n, least))
			}
			return errors.Join(errs...)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&format, "output", "o", string(check.Text), "`FORMAT`: text, json, yaml, sarif or junit")
	f.StringVar(&failOn, "fail-on", check.Error.String(), "the lowest `SEVERITY` of a finding that makes the exit code 1: error, warning, note, or none")
	f.StringVar(&baseline, "baseline", "", "`FILE` of known findings, which do not count")
	f.StringVar(&write, "write-baseline", "", "write all findings to `FILE`, as a baseline, and exit 0")
	f.StringArrayVar(&tenants, "tenant", nil, "`NAME=NAMESPACE,...` of a tenant whose objects have no label; repeatable")
	allowFlags(f, &o.Allow)
	return cmd
}

// severity reads --fail-on; 0 is none.
func severity(command, text string) (check.Severity, error) {
	names := []string{"none"}
	for _, s := range []check.Severity{check.Note, check.Warning, check.Error} {
		names = append(names, s.String())
	}
	if i := slices.Index(names, text); i >= 0 {
		return check.Severity(i), nil
	}
	return 0, fmt.Errorf("%s: --fail-on: found %q: must be error, warning, note or none%s", command, text, suggest.Question(text, names))
}

// named reads --tenant.
func named(flags []string) (map[string][]string, error) {
	tenants := map[string][]string{}
	for _, flag := range flags {
		name, list, _ := strings.Cut(flag, "=")
		namespaces := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
		if name == "" || len(namespaces) == 0 {
			return nil, fmt.Errorf("check: --tenant: found %q: must be a name and namespaces, such as sales=istio-sales,ns-1", flag)
		}
		tenants[name] = append(tenants[name], namespaces...)
	}
	return tenants, nil
}

func explainCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [RULE]",
		Short: "Explain a rule of check",
		Long:  "Print the reason for a rule, and what to do about its findings. Without RULE, list all rules.",
		Example: `  istio-tenancy explain
  istio-tenancy explain shared-namespace`,
		Args: arguments{name: "RULE", what: "a rule that check has printed", example: "explain shared-namespace", most: 1}.check,
		RunE: func(_ *cobra.Command, args []string) error {
			return check.Explain(s.Out, strings.Join(args, ""))
		},
	}
}
