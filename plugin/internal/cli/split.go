package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/imageref"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
)

func splitCommand(s Streams) *cobra.Command {
	var file, dir string
	var options split.Options
	cmd := &cobra.Command{
		Use:   "split [-f FILE] -o DIR",
		Short: "Make a base of any Istio manifest",
		Long: `Sort the objects of an Istio manifest, as a chart or istioctl renders it, into
DIR/common, which is deployed once per cluster, and DIR/control-plane, which is
deployed once per tenant. An overlay lists the latter under resources. Nothing is left out; the
command prints how many objects went where, what it added, and what it repaired:
workloads of API versions that Kubernetes 1.16 and later do not serve become
those of apps/v1.

With --api-proxy-image, the base states the image of this program that runs
beside istiod and shows it its tenant's namespaces alone: tenants of the base then
have the discovery "proxy" unless they ask for another.

With --revision, a tenant may list the base beside another, and have both control
planes for a while: spec.controlPlane.revisions of the tenant names them.

DIR must be empty or not exist.`,
		Example: `  istio-tenancy split -f istio.yaml -o bases/istio-1.24
  istioctl manifest generate | istio-tenancy split -o bases/istio-1.24`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("split: found argument %q: a manifest is named by -f: %s split -f %s -o DIR", args[0], program, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return errors.New("split: --output is missing: must be the directory to write")
			}
			if cmd.Flags().Changed("api-proxy-image") {
				if err := imageref.Check(options.APIProxyImage); err != nil {
					return fmt.Errorf("split: --api-proxy-image: %w", err)
				}
			}
			if r := options.Revision; cmd.Flags().Changed("revision") && !v1alpha1.IsBaseRevision(r) {
				return fmt.Errorf("split: --revision: found %q: must be a DNS label such as \"1-31\", of at most 40 characters, and not %q, which is a base without a revision",
					r, v1alpha1.UnnamedRevision)
			}
			in, name := s.In, "stdin"
			if file != "" && file != "-" {
				opened, err := os.Open(file)
				if err != nil {
					return fmt.Errorf("split: %w", err)
				}
				defer opened.Close() // was only read
				in, name = io.Reader(opened), file
			} else if isTerminal(in) {
				return errors.New("split: there is no manifest: name one with -f, or pipe one to stdin")
			}
			summary, err := options.Run(in, name, dir)
			if err != nil {
				return err
			}
			return report(s.Out, dir, fmt.Sprint(summary))
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "filename", "f", "", "manifest to read; `FILE` - is stdin (default stdin)")
	f.StringVarP(&dir, "output", "o", "", "`DIR` to write; must be empty or not exist")
	f.StringVar(&options.Revision, "revision", "", "`NAME` by which tenants with several control planes tell this base from others, such as 1-31 (default none)")
	f.StringVar(&options.APIProxyImage, "api-proxy-image", "", "`IMAGE` of this program, which runs beside istiod where a tenant's discovery is proxy (default none)")
	return cmd
}
